// A runner and its neighbours in a process of their own, which a test kills. Node runs this file as it is, so it takes
// the services from their built packages.
import { runnerService } from '@sluice/runner';
import { startServices } from '@sluice/wiring';
import { NEIGHBOURS, SILENT, testSettings } from '../runner.fixture.ts';

const running = await startServices({
  services: [runnerService, ...NEIGHBOURS],
  settings: testSettings(process.env.SLUICE_DATABASE_URL ?? '', { instanceId: `mortal-${process.pid}` }),
  logger: SILENT,
  soleWriter: false,
});
process.stdout.write('ready\n');
await new Promise((resolve) => process.stdin.once('end', resolve).resume());
await running.close();
