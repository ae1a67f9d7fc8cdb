import type { ServiceDefinition } from '@sluice/platform';
import { GatewayModule } from './gateway.module.ts';
import { Gateway1763800000000 } from './migrations/1763800000000-gateway.ts';

export const gatewayService: ServiceDefinition = {
  name: 'gateway',
  module: GatewayModule,
  migrations: [Gateway1763800000000],
  topics: ['gateway.events'],
  partitioned: true,
};
