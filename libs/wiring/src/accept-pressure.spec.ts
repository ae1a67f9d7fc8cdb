import { describe, expect, it } from 'vitest';
import { AcceptPressure } from './accept-pressure.ts';

describe('accept pressure', () => {
  it('is high while more than 4,000 events a second are committed, and low again once they are not', () => {
    let events = 0;
    let now = 1_000;
    const pressure = new AcceptPressure(
      () => events,
      () => now,
    );
    const after = (ms: number, committed: number): boolean => {
      now += ms;
      events += committed;
      return pressure.isHigh;
    };
    expect(after(50, 0)).toBe(false);
    expect(after(50, 150)).toBe(false);
    expect(after(50, 400)).toBe(true);
    expect(after(10, 0)).toBe(true);
    expect(after(50, 100)).toBe(false);
  });
});
