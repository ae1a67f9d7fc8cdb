import { runService } from '@sluice/wiring';
import { runnerService } from '@sluice/runner';

await runService(runnerService);
