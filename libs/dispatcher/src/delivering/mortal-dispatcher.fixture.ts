// A dispatcher and its neighbours in a process of their own, which the crash tests kill. Node runs this file as it is,
// so it takes the services from their built packages. Each line on stdin is how many events to emit.
import { createInterface } from 'node:readline';
import { dispatcherService } from '@sluice/dispatcher';
import { startServices } from '@sluice/wiring';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../dispatcher.fixture.ts';

const settings = testSettings(process.env.SLUICE_DATABASE_URL ?? '', { instanceId: `mortal-${process.pid}` });
const running = await startServices({
  services: [dispatcherService, ...NEIGHBOURS],
  settings,
  logger: SILENT,
  soleWriter: process.env.SLUICE_TEST_BESIDE_ANOTHER !== 'yes',
});
const neighbours = new Neighbours(running.app.nest);
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  await neighbours.emit(Number(line));
  process.stdout.write('emitted\n');
}
await running.close();
