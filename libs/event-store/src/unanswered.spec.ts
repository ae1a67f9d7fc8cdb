import { describe, expect, it } from 'vitest';
import type { PendingUnit } from './pending-unit.ts';
import { Unanswered } from './unanswered.ts';

const unit = () => ({ settled: false }) as PendingUnit;
const settle = (unanswered: Unanswered, one: PendingUnit) => {
  one.settled = true;
  return unanswered.settled();
};

describe('units whose callers wait', () => {
  it('are those that were added and not answered, in any order of answers', () => {
    const unanswered = new Unanswered();
    const units = Array.from({ length: 500 }, unit);
    for (const one of units) unanswered.add(one);
    // Every third is answered last.
    const first = units.filter((_, index) => index % 3 !== 0);
    for (const one of first) settle(unanswered, one);
    const left = units.filter((_, index) => index % 3 === 0);
    expect(unanswered.all()).toEqual(left);
    expect(unanswered.size).toBe(left.length);
    expect(left.map((one) => settle(unanswered, one)).at(-1)).toBe(0);
    expect(unanswered.all()).toEqual([]);
  });

  it('are counted down to none, and go on from there', () => {
    const unanswered = new Unanswered();
    for (let round = 0; round < 200; round++) {
      const one = unit();
      unanswered.add(one);
      expect(unanswered.size).toBe(1);
      expect(settle(unanswered, one)).toBe(0);
    }
    expect(unanswered.all()).toEqual([]);
  });
});
