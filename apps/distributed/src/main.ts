import { commandOf, LOCAL_SETTINGS, runProcess } from '@sluice/wiring';
import { startDistributed } from './distributed.ts';

commandOf({
  command: 'npm run start:distributed [-- --help]',
  does: `Installs and builds what changed, then runs five processes behind an edge, over an Apache Kafka (needs Java 17 or newer
and Maven) and a PostgreSQL of their own, with the demo. SLUICE_DISTRIBUTED_INSTANCES=1..4 sets how many of each.`,
  ...LOCAL_SETTINGS,
});
await runProcess(startDistributed);
