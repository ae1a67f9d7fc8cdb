import { Injectable } from '@nestjs/common';
import { type Alongside, type EventMeta, type EventStorePort, VersionConflictError } from '@sluice/event-store';
import { failpoint, InjectStore } from '@sluice/platform';
import { rowsOfEnd, scheduled } from '../children/child-rows.ts';
import { EffectWorker } from '../effects/effect.worker.ts';
import { FlowCatalog } from '../flows/flow-catalog.ts';
import { runnerError } from '../runner.errors.ts';
import { RunStarter } from '../starting/run-starter.ts';
import { WaitingStarts } from './waiting-starts.ts';
import { heldKeysOf } from '../ordering/held-key.ts';
import { OrderingQueue } from '../ordering/ordering-queue.ts';
import { momentNow } from '../runs/moment.ts';
import { appendsOf } from '../runs/run-appends.ts';
import { countFinished } from '../runs/run-metrics.ts';
import { unschedule, updateRun } from '../runs/run-rows.ts';
import { approvalRows } from '../waiting/approval-rows.ts';
import type { RunState } from '../runs/run-state.ts';
import { requestCancel } from '../runs/run.decider.ts';
import type { FoundRun } from './runs.query.ts';

const MAX_CONFLICTS = 10;

export type CancelActor = NonNullable<EventMeta['actor']>;

/** Records that somebody wants a run to end; ends it at once where no effect is in flight. */
@Injectable()
export class RunCanceller {
  constructor(
    @InjectStore('runner') private readonly store: EventStorePort,
    private readonly catalog: FlowCatalog,
    private readonly ordering: OrderingQueue,
    private readonly worker: EffectWorker,
    private readonly waiting: WaitingStarts,
    private readonly starter: RunStarter,
  ) {}

  /**
   * Asking twice is asking once. A run that waits for its turn ends at once too, out of turn: it does nothing.
   * @param find looks the run up again after somebody else moved it.
   * @throws AppError `run_finished` when it is over.
   */
  async cancel(find: () => Promise<FoundRun>, actor: CancelActor): Promise<FoundRun> {
    for (let conflicts = 0; ; conflicts++) {
      const found = await find();
      if (found.run.finished) throw runnerError('run_finished', `the run ended as ${found.run.finished.status}`);
      try {
        if (found.run.cancelRequestedAt === null) await this.record(found, actor);
        return (await this.endQueued(found)) ? await find() : found;
      } catch (error) {
        if (!(error instanceof VersionConflictError) || conflicts >= MAX_CONFLICTS) throw error;
      }
    }
  }

  /** @returns whether the run waited for its turn, and is over now. */
  private async endQueued({ run }: FoundRun): Promise<boolean> {
    const pending = run.started === null ? await this.waiting.pending(run.id) : null;
    // One that somebody starts in this moment finds the wish in its stream.
    return pending !== null && (await this.starter.startWaiting([pending], 1, () => [])) !== null;
  }

  private async record({ run, origin }: FoundRun, actor: CancelActor): Promise<void> {
    const { started } = run;
    const flow = started && (await this.catalog.version(started.flowId, started.flowVersion));
    const { events, decision } = requestCancel(flow, run, momentNow());
    const replyTo = started?.trigger?.replyTo ?? null;
    const answer = decision?.answer && replyTo !== null ? { replyTo, answer: decision.answer } : null;
    failpoint('runner.before-cancel-commit');
    await this.store.commit({
      appends: appendsOf(run, events, { ...origin, meta: { ...origin.meta, actor } }, answer),
      alongside:
        decision?.next.kind === 'finished'
          ? [...this.endOf(origin.appId, run), ...approvalRows(origin.appId, run, events)]
          : [],
    });
    failpoint('runner.after-cancel-commit');
    if (!run.finished) return;
    countFinished(run);
    this.ordering.wake(heldKeysOf(run, origin.appId));
  }

  private endOf(appId: string | null, run: RunState): Alongside[] {
    const release = heldKeysOf(run, appId).length === 0 ? [] : [this.ordering.release(run.id)];
    const { queue } = this.worker;
    const ends = scheduled(queue, rowsOfEnd(run, queue.nowMs()));
    return [updateRun(appId, run), unschedule([run.id]), ...release, ...ends];
  }
}
