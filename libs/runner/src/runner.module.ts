import { Inject, Injectable, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { AccessModule } from '@sluice/access';
import { ReplicaBoard } from '@sluice/local-copy';
import { poolToken, SETTINGS, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { FlowRunsController } from './api/flow-runs.controller.ts';
import { RunCanceller } from './api/run-canceller.ts';
import { AskedCancels } from './api/asked-cancels.ts';
import { TriggerCallers } from './api/trigger-callers.ts';
import { WaitingStarts } from './api/waiting-starts.ts';
import { RunWatch } from './api/run-watch.ts';
import { RunFilesController } from './api/run-files.controller.ts';
import { RunStreams } from './api/run-streams.ts';
import { RunsController } from './api/runs.controller.ts';
import { RunListQuery } from './api/run-list.query.ts';
import { RunsQueries } from './api/runs.query.ts';
import { BatchWorker } from './batches/batch.worker.ts';
import { Batches } from './batches/batches.ts';
import { BatchesController } from './batches/batches.controller.ts';
import { ChildRuns } from './children/child-runs.ts';
import { ChildWorker } from './children/child.worker.ts';
import { EffectPerformer } from './effects/effect-performer.ts';
import { EffectWorker } from './effects/effect.worker.ts';
import { RunSecrets } from './effects/run-secrets.ts';
import { StepEffects } from './effects/step-effects.ts';
import { FlowCatalog } from './flows/flow-catalog.ts';
import { RegistryCopyConsumer } from './flows/registry-copy.consumer.ts';
import { AppLimits } from './ordering/app-limits.ts';
import { AppTurns } from './ordering/app-turns.ts';
import { OrderingQueue } from './ordering/ordering-queue.ts';
import { Standstills } from './ordering/standstills.ts';
import { OrderingWorker } from './ordering/ordering.worker.ts';
import { RunRetrier } from './retrying/run-retrier.ts';
import { RetriesController } from './retrying/retries.controller.ts';
import { RunnerConfig } from './runner.config.ts';
import { RunFiles } from './runs/run-files.ts';
import { RunInputs } from './runs/run-input.ts';
import { RunReader } from './runs/run-reader.ts';
import { ScheduleWorker } from './schedules/schedule.worker.ts';
import { SchedulesController } from './schedules/schedules.controller.ts';
import { SchedulesQueries } from './schedules/schedules.query.ts';
import { RunStarter } from './starting/run-starter.ts';
import { TurnStarts } from './starting/turn-starts.ts';
import { InlineEndpoints } from './steps/call-webhook/inline-endpoints.ts';
import { CallTokens } from './steps/listener/call-tokens.ts';
import { ApprovalsController } from './waiting/approvals.controller.ts';
import { Approvals } from './waiting/approvals.ts';
import { OpenApprovalsController } from './waiting/open-approvals.controller.ts';
import { OpenApprovalsQuery } from './waiting/open-approvals.query.ts';
import { LinkSigner } from './waiting/link-signer.ts';
import { StepAnswers } from './waiting/step-answers.ts';
import { TriggersConsumer } from './starting/triggers.consumer.ts';

const log = new Logger('runner');

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
  controllers: [
    RegistryCopyConsumer,
    TriggersConsumer,
    ApprovalsController,
    OpenApprovalsController,
    RunFilesController,
    BatchesController,
    RetriesController,
    RunsController,
    SchedulesController,
    FlowRunsController,
  ],
  providers: [
    {
      provide: ReplicaBoard,
      inject: [poolToken('runner'), SETTINGS],
      useFactory: (pool: Pool, settings: Settings) =>
        new ReplicaBoard({
          pool,
          instance: settings.instanceId,
          onError: (error) => log.warn(`the replica board cannot be written: ${(error as Error).message}`),
        }),
    },
    BoardLifecycle,
    RunnerConfig,
    LinkSigner,
    StepAnswers,
    Approvals,
    OpenApprovalsQuery,
    RunFiles,
    FlowCatalog,
    RunInputs,
    RunReader,
    RunSecrets,
    CallTokens,
    InlineEndpoints,
    ChildRuns,
    StepEffects,
    EffectPerformer,
    AppLimits,
    OrderingQueue,
    EffectWorker,
    RunStarter,
    TurnStarts,
    AppTurns,
    Standstills,
    OrderingWorker,
    ScheduleWorker,
    SchedulesQueries,
    RunsQueries,
    RunListQuery,
    WaitingStarts,
    RunWatch,
    RunCanceller,
    RunRetrier,
    Batches,
    BatchWorker,
    RunStreams,
    TriggerCallers,
    AskedCancels,
    ChildWorker,
  ],
})
export class RunnerModule {}
