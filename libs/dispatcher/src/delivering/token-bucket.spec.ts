import { describe, expect, it } from 'vitest';
import { TokenBucket } from './token-bucket.ts';

/** How many could be sent in so many milliseconds by somebody who always wants to. */
function sentIn(bucket: TokenBucket, fromMs: number, untilMs: number): number {
  let sent = 0;
  for (let nowMs = fromMs; nowMs < untilMs; nowMs += Math.max(1, bucket.waitMs(nowMs))) {
    if (bucket.waitMs(nowMs) > 0) continue;
    bucket.take(nowMs);
    sent++;
  }
  return sent;
}

describe('DL-05: the rate of an endpoint', () => {
  it('is kept over time', () => {
    expect(sentIn(new TokenBucket(50, 0), 0, 10_000)).toBeGreaterThanOrEqual(490);
    expect(sentIn(new TokenBucket(50, 0), 0, 10_000)).toBeLessThanOrEqual(505);
  });

  it('is never more than 1.1 times as much in a second, after whatever rest', () => {
    const bucket = new TokenBucket(100, 0);
    expect(sentIn(bucket, 60_000, 61_000)).toBeLessThanOrEqual(111);
  });

  it('of one per second is one per second, also at first', () => {
    const bucket = new TokenBucket(1, 0);
    bucket.take(0);
    expect(bucket.waitMs(0)).toBe(1000);
    expect(bucket.waitMs(400)).toBe(600);
    expect(bucket.waitMs(1000)).toBe(0);
  });

  it('is forgotten only when that changes nothing', () => {
    const bucket = new TokenBucket(10, 0);
    bucket.take(0);
    expect(bucket.isFull(50)).toBe(false);
    expect(bucket.isFull(100)).toBe(true);
  });

  it('does not mind a clock that stands still', () => {
    const bucket = new TokenBucket(10, 1000);
    bucket.take(1000);
    expect(bucket.waitMs(900)).toBe(100);
  });
});
