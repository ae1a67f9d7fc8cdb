import { commandOf, LOCAL_SETTINGS, runProcess } from '@sluice/wiring';
import { startStandalone } from './standalone.ts';

commandOf({
  command: 'npm start [-- --help]',
  does: 'Installs and builds what changed, then runs all five services in one process, with its own PostgreSQL and the demo.',
  ...LOCAL_SETTINGS,
});
await runProcess(startStandalone);
