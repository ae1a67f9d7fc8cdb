import { runService } from '@sluice/wiring';
import { deliveryLogService } from '@sluice/delivery-log';

await runService(deliveryLogService);
