import type { StepPlace } from '@sluice/contracts';
import type { CompiledStep } from '../steps/step-type.ts';
import type { RunEvent, RunState, StepState } from '../runs/run-state.ts';

function placeOf({ ref, path }: StepState): StepPlace {
  return path === undefined ? { ref } : { ref, path };
}

/** The event by which a retry takes a step over that was done in the run it retries. */
function takenOver(state: StepState, takenFrom: string): RunEvent {
  const { ref, type, attempt, input, output, error, startedAt } = state;
  const finishedAt = state.finishedAt ?? startedAt;
  const done = { ...placeOf(state), type, attempt, input, startedAt, finishedAt, takenFrom };
  if (state.status === 'failed') {
    const failure = error ?? { code: 'step_error', message: 'the step failed', ref };
    return { type: 'StepFailed', data: { ...done, error: failure, output, nextAttemptAt: null } };
  }
  const skipped = state.status === 'skipped' ? ({ skipped: true } as const) : {};
  const { stored } = state;
  if (stored) {
    const named = { output: stored, outputStored: true, payloads: [stored.payloadId] } as const;
    return { type: 'StepCompleted', data: { ...done, ...named } };
  }
  return { type: 'StepCompleted', data: { ...done, output, ...skipped } };
}

/** Whether the step is why the run failed, holds the step that is, or was given up because of it. */
function isUndone(run: RunState, state: StepState): boolean {
  if (state.status !== 'failed') return false;
  const cause = run.finished?.error ?? null;
  const isCause = (place: { ref: string | null; path?: string } | null): boolean =>
    cause?.ref != null && place !== null && (place.path ?? place.ref) === (cause.path ?? cause.ref);
  return state.error?.code === 'stopped' || isCause(state) || isCause(state.error);
}

/** Loops and branches that hold a step are not done when it is done again; a chosen block of steps stays chosen. */
function holdersOf(steps: readonly CompiledStep[], ref: string): string[] {
  return steps.flatMap(({ ref: own, refsInside, interpreter }) => {
    if (!refsInside.includes(ref)) return [];
    const inside = holdersOf((interpreter.inside ?? []).flat(), ref);
    return interpreter.blockOf || interpreter.onFailure ? inside : [own, ...inside];
  });
}

/**
 * What a retry takes over from a run that is over: without `from` all that was done except what the run failed by; with
 * it what was done before the run first came to that step. A step is never done twice, and an event that was emitted is
 * not emitted again.
 * @param steps of the version that the retry runs.
 * @returns null when the run never came to `from`.
 */
export function takenOverFrom(run: RunState, from: string | null, steps: readonly CompiledStep[]): RunEvent[] | null {
  const webhook = run.started?.webhookRef;
  if (from !== null && from === webhook) return [];
  const holders = new Set(from === null ? [] : holdersOf(steps, from));
  const events: RunEvent[] = [];
  for (const state of run.steps.values()) {
    if (state.ref === from) return events;
    if (state.ref === webhook || state.finishedAt === null || holders.has(state.ref)) continue;
    if (from !== null || !isUndone(run, state)) events.push(takenOver(state, run.id));
  }
  return from === null ? events : null;
}
