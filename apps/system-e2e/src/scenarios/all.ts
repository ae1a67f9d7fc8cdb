import { type ConnectProxy, connectProxy, System, type Wiring } from '@sluice/testing';
import { afterAll, beforeAll, describe } from 'vitest';
import { authentication } from './authentication.ts';
import { access } from './access.ts';
import { accessRequest } from './access-request.ts';
import { etlworks } from './etlworks.ts';
import { lumos } from './lumos.ts';
import { outbound } from './outbound.ts';
import { outboundProxy } from './outbound-proxy.ts';
import { bodies } from './bodies.ts';
import { builtInEvents } from './built-in-events.ts';
import { capture } from './capture.ts';
import { circles } from './circles.ts';
import { consoleSite } from './console.ts';
import { controllingRuns } from './controlling-runs.ts';
import { deliveryLog } from './delivery-log.ts';
import { examples } from './examples.ts';
import { idempotency } from './idempotency.ts';
import { identity } from './identity.ts';
import { limits } from './limits.ts';
import { APP_CONCURRENCY, flowBounds } from './flow-bounds.ts';
import { flowLanguage } from './flow-language.ts';
import { flowProfile } from './flow-profile.ts';
import { flowTimeout } from './flow-timeout.ts';
import { native } from './native.ts';
import { listenerProfile } from './listener-profile.ts';
import { ordering } from './ordering.ts';
import { fromTriggerToDelivery } from './from-trigger-to-delivery.ts';
import { portal } from './portal.ts';
import { retryingRuns } from './retrying-runs.ts';
import { retryingSteps } from './retrying-steps.ts';
import { runProfile } from './run-profile.ts';
import { runStream } from './run-stream.ts';
import { sending } from './sending.ts';
import { syncAnswers } from './sync-answers.ts';
import { schedules } from './schedules.ts';
import { receivers } from './receivers.ts';
import { registryApi } from './registry-api.ts';
import { rejections } from './rejections.ts';
import { replicas } from './replicas.ts';

/** What a scenario runs against: one running system, shared by all of them. */
export interface ScenarioContext {
  wiring: Wiring;
  system: System;
  /** What calls to public addresses go through; it leads them to this machine. */
  proxy: ConnectProxy;
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
  consoleSite,
  ordering,
  runStream,
  controllingRuns,
  retryingRuns,
  retryingSteps,
  deliveryLog,
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
  flowBounds,
  listenerProfile,
  authentication,
  etlworks,
  lumos,
  accessRequest,
  outbound,
  circles,
  outboundProxy,
  receivers,
  portal,
];

/**
 * Each wiring's test file calls this; the system is started once (over Kafka two instances of each
 * service), and every description makes an app of its own.
 *
 * @param last of this wiring only, after all the others: what would disturb them.
 */
export function describeScenarios(wiring: Wiring, last: readonly Scenarios[] = []): void {
  describe(`the ${wiring} wiring`, () => {
    let system: System;
    let proxy: ConnectProxy;
    beforeAll(async () => {
      proxy = await connectProxy();
      const env = {
        SLUICE_DISTRIBUTED_INSTANCES: '2',
        SLUICE_APP_CONCURRENCY: APP_CONCURRENCY,
        SLUICE_OUTBOUND_PROXY: proxy.url,
        SLUICE_OUTBOUND_PROXY_EXCEPT: 'localhost,127.0.0.0/8',
      };
      system = await System.start(wiring, { env });
    });
    afterAll(async () => {
      await system?.remove();
      await proxy?.close();
    });
    for (const scenarios of [...ALL, ...last]) scenarios(() => ({ wiring, system, proxy }));
  });
}
