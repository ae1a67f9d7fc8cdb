import { Module } from '@nestjs/common';
import { AccessModule } from '@sluice/access';
import { Payloads } from '@sluice/payloads';
import { poolToken } from '@sluice/platform';
import type { Pool } from 'pg';
import { TriggerAcceptor } from './accept/trigger-acceptor.ts';
import { AnswerWaiters } from './answers/answer-waiters.ts';
import { AnswersConsumer } from './answers/answers.consumer.ts';
import { BodyBudget } from './inbound/body-budget.ts';
import { ClientErrors } from './inbound/client-errors.ts';
import { Refusals } from './inbound/refusals.ts';
import { NativeRoutes } from './profiles/native/native.routes.ts';
import { EventPublisher } from './publish/event-publisher.ts';
import { PublishRoutes } from './publish/publish.routes.ts';
import { RouteTable } from './routing/route-table.ts';
import { Router } from './routing/router.ts';
import { RoutesConsumer } from './routing/routes.consumer.ts';

@Module({
  imports: [AccessModule],
  controllers: [RoutesConsumer, AnswersConsumer],
  providers: [
    { provide: Payloads, inject: [poolToken('gateway')], useFactory: (pool: Pool) => new Payloads(pool) },
    RouteTable,
    Router,
    TriggerAcceptor,
    AnswerWaiters,
    Refusals,
    BodyBudget,
    ClientErrors,
    NativeRoutes,
    EventPublisher,
    PublishRoutes,
  ],
})
export class GatewayModule {}
