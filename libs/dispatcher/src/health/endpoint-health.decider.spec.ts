import { describe, expect, it } from 'vitest';
import { type AttemptFacts, decideHealth, type Health, type HealthVerdict } from './endpoint-health.decider.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LIMITS = { warnAfterMs: DAY, pauseAfterMs: 5 * DAY };
const HEALTHY: Health = { failingSinceMs: null, warnedAtMs: null, holdUntilMs: 0 };
const FAILED = { succeeded: false, status: 500, askedMs: null };
const SUCCEEDED = { succeeded: true, status: 200, askedMs: null };

/** The verdicts of attempts at these hours. */
function verdicts(...attempts: [hour: number, facts: Omit<AttemptFacts, 'nowMs'>][]): (HealthVerdict | null)[] {
  let health = HEALTHY;
  return attempts.map(([hour, facts]) => {
    const decision = decideHealth(health, { ...facts, nowMs: hour * HOUR }, LIMITS);
    health = decision.health;
    return decision.verdict;
  });
}

describe('the health of an endpoint', () => {
  it('DL-04: nothing but failure is warned of after a day and pauses after five days, each once', () => {
    expect(verdicts([1, FAILED], [2, FAILED], [26, FAILED], [30, FAILED], [120, FAILED], [121, FAILED])).toEqual([
      null,
      null,
      'warn',
      null,
      null,
      'failing',
    ]);
  });

  it('DL-04: the number of failures says nothing', () => {
    const many = Array.from({ length: 10_000 }, (_, index): [number, typeof FAILED] => [1 + index / 1000, FAILED]);
    expect(new Set(verdicts(...many))).toEqual(new Set([null]));
  });

  it('DL-04: one success begins anew; who was warned is told of the recovery', () => {
    expect(verdicts([1, FAILED], [20, SUCCEEDED], [21, FAILED], [44, FAILED])).toEqual([null, null, null, null]);
    expect(verdicts([1, FAILED], [30, FAILED], [31, SUCCEEDED], [32, SUCCEEDED])).toEqual([
      null,
      'warn',
      'recovered',
      null,
    ]);
  });

  it('DL-04: nobody is paused without a warning a day before, even when nothing was sent for a week', () => {
    const late = verdicts([1, FAILED], [200, FAILED], [201, FAILED], [223, FAILED], [224, FAILED]);
    expect(late).toEqual([null, 'warn', null, null, 'failing']);
    expect(verdicts([1, FAILED], [96, FAILED], [120, FAILED], [121, FAILED])).toEqual([null, 'warn', null, 'failing']);
  });

  it('DL-03: 410 pauses at once', () => {
    expect(verdicts([1, SUCCEEDED], [2, { ...FAILED, status: 410 }])).toEqual([null, 'gone']);
  });

  it('DL-03: the longest time asked for counts', () => {
    const first = decideHealth(HEALTHY, { ...FAILED, status: 429, askedMs: 60_000, nowMs: 1000 }, LIMITS).health;
    expect(first.holdUntilMs).toBe(61_000);
    const second = decideHealth(first, { ...FAILED, status: 503, askedMs: 1000, nowMs: 2000 }, LIMITS).health;
    expect(second.holdUntilMs).toBe(61_000);
    expect(decideHealth(second, { ...SUCCEEDED, nowMs: 3000 }, LIMITS).health.holdUntilMs).toBe(61_000);
  });
});
