import type { ServiceDefinition } from '@sluice/platform';
import { PublishedByTime1764000140000 } from './migrations/1764000140000-published-by-time.ts';
import { GatewayModule } from './gateway.module.ts';
import { GATEWAY_RETENTION } from './gateway.retention.ts';
import { Gateway1763800000000 } from './migrations/1763800000000-gateway.ts';
import { IdempotencyKeys1763900040002 } from './migrations/1763900040002-idempotency-keys.ts';
import { ListenerNames1764000020001 } from './migrations/1764000020001-listener-names.ts';
import { RateWindows1763900040001 } from './migrations/1763900040001-rate-windows.ts';
import { FlowInputs1763900010003 } from './migrations/1763900010003-flow-inputs.ts';
import { FlowAnswers1763900020001 } from './migrations/1763900020001-flow-answers.ts';
import { TriggerStates1763900000001 } from './migrations/1763900000001-trigger-states.ts';

export const gatewayService: ServiceDefinition = {
  name: 'gateway',
  module: GatewayModule,
  migrations: [
    Gateway1763800000000,
    TriggerStates1763900000001,
    FlowInputs1763900010003,
    FlowAnswers1763900020001,
    RateWindows1763900040001,
    IdempotencyKeys1763900040002,
    ListenerNames1764000020001,
    PublishedByTime1764000140000,
  ],
  topics: ['gateway.events'],
  partitioned: true,
  retention: GATEWAY_RETENTION,
};
