import { describe, expect, it } from 'vitest';
import { type AttemptFacts, decideAttempt } from './attempt.decider.ts';

const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);

function facts(change: Partial<AttemptFacts>): AttemptFacts {
  return {
    status: 500,
    retryAfter: undefined,
    schedule: ['PT0S', 'PT5S', 'PT5M'],
    tries: 1,
    nowMs: NOW,
    random: 0.5,
    ...change,
  };
}

describe('DL-03: what follows from an attempt', () => {
  it.each([200, 201, 202, 204, 299])('given %d, the delivery has succeeded', (status) => {
    expect(decideAttempt(facts({ status }))).toEqual({ outcome: 'succeeded', nextAttemptAtMs: null });
  });

  it.each([301, 302, 304, 400, 401, 404, 408, 500, 502, null])('given %s, it is tried again', (status) => {
    expect(decideAttempt(facts({ status }))).toEqual({ outcome: 'retry', nextAttemptAtMs: NOW + 5000 });
  });

  it('given 410, it ends whatever the schedule says', () => {
    expect(decideAttempt(facts({ status: 410 }))).toEqual({ outcome: 'failed', nextAttemptAtMs: null });
  });

  it('given the last attempt of the schedule, it has failed, Retry-After or not', () => {
    expect(decideAttempt(facts({ tries: 3 }))).toEqual({ outcome: 'failed', nextAttemptAtMs: null });
    expect(decideAttempt(facts({ tries: 3, status: 503, retryAfter: '10' })).outcome).toBe('failed');
  });

  it.each([429, 503])('given %d with Retry-After, it waits at least that long', (status) => {
    expect(decideAttempt(facts({ status, retryAfter: '120' })).nextAttemptAtMs).toBe(NOW + 120_000);
    expect(decideAttempt(facts({ status, retryAfter: '1' })).nextAttemptAtMs).toBe(NOW + 5000);
    expect(decideAttempt(facts({ status, retryAfter: 'soon' })).nextAttemptAtMs).toBe(NOW + 5000);
    const date = 'Sun, 22 Nov 2026 12:10:00 GMT';
    expect(decideAttempt(facts({ status, retryAfter: date })).nextAttemptAtMs).toBe(NOW + 600_000);
  });

  it('given Retry-After with another status, the schedule alone decides', () => {
    expect(decideAttempt(facts({ status: 500, retryAfter: '120' })).nextAttemptAtMs).toBe(NOW + 5000);
  });
});
