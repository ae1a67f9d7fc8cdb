import { System, type Wiring } from '@sluice/testing';
import { afterAll, beforeAll, describe } from 'vitest';
import { authentication } from './authentication.ts';
import { access } from './access.ts';
import { accessRequest } from './access-request.ts';
import { etlworks } from './etlworks.ts';
import { lumos } from './lumos.ts';
import { outbound } from './outbound.ts';
import { bodies } from './bodies.ts';
import { builtInEvents } from './built-in-events.ts';
import { capture } from './capture.ts';
import { controllingRuns } from './controlling-runs.ts';
import { examples } from './examples.ts';
import { idempotency } from './idempotency.ts';
import { identity } from './identity.ts';
import { limits } from './limits.ts';
import { flowLanguage } from './flow-language.ts';
import { flowProfile } from './flow-profile.ts';
import { flowTimeout } from './flow-timeout.ts';
import { native } from './native.ts';
import { listenerProfile } from './listener-profile.ts';
import { ordering } from './ordering.ts';
import { fromTriggerToDelivery } from './from-trigger-to-delivery.ts';
import { runProfile } from './run-profile.ts';
import { runStream } from './run-stream.ts';
import { sending } from './sending.ts';
import { syncAnswers } from './sync-answers.ts';
import { schedules } from './schedules.ts';
import { registryApi } from './registry-api.ts';
import { rejections } from './rejections.ts';
import { replicas } from './replicas.ts';

/** What a scenario runs against: one running system, shared by all of them. */
export interface ScenarioContext {
  wiring: Wiring;
  system: System;
}

/** Describes scenarios; `use` is called inside hooks and tests, when the system runs. */
export type Scenarios = (use: () => ScenarioContext) => void;

/** One line each: scenarios are written once and hold in both wirings. */
const ALL: readonly Scenarios[] = [
  access,
  identity,
  flowProfile,
  fromTriggerToDelivery,
  bodies,
  builtInEvents,
  capture,
  ordering,
  runStream,
  controllingRuns,
  syncAnswers,
  limits,
  idempotency,
  rejections,
  replicas,
  examples,
  sending,
  registryApi,
  schedules,
  runProfile,
  native,
  flowTimeout,
  flowLanguage,
  listenerProfile,
  authentication,
  etlworks,
  lumos,
  accessRequest,
  outbound,
];

/**
 * Each wiring's test file calls this; the system is started once (over Kafka two instances of each
 * service), and every description makes an app of its own.
 */
export function describeScenarios(wiring: Wiring): void {
  describe(`the ${wiring} wiring`, () => {
    let system: System;
    beforeAll(async () => {
      system = await System.start(wiring, { env: { SLUICE_DISTRIBUTED_INSTANCES: '2' } });
    });
    afterAll(() => system?.remove());
    for (const scenarios of ALL) scenarios(() => ({ wiring, system }));
  });
}
