import type { ServiceDefinition } from '@sluice/platform';
import { DeliveryLogModule } from './delivery-log.module.ts';
import { DeliveryLog1763800000000 } from './migrations/delivery-log-1763800000000.ts';

export const deliveryLogService: ServiceDefinition = {
  name: 'delivery-log',
  module: DeliveryLogModule,
  migrations: [DeliveryLog1763800000000],
  topics: ['delivery-log.events'],
  partitioned: true,
};
