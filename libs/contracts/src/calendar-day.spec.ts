import { describe, expect, it } from 'vitest';
import { isCalendarDay } from './calendar-day.ts';

describe('days of the calendar', () => {
  it('there is no 30th of February, and a 29th every four years', () => {
    expect(isCalendarDay('2030-02-30')).toBe(false);
    expect(isCalendarDay('2030-02-29T12:00:00Z')).toBe(false);
    expect(isCalendarDay('2028-02-29T12:00:00+02:00')).toBe(true);
    expect(isCalendarDay('2030-04-31')).toBe(false);
    expect(isCalendarDay('2030-13-01')).toBe(false);
  });
});
