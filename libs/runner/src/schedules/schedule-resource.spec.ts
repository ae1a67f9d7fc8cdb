import { describe, expect, it } from 'vitest';
import { afterCursor, cursorOf, scheduleResource, type TimedSchedule } from './schedule-resource.ts';

const row = (change: Partial<TimedSchedule>): TimedSchedule => ({
  id: '11111111-2222-7333-8444-555555555555',
  app_id: '00000000-0000-7000-8000-000000000001',
  flow_id: '00000000-0000-7000-8000-000000000002',
  listener: false,
  cron: '30 2 * * *',
  time_zone: 'Europe/Berlin',
  data: '{"n":7}',
  due_ms: Date.parse('2027-03-26T01:30:00Z'),
  status: 'active',
  ...change,
});

describe('FL-08: a schedule as it is shown', () => {
  it('tells the next times with daylight saving: on the day without 02:30 at 03:00, then an hour earlier by UTC', () => {
    const { nextAt, upcoming } = scheduleResource(row({}), Date.parse('2027-03-25T12:00:00Z'));
    expect([nextAt, upcoming]).toEqual([
      '2027-03-26T01:30:00.000Z',
      [
        '2027-03-26T01:30:00.000Z',
        '2027-03-27T01:30:00.000Z',
        '2027-03-28T01:00:00.000Z',
        '2027-03-29T00:30:00.000Z',
        '2027-03-30T00:30:00.000Z',
      ],
    ]);
  });

  it('what was missed for days is run once: one time that is over, then only what is ahead', () => {
    const late = row({ cron: '@daily', time_zone: 'UTC', due_ms: Date.parse('2027-03-01T00:00:00Z') });
    expect(scheduleResource(late, Date.parse('2027-03-20T12:00:00Z')).upcoming.slice(0, 2)).toEqual([
      '2027-03-01T00:00:00.000Z',
      '2027-03-21T00:00:00.000Z',
    ]);
  });

  it('one that never comes round again has no times', () => {
    expect(scheduleResource(row({ due_ms: Number.POSITIVE_INFINITY }), 0)).toMatchObject({
      nextAt: null,
      upcoming: [],
    });
  });

  it.each([1_800_000_000_000, Number.POSITIVE_INFINITY])('a cursor of %s says where the page ended', (due_ms) => {
    expect(afterCursor(cursorOf(row({ due_ms })))).toEqual({ ms: due_ms, id: row({}).id });
  });
});
