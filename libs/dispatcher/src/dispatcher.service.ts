import type { ServiceDefinition } from '@sluice/platform';
import { DispatcherModule } from './dispatcher.module.ts';
import { Ownership1764000080000 } from './migrations/1764000080000-ownership.ts';
import { Dispatcher1763800000000 } from './migrations/dispatcher-1763800000000.ts';

export const dispatcherService: ServiceDefinition = {
  name: 'dispatcher',
  module: DispatcherModule,
  migrations: [Dispatcher1763800000000, Ownership1764000080000],
  topics: ['dispatcher.events'],
  partitioned: true,
};
