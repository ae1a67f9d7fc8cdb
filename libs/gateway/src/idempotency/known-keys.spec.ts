import { describe, expect, it } from 'vitest';
import type { FirstUse } from './idempotency-keys.ts';
import { KnownKeys } from './known-keys.ts';

const first = (runId: string, at = 0): FirstUse => ({
  runId,
  fingerprint: Buffer.alloc(32),
  waits: false,
  acceptedAt: new Date(at),
});

describe('GW-05: keys that this process knows', () => {
  it('the second request waits for the decision of the first', async () => {
    const known = new KnownKeys(10, 1_000);
    expect(known.find('k', 0)).toBeNull();
    const decide = known.begin('k');
    const pending = known.find('k', 0);
    expect(pending).toBeInstanceOf(Promise);
    decide(first('r1'));
    await pending;
    expect(known.find('k', 0)).toMatchObject({ runId: 'r1' });
  });

  it('a request that was not accepted leaves its key free, unless another was found to have it', async () => {
    const known = new KnownKeys(10, 1_000);
    known.begin('k')(null);
    expect(known.find('k', 0)).toBeNull();
    const decide = known.begin('k');
    known.add('k', first('elsewhere'));
    decide(null);
    expect(known.find('k', 0)).toMatchObject({ runId: 'elsewhere' });
  });

  it('are forgotten after their window, and the oldest when there are too many; never one that is being decided', () => {
    const known = new KnownKeys(2, 1_000);
    const decide = known.begin('deciding');
    for (const key of ['a', 'b', 'c']) known.add(key, first(key, 500));
    expect(['a', 'b', 'c'].map((key) => known.find(key, 600) !== null)).toEqual([false, false, true]);
    expect(known.find('deciding', 600)).toBeInstanceOf(Promise);
    decide(null);
    expect(known.find('c', 1_500)).toBeNull();
    expect(known.size).toBe(0);
  });
});
