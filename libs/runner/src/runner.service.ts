import type { ServiceDefinition } from '@sluice/platform';
import { Runner1763800000000 } from './migrations/1763800000000-runner.ts';
import { Ordering1763900050000 } from './migrations/1763900050000-ordering.ts';
import { Schedules1763900050002 } from './migrations/1763900050002-schedules.ts';
import { Batches1764000050000 } from './migrations/1764000050000-batches.ts';
import { Hasten1764000050001 } from './migrations/1764000050001-hasten.ts';
import { InlineEndpoints1764000070002 } from './migrations/1764000070002-inline-endpoints.ts';
import { Approvals1764000110000 } from './migrations/1764000110000-approvals.ts';
import { Turns1764000150000 } from './migrations/1764000150000-turns.ts';
import { RunsOfTrigger1764000210000 } from './migrations/1764000210000-runs-of-trigger.ts';
import { Standstills1764000230000 } from './migrations/1764000230000-standstills.ts';
import { RunSearch1764000030003 } from './migrations/1764000030003-run-search.ts';
import { Slots1764000050002 } from './migrations/1764000050002-slots.ts';
import { PackedEvents1764000440000 } from './migrations/1764000440000-packed-events.ts';
import { SchedulesOfApp1764000560000 } from './migrations/1764000560000-schedules-of-app.ts';
import { RunnerModule } from './runner.module.ts';
import { RUNNER_RETENTION } from './runner.retention.ts';

export const runnerService: ServiceDefinition = {
  name: 'runner',
  module: RunnerModule,
  migrations: [
    Runner1763800000000,
    Ordering1763900050000,
    Schedules1763900050002,
    Batches1764000050000,
    Hasten1764000050001,
    Slots1764000050002,
    InlineEndpoints1764000070002,
    RunSearch1764000030003,
    Approvals1764000110000,
    Turns1764000150000,
    RunsOfTrigger1764000210000,
    Standstills1764000230000,
    PackedEvents1764000440000,
    SchedulesOfApp1764000560000,
  ],
  topics: ['runner.events', 'runner.answers'],
  partitioned: true,
  retention: RUNNER_RETENTION,
};
