import { Module } from '@nestjs/common';
import { AccessModule } from '@sluice/access';
import { EventSchemasModule } from '@sluice/event-schemas';
import { Payloads } from '@sluice/payloads';
import { poolToken, type Settings, SETTINGS } from '@sluice/platform';
import type { Pool } from 'pg';
import { ApiDescription } from './api-description.ts';
import { AdmissionOrder } from './accept/admission-order.ts';
import { TriggerAcceptor } from './accept/trigger-acceptor.ts';
import { TriggerDoor } from './accept/trigger-door.ts';
import { AnswerWaiters } from './answers/answer-waiters.ts';
import { AnswersConsumer } from './answers/answers.consumer.ts';
import { AUTHENTICATION } from './authentication/authentication.providers.ts';
import { Idempotency } from './idempotency/idempotency.ts';
import { IdempotencyKeys } from './idempotency/idempotency-keys.ts';
import { OrphanSweepWorker } from './payloads/orphan-sweep.worker.ts';
import { BodyBudget } from './inbound/body-budget.ts';
import { BodyDecoding } from './inbound/body-decoding.ts';
import { ClientAddress } from './inbound/client-address.ts';
import { ClientErrors } from './inbound/client-errors.ts';
import { RefusalPace } from './inbound/refusal-pace.ts';
import { Capture } from './capture/capture.ts';
import { Refusals } from './inbound/refusals.ts';
import { AddressLimit, TriggerLimit } from './limits/rate-limits.ts';
import { RateWindows } from './limits/rate-windows.worker.ts';
import { Ordering } from './ordering/ordering.ts';
import { FlowProfile } from './profiles/flow/flow-profile.ts';
import { FlowRoutes } from './profiles/flow/flow.routes.ts';
import { ListenerProfile } from './profiles/listener/listener-profile.ts';
import { ListenerRoutes } from './profiles/listener/listener.routes.ts';
import { UnreadableAddresses } from './profiles/unreadable-addresses.ts';
import { NativeProfile } from './profiles/native/native-profile.ts';
import { NativeRoutes } from './profiles/native/native.routes.ts';
import { RunProfile } from './profiles/run/run-profile.ts';
import { RunResources } from './profiles/run/run-resources.ts';
import { RunRoutes } from './profiles/run/run.routes.ts';
import { EventPublisher } from './publish/event-publisher.ts';
import { PublishRoutes } from './publish/publish.routes.ts';
import { ResumeRoutes } from './resume/resume.routes.ts';
import { Resumptions } from './resume/resumptions.ts';
import { Rejections } from './rejections/rejections.ts';
import { RouteTable } from './routing/route-table.ts';
import { Router } from './routing/router.ts';
import { RoutesConsumer } from './routing/routes.consumer.ts';

@Module({
  imports: [AccessModule, EventSchemasModule],
  controllers: [RoutesConsumer, AnswersConsumer],
  providers: [
    { provide: Payloads, inject: [poolToken('gateway')], useFactory: (pool: Pool) => new Payloads(pool) },
    {
      provide: ClientAddress,
      inject: [SETTINGS],
      useFactory: (settings: Settings) => new ClientAddress(settings.trustedProxies),
    },
    RouteTable,
    Router,
    ...AUTHENTICATION,
    RateWindows,
    AddressLimit,
    TriggerLimit,
    IdempotencyKeys,
    Idempotency,
    Rejections,
    Ordering,
    AdmissionOrder,
    TriggerAcceptor,
    TriggerDoor,
    AnswerWaiters,
    Refusals,
    RefusalPace,
    Capture,
    OrphanSweepWorker,
    BodyBudget,
    BodyDecoding,
    ClientErrors,
    NativeProfile,
    NativeRoutes,
    FlowProfile,
    FlowRoutes,
    RunResources,
    RunProfile,
    RunRoutes,
    ListenerProfile,
    ListenerRoutes,
    UnreadableAddresses,
    EventPublisher,
    PublishRoutes,
    Resumptions,
    ResumeRoutes,
    ApiDescription,
  ],
})
export class GatewayModule {}
