import type { ServiceDefinition } from '@sluice/platform';
import { CreateRegistry1732300000001 } from './migrations/create-registry.ts';
import { RouteStates1763900000002 } from './migrations/1763900000002-route-states.ts';
import { OneFlowTrigger1763900010001 } from './migrations/1763900010001-one-flow-trigger.ts';
import { RouteInputs1763900010002 } from './migrations/1763900010002-route-inputs.ts';
import { Schedules1763900050001 } from './migrations/1763900050001-schedules.ts';
import { Users1763900070001 } from './migrations/1763900070001-users.ts';
import { EventTypes1763900080001 } from './migrations/1763900080001-event-types.ts';
import { RouteAnswers1763900020002 } from './migrations/1763900020002-route-answers.ts';
import { ExternalKeys1764000030001 } from './migrations/1764000030001-external-keys.ts';
import { NamedListeners1764000020002 } from './migrations/1764000020002-named-listeners.ts';
import { InlineEndpoints1764000070001 } from './migrations/1764000070001-inline-endpoints.ts';
import { KnownAddresses1764000030002 } from './migrations/1764000030002-known-addresses.ts';
import { ForwardingTriggers1764000070004 } from './migrations/1764000070004-forwarding-triggers.ts';
import { Portal1764000140002 } from './migrations/1764000140002-portal.ts';
import { RegistryModule } from './registry.module.ts';
import { REGISTRY_RETENTION } from './registry.retention.ts';

/** The management API: apps, users, flows, triggers, endpoints, tokens, secrets, and the events of their changes. */
export const registryService: ServiceDefinition = {
  name: 'registry',
  module: RegistryModule,
  migrations: [
    CreateRegistry1732300000001,
    RouteStates1763900000002,
    OneFlowTrigger1763900010001,
    RouteInputs1763900010002,
    Schedules1763900050001,
    Users1763900070001,
    EventTypes1763900080001,
    RouteAnswers1763900020002,
    ExternalKeys1764000030001,
    KnownAddresses1764000030002,
    NamedListeners1764000020002,
    InlineEndpoints1764000070001,
    ForwardingTriggers1764000070004,
    Portal1764000140002,
  ],
  topics: ['registry.events'],
  partitioned: false,
  retention: REGISTRY_RETENTION,
};
