import { StepError } from '../steps/step-type.ts';
import type { Moment } from './decision.ts';

/** Computing time of one decision; a flow that needs more fails its run instead of holding up all others. */
const MAX_DECISION_MS = 250;
/** After so long a loop lets others have their turn before its next item. */
const SLICE_MS = 10;

/** The instant of a decision, taken outside of it. @param at the clock's reading, when it was just taken. */
export function momentNow(at: { ms: number; iso: string } = clock()): Moment {
  const startedMs = performance.now();
  return {
    ms: at.ms,
    iso: at.iso,
    isLate: () => performance.now() - startedMs > SLICE_MS,
    checkTime: () => {
      if (performance.now() - startedMs <= MAX_DECISION_MS) return;
      throw new StepError('too_much_work', `the steps took more than ${MAX_DECISION_MS} ms of computing at once`);
    },
  };
}

/** The time of day, once for many decisions of the same millisecond. */
export function clock(): { ms: number; iso: string } {
  const date = new Date();
  return { ms: date.getTime(), iso: date.toISOString() };
}
