import type { Moment } from './run.decider.ts';

/** The instant of a decision, taken outside of it. */
export function momentNow(): Moment {
  const date = new Date();
  return { ms: date.getTime(), iso: date.toISOString() };
}
