import { describe, expect, it } from 'vitest';
import { hopsOf } from './hops.rules.ts';

describe('DL-11: the loop guard', () => {
  it.each([
    [undefined, 0],
    ['1', 1],
    ['7', 7],
    ['-1', 0],
    ['1, 1', 0],
    ['many', 0],
  ])('Sluice-Hops %j counts as %i', (sent, hops) => {
    expect(hopsOf({ 'sluice-hops': sent })).toBe(hops);
  });

  it.each(['8', '9', '999999', '99999999999999'])('Sluice-Hops %s is refused with 508', (sent) => {
    expect(() => hopsOf({ 'sluice-hops': sent })).toThrow(
      expect.objectContaining({ status: 508, code: 'loop_detected' }) as Error,
    );
  });
});
