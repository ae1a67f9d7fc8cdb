import type { StepPlace } from '@sluice/contracts';
import type { RunOrigin } from '../runs/run-appends.ts';
import { statusOf } from '../runs/run-rows.ts';
import { applyEvent, type RunEvent, type RunState, type StepState } from '../runs/run-state.ts';
import { isUnderWay, type QueuedRun, runResource, stepResource } from './run-resource.ts';

/** What is needed of a stored event. */
export interface MovedBy {
  version: number;
  type: string;
  data: unknown;
}

/** One message of the stream of a run, before it is written as text. */
export interface RunMessage {
  event: 'status' | 'step' | 'end';
  /** The version of the run's stream that it belongs to: what a client sends as `Last-Event-ID`. Absent: none. */
  id?: number;
  data: unknown;
}

/** The status of the run; what it was started with and what its steps put out is in `GET /v1/runs/{id}`. */
export function statusMessage(run: RunState, origin: RunOrigin, queued: QueuedRun | null): RunMessage {
  const { id, number, flowId, flowVersion, status, userRequestedCancelAt, startedAt, queueMs } = runResource(
    run,
    origin,
    queued,
  );
  return {
    event: 'status',
    data: { id, number, flowId, flowVersion, status, userRequestedCancelAt, startedAt, queueMs },
  };
}

function endMessage(run: RunState, origin: RunOrigin): RunMessage {
  const { id, status, result, error, finishedAt, runMs } = runResource(run, origin, null);
  return { event: 'end', data: { id, status, result, error, finishedAt, runMs } };
}

/** The step that an event is about; the start of a run completes its webhook step. */
function keyOf(run: RunState, stored: MovedBy): string | undefined {
  if (stored.type === 'RunStarted') return run.started?.webhookRef;
  // Nothing has changed yet: the completion of the step comes with it.
  if (stored.type === 'RunResumed') return undefined;
  const { ref, path } = stored.data as Partial<StepPlace>;
  return path ?? ref;
}

function stepMessage(state: StepState, runEndedAt: string | null): RunMessage {
  const step = stepResource(state, runEndedAt);
  const { ref, path, type, status, attempt, startedAt, finishedAt, error, nextAttemptAt } = step;
  return {
    event: 'step',
    data: {
      ref,
      ...(path === undefined ? {} : { path }),
      type,
      status,
      attempt,
      startedAt,
      finishedAt,
      error,
      nextAttemptAt,
    },
  };
}

/**
 * Moves `run` by one stored event and says what it means to somebody who looks on. The last message of an event has its
 * id, so that a client that lost its connection between two of them gets both again.
 */
export function progressOf(run: RunState, origin: RunOrigin, stored: MovedBy): RunMessage[] {
  const before = run.started ? statusOf(run) : 'queued';
  const wished = run.cancelRequestedAt;
  applyEvent(run, { type: stored.type, data: stored.data } as RunEvent);
  if (!run.started) return [];
  const messages: RunMessage[] = [];
  const isNews = statusOf(run) !== before || run.cancelRequestedAt !== wished;
  if (isNews && !run.finished) messages.push(statusMessage(run, origin, null));
  const key = keyOf(run, stored) ?? '';
  const step = run.steps.get(key);
  const endedAt = run.finished?.finishedAt ?? null;
  if (step) messages.push(stepMessage(step, endedAt));
  // Nothing comes of it any more, and to look through the steps of 10,000 items at each event takes seconds.
  if (step && step.finishedAt !== null) run.steps.delete(key);
  if (run.finished) {
    const cutOff = [...run.steps.values()].filter((each) => each !== step && isUnderWay(each));
    messages.push(...cutOff.map((each) => stepMessage(each, endedAt)), endMessage(run, origin));
  }
  const last = messages.at(-1);
  if (last) last.id = stored.version;
  return messages;
}
