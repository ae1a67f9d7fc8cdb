import type { ServiceDefinition } from '@sluice/platform';
import { DispatcherModule } from './dispatcher.module.ts';
import { Dispatcher1763800000000 } from './migrations/dispatcher-1763800000000.ts';

export const dispatcherService: ServiceDefinition = {
  name: 'dispatcher',
  module: DispatcherModule,
  migrations: [Dispatcher1763800000000],
  topics: ['dispatcher.events'],
  partitioned: true,
};
