import { describe, expect, it } from 'vitest';
import { cronProblem, nextTickMs } from './cron-schedule.ts';

const next = (expression: string, zone: string, after: string): string | null => {
  const ms = nextTickMs(expression, zone, Date.parse(after));
  return ms === null ? null : new Date(ms).toISOString();
};

describe('FL-08: a cron expression', () => {
  it.each<[string, string, string, string]>([
    ['* * * * *', 'UTC', '2026-11-22T10:00:00.000Z', '2026-11-22T10:01:00.000Z'],
    ['*/15 9-17 * * 1-5', 'UTC', '2026-11-20T17:50:00Z', '2026-11-23T09:00:00.000Z'],
    ['0 8 * * *', 'Europe/Berlin', '2026-11-22T06:00:00Z', '2026-11-22T07:00:00.000Z'],
    ['0 8 * * *', 'Europe/Berlin', '2026-07-22T05:00:00Z', '2026-07-22T06:00:00.000Z'],
    ['0 0 29 2 *', 'UTC', '2026-11-22T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['@hourly', 'Asia/Kolkata', '2026-11-22T00:00:00Z', '2026-11-22T00:30:00.000Z'],
    ['0 8 * * *', '+05:30', '2026-11-22T00:00:00Z', '2026-11-22T02:30:00.000Z'],
  ])('%s in %s after %s comes at %s', (expression, zone, after, expected) => {
    expect(next(expression, zone, after)).toBe(expected);
  });

  it('comes once on the day whose clock shows its hour twice, and not never on the day that skips it', () => {
    const first = next('30 2 * * *', 'Europe/Berlin', '2026-10-24T22:00:00Z') as string;
    expect(first).toBe('2026-10-25T00:30:00.000Z');
    expect(next('30 2 * * *', 'Europe/Berlin', first)).toBe('2026-10-26T01:30:00.000Z');
    const skipped = next('30 2 * * *', 'Europe/Berlin', '2026-03-28T23:00:00Z') as string;
    expect(skipped.slice(0, 10)).toBe('2026-03-29');
  });

  it.each<[unknown, unknown]>([
    ['', 'UTC'],
    [7, 'UTC'],
    ['* * * *', 'UTC'],
    ['* * * * * *', 'UTC'],
    ['2030-01-01T00:00:00', 'UTC'],
    ['61 * * * *', 'UTC'],
    ['* * * * nonsense', 'UTC'],
    ['0 0 31 2 *', 'UTC'],
    ['* * * * *', 'Mars/Olympus'],
    ['* * * * *', ''],
    ['* * * * *', null],
    [`${'1,'.repeat(200)}1 * * * *`, 'UTC'],
  ])('is not %j in %j', (expression, zone) => {
    expect(cronProblem(expression, zone)).toEqual(expect.any(String));
  });

  it('names the time zone that was meant', () => {
    expect(cronProblem('* * * * *', 'Europe/Berln')).toMatch(
      /^the time zone must .*; did you mean "Europe\/Berlin"\?$/,
    );
    expect(cronProblem('* * * * *', '+25:00')).toMatch(/^the time zone must .*\+05:30$/);
  });

  it.each([
    ['0 0 0 * *', 'Invalid value for day: 0'],
    ['0 0 32 * *', 'Invalid value for day: 32'],
    ['0 0 * 13 *', 'Invalid value for month: 13'],
    ['60 * * * *', 'Invalid value for minute: 60'],
  ])('says what is wrong with %s by the number that it has', (expression, words) => {
    expect(cronProblem(expression, 'UTC')).toBe(`is not a cron expression: ${words}`);
  });

  it('that ticks within each hour ticks in both of those that the clock shows twice, and over the hour that it skips', () => {
    const ticks = (expression: string, after: string, count: number): string[] => {
      const found: string[] = [];
      for (let at = after; found.length < count; found.push(at)) at = next(expression, 'Europe/Berlin', at) as string;
      return found.map((each) => each.slice(11, 16));
    };
    expect(ticks('*/30 * * * *', '2026-10-24T23:45:00Z', 5)).toEqual(['00:00', '00:30', '01:00', '01:30', '02:00']);
    expect(ticks('*/30 * * * *', '2026-03-29T00:20:00Z', 3)).toEqual(['00:30', '01:00', '01:30']);
    expect(ticks('30 1-3 * * *', '2026-03-28T23:00:00Z', 2)).toEqual(['00:30', '01:30']);
  });

  it('on the 31st comes in months that have one, on 29 February in leap years, on the last day in each month', () => {
    expect(next('0 0 31 * *', 'UTC', '2026-01-31T00:00:00Z')).toBe('2026-03-31T00:00:00.000Z');
    expect(next('0 0 29 2 *', 'UTC', '2028-02-29T00:00:00Z')).toBe('2032-02-29T00:00:00.000Z');
    expect(next('0 0 L * *', 'UTC', '2026-01-31T00:00:00Z')).toBe('2026-02-28T00:00:00.000Z');
  });

  it('is fine as five fields or by a nickname', () => {
    for (const text of ['* * * * *', ' 0 8 * * 1-5 ', '@daily', '0 0 L * *'])
      expect([text, cronProblem(text, 'Europe/Berlin')]).toEqual([text, null]);
  });
});
