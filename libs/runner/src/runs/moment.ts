import { StepError } from '../steps/step-type.ts';
import type { Moment } from './decision.ts';

/** Computing time of one decision; a flow that needs more fails its run instead of holding up all others. */
const MAX_DECISION_MS = 250;
/** After so long a loop lets others have their turn before its next item. */
const SLICE_MS = 10;

/**
 * The instant of a decision, taken outside of it. What takes longer than `MAX_DECISION_MS` by the clock is given as much
 * again of the thread's own time before it counts as too much: a process that was stopped, or had no processor, has not
 * computed. (The thread's time costs a system call, so that it is not asked for before.)
 * @param at the clock's reading, when it was just taken.
 */
export function momentNow(at: { ms: number; iso: string } = clock()): Moment {
  const startedMs = performance.now();
  let computedMs: number | null = null;
  return {
    ms: at.ms,
    iso: at.iso,
    isLate: () => performance.now() - startedMs > SLICE_MS,
    checkTime: () => {
      if (performance.now() - startedMs <= MAX_DECISION_MS) return;
      computedMs ??= threadMs();
      if (threadMs() - computedMs <= MAX_DECISION_MS) return;
      throw new StepError('too_much_work', `the steps took more than ${MAX_DECISION_MS} ms of computing at once`);
    },
  };
}

/** Processor time of this thread, in milliseconds. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** The time of day, once for many decisions of the same millisecond. */
export function clock(): { ms: number; iso: string } {
  const date = new Date();
  return { ms: date.getTime(), iso: date.toISOString() };
}
