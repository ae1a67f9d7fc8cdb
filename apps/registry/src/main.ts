import { runService } from '@sluice/wiring';
import { registryService } from '@sluice/registry';

await runService(registryService);
