import { describe, expect, it } from 'vitest';
import { FixedWindows } from './fixed-windows.ts';

const RATE = { limit: 3, windowMs: 1_000 };
const allowed = (windows: FixedWindows, key: string, now: number): boolean => windows.take(key, RATE, now).allowed;

describe('fixed windows', () => {
  it('LC-04: begin with the first request, refuse what is one too many, and end when their time is over', () => {
    const windows = new FixedWindows(10);
    expect([0, 400, 800].map((now) => windows.take('a', RATE, now))).toEqual([
      { allowed: true, remaining: 2, resetMs: 1_000 },
      { allowed: true, remaining: 1, resetMs: 600 },
      { allowed: true, remaining: 0, resetMs: 200 },
    ]);
    expect(windows.take('a', RATE, 999)).toEqual({ allowed: false, remaining: 0, resetMs: 1 });
    expect(windows.take('a', RATE, 1_000)).toEqual({ allowed: true, remaining: 2, resetMs: 1_000 });
  });

  it('LC-04: what is refused is not counted, so hammering does not put the end off', () => {
    const windows = new FixedWindows(10);
    for (let now = 0; now < 1_000; now++) windows.take('a', RATE, now);
    expect(windows.takeUntold(10, 999)).toEqual([{ key: 'a', hits: 3, ageMs: 999, windowMs: 1_000 }]);
    expect(allowed(windows, 'a', 1_000)).toBe(true);
  });

  it('count each key by itself', () => {
    const windows = new FixedWindows(10);
    for (let hit = 0; hit < 4; hit++) allowed(windows, 'a', 0);
    expect([allowed(windows, 'a', 0), allowed(windows, 'b', 0)]).toEqual([false, true]);
  });

  it('tell where a key stands without counting', () => {
    const windows = new FixedWindows(10);
    expect(windows.peek('a', RATE, 0)).toEqual({ allowed: true, remaining: 2, resetMs: 1_000 });
    expect(windows.size).toBe(0);
    for (let hit = 0; hit < 3; hit++) allowed(windows, 'a', 0);
    expect(windows.peek('a', RATE, 500)).toEqual({ allowed: false, remaining: 0, resetMs: 500 });
    expect(windows.peek('a', RATE, 1_000).allowed).toBe(true);
  });

  it('a limit that is changed holds from the next request on', () => {
    const windows = new FixedWindows(10);
    for (let hit = 0; hit < 3; hit++) allowed(windows, 'a', 0);
    expect(windows.take('a', { limit: 5, windowMs: 1_000 }, 10)).toMatchObject({ allowed: true, remaining: 1 });
    expect(windows.take('a', { limit: 2, windowMs: 1_000 }, 10).allowed).toBe(false);
  });

  it('memory is bounded: ended windows go first, then the oldest, which is counted', () => {
    const windows = new FixedWindows(3);
    allowed(windows, 'ended', 0);
    allowed(windows, 'old', 900);
    allowed(windows, 'young', 950);
    allowed(windows, 'new', 1_100);
    expect([windows.size, windows.evicted]).toEqual([3, 0]);
    for (let key = 0; key < 10_000; key++) allowed(windows, `flood-${key}`, 1_200);
    expect([windows.size, windows.evicted]).toEqual([3, 10_000]);
    expect(windows.takeUntold(100, 1_200)).toHaveLength(3);
  });

  it('many addresses do not make counting slow', () => {
    const windows = new FixedWindows(50_000);
    const began = performance.now();
    for (let key = 0; key < 200_000; key++) windows.take(`flood-${key}`, RATE, key / 1_000);
    // 0.1 s when it is right; 5 s when every new key walks over those that are gone.
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(windows.size).toBeLessThanOrEqual(50_000);
    expect(windows.size).toBeGreaterThan(49_000);
  });

  it('a key that begins anew is not the oldest any more', () => {
    const windows = new FixedWindows(2);
    allowed(windows, 'a', 0);
    allowed(windows, 'b', 10);
    allowed(windows, 'a', 1_000);
    for (let hit = 0; hit < 2; hit++) allowed(windows, 'a', 1_001);
    allowed(windows, 'c', 1_005);
    expect(allowed(windows, 'a', 1_006)).toBe(false);
  });
});

