import { describe, expect, it } from 'vitest';
import { delayBeforeMs } from './retry-schedule.ts';

const DEFAULT = ['PT0S', 'PT5S', 'PT5M', 'PT30M', 'PT2H', 'PT5H', 'PT10H', 'PT10H'];

describe('DL-03: the retry schedule', () => {
  it('is at once, then 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h in the middle of the jitter, and ends after eight', () => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((tries) => delayBeforeMs(DEFAULT, tries, 0.5));
    const hour = 3_600_000;
    expect(delays).toEqual([0, 5000, 300_000, 1_800_000, 2 * hour, 5 * hour, 10 * hour, 10 * hour, null]);
  });

  it('spreads retries by 20 % to both sides and the first attempt not at all', () => {
    expect(delayBeforeMs(DEFAULT, 1, 0)).toBe(4000);
    expect(delayBeforeMs(DEFAULT, 1, 1)).toBe(6000);
    expect(delayBeforeMs(['PT10S'], 0, 0)).toBe(10_000);
    expect(delayBeforeMs(['PT10S'], 0, 1)).toBe(10_000);
  });

  it('makes one attempt at once when the schedule is empty', () => {
    expect(delayBeforeMs([], 0, 0.5)).toBe(0);
    expect(delayBeforeMs([], 1, 0.5)).toBeNull();
  });
});
