import { describe, expect, it } from 'vitest';
import { RejectionSample } from './rejection-sample.ts';

const LIMITS = { perTriggerPerS: 10, perS: 25, perHour: 1_000_000, maxTriggers: 100 };
const taken = (sample: RejectionSample, trigger: string, count: number, now: number) =>
  Array.from({ length: count }, () => sample.take(trigger, now)).filter((each) => each !== null);

describe('GW-08: which rejections are recorded', () => {
  it('ten a second of a trigger; the next record says how many were passed over', () => {
    const sample = new RejectionSample(LIMITS);
    expect(taken(sample, 'a', 1_000, 0)).toEqual(Array.from({ length: 10 }, () => 0));
    expect(taken(sample, 'a', 5, 999)).toEqual([]);
    expect(taken(sample, 'a', 2, 1_000)).toEqual([995, 0]);
  });

  it('a bounded number of all triggers together', () => {
    const sample = new RejectionSample(LIMITS);
    const all = Array.from({ length: 20 }, (_, trigger) => taken(sample, `t${trigger}`, 20, 500).length);
    expect(all.reduce((sum, each) => sum + each, 0)).toBe(25);
    expect(taken(sample, 't19', 1, 1_500)).toEqual([20]);
  });

  it('a bounded number in an hour, and again in the next', () => {
    const sample = new RejectionSample({ ...LIMITS, perHour: 12 });
    expect([0, 1_000, 2_000].map((now) => taken(sample, 'a', 10, now).length)).toEqual([10, 2, 0]);
    expect(taken(sample, 'b', 1, 3_599_999)).toEqual([]);
    expect(taken(sample, 'a', 1, 3_600_000)).toEqual([18]);
  });

  it('memory is bounded, however many triggers are knocked at', () => {
    const sample = new RejectionSample(LIMITS);
    for (let trigger = 0; trigger < 10_000; trigger++) sample.take(`t${trigger}`, trigger);
    expect(sample.size).toBe(100);
  });
});
