import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { AppError } from '@sluice/contracts';
import type { Claim } from '@sluice/due-queue';
import { AlongsideConflictError, type EventStorePort, isTransientError } from '@sluice/event-store';
import { InjectStore } from '@sluice/platform';
import { RunCanceller } from '../api/run-canceller.ts';
import { RunsQueries } from '../api/runs.query.ts';
import { EffectWorker } from '../effects/effect.worker.ts';
import { runnerError } from '../runner.errors.ts';
import { RunReader } from '../runs/run-reader.ts';
import { RunStarter } from '../starting/run-starter.ts';
import { StepAnswers } from '../waiting/step-answers.ts';
import { ChildRuns, outcomeOf } from './child-runs.ts';

const log = new Logger('runner.children');

/** Carries out what the end of a run means to the run that waits for it, and to those that it waited for. */
@Injectable()
export class ChildWorker implements OnModuleInit {
  constructor(
    @InjectStore('runner') private readonly store: EventStorePort,
    private readonly worker: EffectWorker,
    private readonly reader: RunReader,
    private readonly answers: StepAnswers,
    private readonly canceller: RunCanceller,
    private readonly children: ChildRuns,
    private readonly starter: RunStarter,
    private readonly runs: RunsQueries,
  ) {}

  onModuleInit(): void {
    this.children.startWith(this.starter);
    this.worker.onTick('child_ended', (claim) => this.carryOut(claim, (runId) => this.tellParent(runId)));
    this.worker.onTick('child_cancelled', (claim) => this.carryOut(claim, (runId) => this.cancel(runId)));
  }

  private async carryOut(claim: Claim, act: (runId: string) => Promise<void>): Promise<void> {
    await act((claim.payload as { runId: string }).runId);
    try {
      await this.store.commit({ appends: [], alongside: [this.worker.queue.complete([claim])] });
    } catch (error) {
      // Somebody else has the row, and does the same again.
      if (!(error instanceof AlongsideConflictError) || isTransientError(error)) throw error;
    }
  }

  private async tellParent(runId: string): Promise<void> {
    const child = await this.reader.load(runId);
    const parent = child?.run.started?.parent;
    const outcome = child && outcomeOf(child.run);
    if (!parent || !outcome) return;
    const told = await this.answers.answer(parent.runId, parent.step, outcome, { causationId: runId });
    log.debug(`run ${parent.runId} is told of the end of ${runId}: ${told}`);
  }

  private async cancel(runId: string): Promise<void> {
    const find = async () => {
      // Also one that waits for its place.
      const found = await this.runs.find(runId);
      if (!found) throw runnerError('run_not_found', `there is no run ${runId}`);
      return found;
    };
    try {
      await this.canceller.cancel(find, { type: 'system', id: 'runner' });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      log.debug(`run ${runId} is not cancelled: ${error.code}`);
    }
  }
}
