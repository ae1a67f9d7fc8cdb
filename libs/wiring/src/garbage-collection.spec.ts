import { expect, it } from 'vitest';
import { collectGarbage, isWorthCollecting } from './garbage-collection.ts';

const MIB = 1024 * 1024;

it('collects what nobody refers to any more, in a process started without --expose-gc', () => {
  const garbage = new WeakRef(Array.from({ length: 1000 }, (_, n) => ({ n })));
  return new Promise<void>((resolve) => {
    setImmediate(() => {
      collectGarbage();
      expect(garbage.deref()).toBeUndefined();
      resolve();
    });
  });
});

it.each([
  ['idle, after a burst', 0.01, 300 * MIB, 100 * MIB, true],
  ['idle, grown by little', 0.01, 140 * MIB, 100 * MIB, false],
  ['busy, however much it has grown', 0.1, 900 * MIB, 100 * MIB, false],
])('is worth a pause or not: %s', (_case, utilization, heap, floor, worth) => {
  expect(isWorthCollecting(utilization, heap, floor)).toBe(worth);
});
