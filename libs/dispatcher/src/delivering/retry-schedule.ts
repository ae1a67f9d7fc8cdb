import { parseDurationMs } from '@sluice/contracts';

/** DL-03: every delay but the first is spread by ±20 %, so that what failed together does not come back together. */
const JITTER = 0.2;

/**
 * How long to wait before the next attempt, in milliseconds, when `tries` have been made in this round; null when the
 * schedule is at its end. The first entry is the delay of the first attempt; an empty schedule is one attempt at once.
 * @param random from 0 to 1.
 */
export function delayBeforeMs(schedule: readonly string[], tries: number, random: number): number | null {
  const entry = schedule[tries];
  if (entry === undefined) return tries === 0 ? 0 : null;
  // The registry checked the schedule at its door.
  const baseMs = parseDurationMs(entry) ?? 0;
  return tries === 0 ? baseMs : Math.round(baseMs * (1 - JITTER + 2 * JITTER * random));
}
