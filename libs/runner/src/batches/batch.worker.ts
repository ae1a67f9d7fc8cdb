import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { AppError, derivedId } from '@sluice/contracts';
import type { Claim } from '@sluice/due-queue';
import {
  AlongsideConflictError,
  type AlongsideStatement,
  type EventMeta,
  type EventStorePort,
  isTransientError,
} from '@sluice/event-store';
import { failpoint, InjectStore } from '@sluice/platform';
import { RunCanceller } from '../api/run-canceller.ts';
import { type FoundRun, RunsQueries } from '../api/runs.query.ts';
import { EffectWorker } from '../effects/effect.worker.ts';
import { RunRetrier } from '../retrying/run-retrier.ts';
import { runnerError } from '../runner.errors.ts';
import { Batches, type BatchRow, type BatchWish } from './batches.ts';
import { type BatchProgress, progressOf } from './batch-progress.rules.ts';

const log = new Logger('runner.batches');
/** Runs between two commits of the progress: what a crash does again, and finds done already. */
const PAGE = 50;

const MOVE: AlongsideStatement = {
  name: 'runner_batch_move',
  columns: ['uuid', 'text', 'int4', 'int4', 'text', 'uuid', 'timestamptz'],
  // A wish to stop that came meanwhile stays.
  sql: (arrays) => `update runner.batches b set done = w.done, skipped = w.skipped, reasons = w.reasons,
      cursor = coalesce(w.cursor, b.cursor), finished_at = w.finished_at,
      status = case when w.status = 'running' then b.status else w.status end
    from unnest(${arrays.join(', ')}) as w(id, status, done, skipped, reasons, cursor, finished_at) where b.id = w.id`,
};

/**
 * Works on the batches, page by page, under the lease of a due row: whoever dies is succeeded by another process, and
 * what is done twice is done once, because the id of each new run is derived from the batch and the run it retries.
 */
@Injectable()
export class BatchWorker implements OnModuleInit {
  constructor(
    @InjectStore('runner') private readonly store: EventStorePort,
    private readonly worker: EffectWorker,
    private readonly batches: Batches,
    private readonly runs: RunsQueries,
    private readonly retrier: RunRetrier,
    private readonly canceller: RunCanceller,
  ) {}

  onModuleInit(): void {
    this.worker.onTick('batch', (claim) => this.work(claim));
  }

  private async work(claim: Claim): Promise<void> {
    const { queue } = this.worker;
    const batch = await this.batches.find(claim.id);
    const isGoingOn = batch?.status === 'running';
    const ids = isGoingOn ? await this.batches.next(batch, PAGE) : [];
    const outcomes: (string | null)[] = [];
    for (const id of ids) {
      if (claim.lost) return;
      outcomes.push(await this.deal(batch as BatchRow, id));
    }
    const rows = batch ? [rowOf(batch, progressOf(batch, ids, outcomes), PAGE)] : [];
    const goesOn = isGoingOn && ids.length === PAGE;
    const moved = goesOn ? queue.reschedule([{ claim, dueAt: new Date(queue.nowMs()) }]) : queue.complete([claim]);
    try {
      failpoint('runner.before-batch-commit');
      await this.store.commit({ appends: [], alongside: [{ statement: MOVE, rows }, moved] });
      failpoint('runner.after-batch-commit');
    } catch (error) {
      if (!(error instanceof AlongsideConflictError) || isTransientError(error)) throw error;
      log.debug(`batch ${claim.id} is not ours any more`);
    }
  }

  /** @returns the code of why the run was skipped, or null. @throws a transient error: the page is done again. */
  private async deal(batch: BatchRow, runId: string): Promise<string | null> {
    const meta = JSON.parse(batch.meta) as EventMeta;
    try {
      if (batch.kind === 'cancel') {
        await this.canceller.cancel(() => this.find(runId), meta.actor as NonNullable<EventMeta['actor']>);
        return null;
      }
      const { from, version = 'original' } = JSON.parse(batch.wish) as BatchWish['wish'];
      const newRunId = derivedId('retry', batch.id as string, runId);
      await this.retrier.retry(await this.find(runId), { from, version }, meta.actor, newRunId);
      failpoint('runner.after-batch-retry');
      return null;
    } catch (error) {
      if (error instanceof AppError && error.status < 500) return error.code;
      if (isTransientError(error)) throw error;
      log.error(`run ${runId} of batch ${batch.id} is skipped: ${(error as Error).message}`);
      return 'internal_error';
    }
  }

  private async find(runId: string): Promise<FoundRun> {
    const found = await this.runs.find(runId);
    if (found === null) throw runnerError('run_not_found', `there is no run ${runId}`);
    return found;
  }
}

function rowOf(batch: BatchRow, progress: BatchProgress, page: number): unknown[] {
  const isOver = progress.dealtWith < page;
  const status = batch.status === 'cancelling' ? 'cancelled' : isOver ? 'finished' : 'running';
  const finishedAt = status === 'running' ? null : new Date();
  const { done, skipped, reasons, cursor } = progress;
  return [batch.id, status, done, skipped, JSON.stringify(reasons), cursor, finishedAt];
}
