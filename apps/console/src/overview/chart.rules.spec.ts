import { expect, test } from 'vitest';
import { nearest, niceMaximum, pathOf } from './chart.rules.ts';

const line = (...values: (number | null)[]) => ({ name: 'a', tone: 'accent' as const, values });

test('CO-01: the axis of a chart ends at a round number', () => {
  expect(niceMaximum([line(0, null)])).toBe(1);
  expect(niceMaximum([line(3), line(14)])).toBe(20);
  expect(niceMaximum([line(1_000)])).toBe(1_000);
  expect(niceMaximum([line(5_001)])).toBe(10_000);
});

test('CO-01: a line has gaps where there is no value', () => {
  expect(pathOf([0, 10, null, 5, null], 10, 100, 50)).toBe('M0.0 50.0L25.0 0.0M75.0 25.0h0.1');
  expect(pathOf([], 1, 100, 50)).toBe('');
});

test('CO-01: the point below the pointer is found', () => {
  expect([nearest(0.5, 61), nearest(-1, 61), nearest(2, 61)]).toEqual([30, 0, 60]);
});
