import { describe, expect, it } from 'vitest';
import { AcceptPressure } from './accept-pressure.ts';

describe('accept pressure', () => {
  it('is high from a commit of many accepts on until they have stopped coming', () => {
    let now = 1_000;
    const pressure = new AcceptPressure(() => now);
    expect(pressure.isHigh).toBe(false);
    pressure.committed(5);
    expect(pressure.isHigh).toBe(false);
    pressure.committed(100);
    expect(pressure.isHigh).toBe(true);
    now += 40;
    expect(pressure.isHigh).toBe(true);
    now += 20;
    expect(pressure.isHigh).toBe(false);
  });
});
