import type { RunState } from './run-state.ts';

/** A loop of 10,000 calls has as many steps: the first half of so many is shown, and the last. */
export const MAX_STEPS_SHOWN = 2_000;
/** To look at all that is known costs more than to know a few more. */
const MOST_KNOWN = MAX_STEPS_SHOWN + 500;

/** Lets go of steps that will not be shown. Only of those that are over: nothing comes of them any more. */
export function forgetMiddle(run: RunState): void {
  if (run.steps.size <= MOST_KNOWN) return;
  let left = run.steps.size - MAX_STEPS_SHOWN;
  let index = 0;
  for (const [key, step] of run.steps) {
    if (index++ < MAX_STEPS_SHOWN / 2) continue;
    if (left-- === 0) return;
    if (step.finishedAt === null) continue;
    run.steps.delete(key);
    run.omitted++;
  }
}
