import { describe, expect, it } from 'vitest';
import { exponentText, fixedText, generalText, roundFloat } from './decimal.ts';

describe('decimal text of numbers', () => {
  it('rounds ties to even, where toFixed rounds them up', () => {
    expect([0.5, 1.5, 2.5, 3.5, 1e15 + 0.5].map((value) => fixedText(value, 0))).toEqual([
      '0',
      '2',
      '2',
      '4',
      '1000000000000000',
    ]);
    expect(fixedText(0.125, 2)).toBe('0.12');
    expect(fixedText(0.375, 2)).toBe('0.38');
    expect(roundFloat(-2.5, 0)).toBe(-2);
  });

  it('knows that most decimals are no ties, because they are not what they seem', () => {
    expect(fixedText(2.675, 2)).toBe('2.67');
    expect(fixedText(1.005, 2)).toBe('1.00');
    expect(fixedText(0.1, 20)).toBe('0.10000000000000000555');
  });

  it('goes beyond what toFixed can', () => {
    expect(fixedText(1e22, 1)).toBe('10000000000000000000000.0');
    expect(fixedText(5e-324, 5)).toBe('0.00000');
    expect(fixedText(1e-300, 303)).toHaveLength(305);
    expect(fixedText(1250, -2)).toBe('1200');
    expect(fixedText(6, -1)).toBe('10');
    expect(fixedText(0, 3)).toBe('0.000');
  });

  it('writes exponents and significant digits as printf does', () => {
    expect(exponentText(12345.678, 3)).toBe('1.235e+04');
    expect(exponentText(0, 2)).toBe('0.00e+00');
    expect(exponentText(9.9996, 3)).toBe('1.000e+01');
    expect(generalText(0.0001, 6, false)).toBe('0.0001');
    expect(generalText(0.00001, 6, false)).toBe('1e-05');
    expect(generalText(1e6, 6, false)).toBe('1e+06');
    expect(generalText(123456, 6, true)).toBe('123456');
  });

  it('agrees with toFixed on random numbers that are no ties', () => {
    for (let round = 0; round < 2000; round += 1) {
      const value = (Math.random() - 0.5) * 10 ** (round % 9);
      const precision = 1 + (round % 7);
      expect(Number(fixedText(value, precision))).toBe(Math.abs(Number(value.toFixed(precision))));
    }
  });
});
