import { runService } from '@sluice/wiring';
import { gatewayService } from '@sluice/gateway';

await runService(gatewayService);
