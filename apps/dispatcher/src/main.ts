import { runService } from '@sluice/wiring';
import { dispatcherService } from '@sluice/dispatcher';

await runService(dispatcherService);
