import { Inject, Injectable, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { AccessModule } from '@sluice/access';
import { ReplicaBoard } from '@sluice/local-copy';
import { Payloads } from '@sluice/payloads';
import { poolToken, SETTINGS, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { TriggerAcceptor } from './accept/trigger-acceptor.ts';
import { AnswerWaiters } from './answers/answer-waiters.ts';
import { AnswersConsumer } from './answers/answers.consumer.ts';
import { ClientErrors } from './inbound/client-errors.ts';
import { Refusals } from './inbound/refusals.ts';
import { NativeRoutes } from './profiles/native/native.routes.ts';
import { EventPublisher } from './publish/event-publisher.ts';
import { PublishRoutes } from './publish/publish.routes.ts';
import { RouteTable } from './routing/route-table.ts';
import { Router } from './routing/router.ts';
import { RoutesConsumer } from './routing/routes.consumer.ts';

const log = new Logger('gateway');

/** Takes this replica off the board when it stops, so that nobody waits for it. */
@Injectable()
class BoardLifecycle implements OnApplicationShutdown {
  constructor(@Inject(ReplicaBoard) private readonly board: ReplicaBoard) {}

  onApplicationShutdown(): Promise<void> {
    return this.board.close();
  }
}

@Module({
  imports: [AccessModule],
  controllers: [RoutesConsumer, AnswersConsumer],
  providers: [
    {
      provide: ReplicaBoard,
      inject: [poolToken('gateway'), SETTINGS],
      useFactory: (pool: Pool, settings: Settings) =>
        new ReplicaBoard({
          pool,
          instance: settings.instanceId,
          onError: (error) => log.warn(`the replica board cannot be written: ${(error as Error).message}`),
        }),
    },
    { provide: Payloads, inject: [poolToken('gateway')], useFactory: (pool: Pool) => new Payloads(pool) },
    BoardLifecycle,
    RouteTable,
    Router,
    TriggerAcceptor,
    AnswerWaiters,
    Refusals,
    ClientErrors,
    NativeRoutes,
    EventPublisher,
    PublishRoutes,
  ],
})
export class GatewayModule {}