type Table = Map<string, { hits: number; startedAt: number }>;

/** What a replica does in each interval: it tells the table its hits, and reads those of all. */
function exchange(windows: FixedWindows, table: Table, now: number): void {
  for (const { key, hits, ageMs } of windows.takeUntold(100, now)) {
    const row = table.get(key);
    const startedAt = Math.min(row?.startedAt ?? now - ageMs, now - ageMs);
    table.set(key, { hits: hits + (row?.hits ?? 0), startedAt });
  }
  const shared = [...table].map(([key, { hits, startedAt }]) => ({
    key,
    hits,
    ageMs: now - startedAt,
    windowMs: 60_000,
  }));
  windows.merge(shared, now);
}

describe('fixed windows of several replicas', () => {
  const rate = { limit: 100, windowMs: 60_000 };

  it('let pass at most what arrives within one exchange interval more than one would', () => {
    const replicas = [new FixedWindows(10), new FixedWindows(10), new FixedWindows(10)];
    const table: Table = new Map();
    let passed = 0;
    let lastInterval = 0;
    // 9 requests in each interval of 250 ms, one after another to each replica.
    for (let interval = 0; interval < 40; interval++) {
      lastInterval = 0;
      for (let n = 0; n < 9; n++) {
        if (replicas[n % 3]?.take('a', rate, interval * 250 + n).allowed) {
          passed++;
          lastInterval++;
        }
      }
      for (const replica of replicas) exchange(replica, table, interval * 250 + 249);
    }
    expect(passed).toBeGreaterThanOrEqual(100);
    expect(passed).toBeLessThanOrEqual(109);
    expect(lastInterval).toBe(0);
  });

  it('know what others have counted before they are asked themselves', () => {
    const [one, two] = [new FixedWindows(10), new FixedWindows(10)];
    const table: Table = new Map();
    for (let hit = 0; hit < 100; hit++) one.take('a', rate, hit);
    exchange(one, table, 250);
    exchange(two, table, 260);
    expect(two.take('a', rate, 270)).toMatchObject({ allowed: false, resetMs: 59_730 });
    expect(two.hasUntold).toBe(false);
  });

  it('end together, when the first of them ends', () => {
    const [one, two] = [new FixedWindows(10), new FixedWindows(10)];
    const table: Table = new Map();
    one.take('a', rate, 0);
    exchange(one, table, 250);
    for (let hit = 0; hit < 99; hit++) two.take('a', rate, 30_000);
    exchange(two, table, 30_250);
    expect(two.peek('a', rate, 59_999)).toEqual({ allowed: false, remaining: 0, resetMs: 1 });
    expect(two.peek('a', rate, 60_000).allowed).toBe(true);
  });

  it('what could not be told is told the next time, and never counted twice', () => {
    const windows = new FixedWindows(10);
    for (let hit = 0; hit < 5; hit++) windows.take('a', rate, hit);
    const untold = windows.takeUntold(10, 10);
    windows.take('a', rate, 11);
    windows.putBack(untold, 10);
    expect(windows.peek('a', rate, 12).remaining).toBe(93);
    expect(windows.takeUntold(10, 20)).toEqual([{ key: 'a', hits: 6, ageMs: 20, windowMs: 60_000 }]);
    expect(windows.hasUntold).toBe(false);
  });

  it('totals of a window that has begun anew meanwhile are not taken over', () => {
    const windows = new FixedWindows(10);
    windows.take('a', RATE, 0);
    windows.takeUntold(10, 900);
    windows.take('a', RATE, 1_100);
    windows.merge([{ key: 'a', hits: 50, ageMs: 1_200, windowMs: 1_000 }], 1_200);
    expect(windows.peek('a', RATE, 1_200).remaining).toBe(1);
  });

  it('tells a bounded number of keys at a time', () => {
    const windows = new FixedWindows(100);
    for (let key = 0; key < 25; key++) windows.take(`k${key}`, rate, 0);
    expect([10, 10, 10].map((max) => windows.takeUntold(max, 1).length)).toEqual([10, 10, 5]);
  });
});
