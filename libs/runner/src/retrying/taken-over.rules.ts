import type { RunEvent, RunState, StepState } from '../runs/run-state.ts';

/** The event by which a retry takes a step over that was done in the run it retries. */
function takenOver(state: StepState, takenFrom: string): RunEvent {
  const { ref, path, type, attempt, input, output, error, startedAt } = state;
  const finishedAt = state.finishedAt ?? startedAt;
  const done = { ref, ...(path === undefined ? {} : { path }), type, attempt, input, startedAt, finishedAt, takenFrom };
  if (state.status === 'succeeded') return { type: 'StepCompleted', data: { ...done, output } };
  const failure = error ?? { code: 'step_error', message: 'the step failed', ref };
  return { type: 'StepFailed', data: { ...done, error: failure, output, nextAttemptAt: null } };
}

const isDone = (state: StepState): boolean => state.status === 'succeeded' || state.status === 'failed';

/** Whether the step is why the run failed, holds the step that is, or was given up because of it. */
function isCause(run: RunState, state: StepState): boolean {
  const cause = run.finished?.error?.ref ?? null;
  if (state.error?.code === 'stopped') return true;
  return state.status === 'failed' && cause !== null && (state.ref === cause || state.error?.ref === cause);
}

/**
 * What a retry takes over from a run that is over: without `from` all that was done except what the run failed by; with
 * it what was done before the run first came to that step. A step is never done twice, and an event that was emitted is
 * not emitted again.
 * @returns null when the run never came to `from`.
 */
export function takenOverFrom(run: RunState, from: string | null): RunEvent[] | null {
  const events: RunEvent[] = [];
  for (const state of run.steps.values()) {
    if (state.ref === from) return events;
    const isInput = state.ref === run.started?.webhookRef;
    if (!isInput && isDone(state) && (from !== null || !isCause(run, state))) events.push(takenOver(state, run.id));
  }
  return from === null ? events : null;
}
