import { describe, expect, it } from 'vitest';
import { AcceptPressure, PRESSURE_BEHIND_EDGE, PRESSURE_STANDALONE } from './accept-pressure.ts';

const accepted = (count: number, replyTo: string | null = null) =>
  Array.from({ length: count }, () => ({ dataJson: JSON.stringify({ triggerId: 't', replyTo }) }));

describe('accept pressure', () => {
  it('is high from a commit of many accepts on until they have stopped coming', () => {
    let now = 1_000;
    const pressure = new AcceptPressure({ ...PRESSURE_STANDALONE, nowMs: () => now });
    expect(pressure.isHigh).toBe(false);
    pressure.committed(accepted(5));
    expect(pressure.isHigh).toBe(false);
    pressure.committed(accepted(100));
    expect(pressure.isHigh).toBe(true);
    now += 40;
    expect(pressure.isHigh).toBe(true);
    now += 20;
    expect(pressure.isHigh).toBe(false);
  });

  it('outlasts the longer way from answer to next request through the edge', () => {
    let now = 1_000;
    const pressure = new AcceptPressure({ ...PRESSURE_BEHIND_EDGE, nowMs: () => now });
    pressure.committed(accepted(100));
    now += 200;
    expect(pressure.isHigh).toBe(true);
    now += 100;
    expect(pressure.isHigh).toBe(false);
  });

  it('is not made by requests whose callers wait: their runs are what they wait for', () => {
    const pressure = new AcceptPressure({ ...PRESSURE_STANDALONE, nowMs: () => 1_000 });
    pressure.committed(accepted(128, 'gateway-1'));
    pressure.committed([...accepted(100, 'gateway-1'), ...accepted(20)]);
    expect(pressure.isHigh).toBe(false);
    pressure.committed([...accepted(60), ...accepted(60, 'gateway-1')]);
    expect(pressure.isHigh).toBe(true);
  });

  it('holds consumers back for a tenth of a second only when no more accepts come than they could follow', () => {
    let now = 1_000;
    const pressure = new AcceptPressure({ ...PRESSURE_STANDALONE, nowMs: () => now });
    /** Commits of 64 at a rate; how many milliseconds the pressure was high. */
    const highFor = (perSecond: number, ms: number): number => {
      let high = 0;
      const everyMs = 64_000 / perSecond;
      for (let at = 0; at < ms; at += everyMs) {
        pressure.committed(accepted(64));
        for (let passed = 0; passed < everyMs; passed++, now++) high += pressure.isHigh ? 1 : 0;
      }
      return high;
    };
    expect(highFor(2_500, 6_000)).toBeLessThan(1_400);
    now += 1_000;
    expect(highFor(12_000, 3_000)).toBeGreaterThan(2_900);
  });
});
