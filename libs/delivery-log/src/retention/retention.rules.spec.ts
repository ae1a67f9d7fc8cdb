import { describe, expect, it } from 'vitest';
import { type AppDay, daysToDrop, floorsOf, type RetentionLimits, surplusDays } from './retention.rules.ts';

const TODAY = 100;
const limits = (values: Partial<RetentionLimits> = {}): RetentionLimits => ({
  days: 30,
  totalBytes: null,
  appBytes: null,
  apps: {},
  ...values,
});
const daysOf = (appId: string, from: number, to: number, bytes = 10): AppDay[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ appId, day: from + index, bytes }));
const bytesOf = (from: number, to: number, bytes = 10) =>
  new Map(Array.from({ length: to - from + 1 }, (_, index) => [from + index, bytes]));

describe('LG-04: retention', () => {
  it('shows an app the days of its age and no more bytes than it may keep, and always today', () => {
    const days = [...daysOf('a', 60, 100), ...daysOf('b', 95, 100)];
    expect(Object.fromEntries(floorsOf(limits(), days, TODAY))).toEqual({ a: 70, b: 70 });
    expect(floorsOf(limits({ appBytes: 35 }), days, TODAY).get('a')).toBe(98);
    expect(floorsOf(limits({ appBytes: 5 }), days, TODAY).get('a')).toBe(100);
    const own = limits({ appBytes: 35, apps: { a: { days: 90, bytes: 1_000 }, b: { days: 2 } } });
    expect(Object.fromEntries(floorsOf(own, days, TODAY))).toEqual({ a: 10, b: 98 });
  });

  it('drops the days that are too old for every app, and those that no app sees any more', () => {
    const days = daysOf('a', 60, 100);
    const floors = floorsOf(limits({ appBytes: 35 }), days, TODAY);
    expect(daysToDrop(limits({ appBytes: 35 }), bytesOf(60, 102), days, floors, TODAY)).toEqual(
      Array.from({ length: 38 }, (_, index) => 60 + index),
    );
    const other = [...days, ...daysOf('b', 90, 90)];
    const both = floorsOf(limits({ appBytes: 35 }), other, TODAY);
    expect(daysToDrop(limits({ appBytes: 35 }), bytesOf(89, 102), other, both, TODAY)).not.toContain(90);
    expect(daysToDrop(limits({ apps: { a: { days: 60 } } }), bytesOf(60, 102), [], new Map(), TODAY)).toEqual([]);
  });

  it('drops from the oldest day on as much as the whole is too large, but never today and yesterday', () => {
    const small = limits({ totalBytes: 55 });
    expect(daysToDrop(small, bytesOf(91, 100), [], new Map(), TODAY)).toEqual([91, 92, 93, 94, 95]);
    expect(daysToDrop(limits({ totalBytes: 1 }), bytesOf(97, 100), [], new Map(), TODAY)).toEqual([97, 98]);
    expect(daysToDrop(limits({ totalBytes: 200 }), bytesOf(91, 100), [], new Map(), TODAY)).toEqual([]);
  });

  it('of one table drops the oldest days that are too much, never today and yesterday', () => {
    const parts = [...[96, 97, 98, 99, 100].map((day) => ({ day, bytes: 10 })), { day: null, bytes: 10 }];
    const dropped = (limit: number) => surplusDays(parts, limit, TODAY).map(({ day }) => day);
    expect([dropped(60), dropped(50), dropped(30), dropped(0)]).toEqual([[], [], [97, 96], [98, 97, 96]]);
  });
});
