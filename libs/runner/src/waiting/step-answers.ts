import { Injectable, Logger } from '@nestjs/common';
import type { BusEvent } from '@sluice/bus';
import type { CallbackReceived, StepPlace } from '@sluice/contracts';
import { type EventMeta, type EventStorePort, VersionConflictError } from '@sluice/event-store';
import { failpoint, InjectStore } from '@sluice/platform';
import { EffectWorker } from '../effects/effect.worker.ts';
import { momentNow } from '../runs/moment.ts';
import { appendsOf } from '../runs/run-appends.ts';
import { type LoadedRun, RunReader } from '../runs/run-reader.ts';
import { applyEvent, type RunEvent, type RunState } from '../runs/run-state.ts';
import { approvalRows } from './approval-rows.ts';

const log = new Logger('runner');
const MAX_CONFLICTS = 20;

/** What became of an answer: the step has it, another one was there before, or nobody waits for it any more. */
export type Delivered = 'answered' | 'already answered' | 'over';

/** Gives waiting steps what they wait for, and has their runs go on at once. */
@Injectable()
export class StepAnswers {
  constructor(
    @InjectStore('runner') private readonly store: EventStorePort,
    private readonly reader: RunReader,
    private readonly worker: EffectWorker,
  ) {}

  /** What came in by a link. It was promised to be kept, so it is looked at again until the database has it. */
  async deliver(event: BusEvent): Promise<void> {
    const { runId, step, answer } = event.data as CallbackReceived;
    const delivered = await this.answer(runId, step, answer, { causationId: event.streamId });
    if (delivered !== 'answered') log.debug(`the answer of step ${step} of run ${runId} is left: ${delivered}`);
  }

  /**
   * The first answer of a step counts; one that comes before the step waits is kept until it does.
   * @param key of the step in its run (`stepKeyOf`).
   * @throws a transient error when the database is away.
   */
  async answer(runId: string, key: string, answer: unknown, meta: Partial<EventMeta>): Promise<Delivered> {
    for (let conflicts = 0; ; conflicts++) {
      const loaded = await this.reader.load(runId);
      if (!loaded?.run.started || loaded.run.finished) return 'over';
      const standing = standingOf(loaded.run, key);
      if (standing !== null) return standing;
      try {
        await this.record(loaded, key, answer, meta);
        return 'answered';
      } catch (error) {
        if (!(error instanceof VersionConflictError) || conflicts >= MAX_CONFLICTS) throw error;
      }
    }
  }

  private async record(
    { run, origin }: LoadedRun,
    key: string,
    answer: unknown,
    meta: Partial<EventMeta>,
  ): Promise<void> {
    const event: RunEvent = { type: 'StepAnswered', data: { ...placeOfKey(key), answer, at: momentNow().iso } };
    applyEvent(run, event);
    const { queue } = this.worker;
    failpoint('runner.before-answer-commit');
    await this.store.commit({
      appends: appendsOf(run, [event], { ...origin, meta: { ...origin.meta, ...meta } }, null),
      alongside: [
        queue.hasten([{ id: run.id, key: run.started?.flowId ?? '' }]),
        ...approvalRows(origin.appId, run, [event]),
      ],
    });
    failpoint('runner.after-answer-commit');
  }
}

function standingOf(run: RunState, key: string): Delivered | null {
  if (run.answers.has(key)) return 'already answered';
  const step = run.steps.get(key);
  return step && step.finishedAt !== null ? 'over' : null;
}

/** The place that a key stands for. */
function placeOfKey(key: string): StepPlace {
  const ref = key.slice(key.lastIndexOf('.') + 1);
  return ref === key ? { ref } : { ref, path: key };
}
