import type { ServiceDefinition } from '@sluice/platform';
import { KeysByTime1764000140001 } from './migrations/1764000140001-keys-by-time.ts';
import { DispatcherModule } from './dispatcher.module.ts';
import { DISPATCHER_RETENTION } from './dispatcher.retention.ts';
import { Ownership1764000080000 } from './migrations/1764000080000-ownership.ts';
import { EventTypes1764000070003 } from './migrations/1764000070003-event-types.ts';
import { Replays1764000080001 } from './migrations/1764000080001-replays.ts';
import { ReplaysOfEndpoint1764000270000 } from './migrations/1764000270000-replays-of-endpoint.ts';
import { Dispatcher1763800000000 } from './migrations/dispatcher-1763800000000.ts';

export const dispatcherService: ServiceDefinition = {
  name: 'dispatcher',
  module: DispatcherModule,
  migrations: [
    Dispatcher1763800000000,
    Ownership1764000080000,
    EventTypes1764000070003,
    Replays1764000080001,
    KeysByTime1764000140001,
    ReplaysOfEndpoint1764000270000,
  ],
  topics: ['dispatcher.events'],
  partitioned: true,
  retention: DISPATCHER_RETENTION,
};
