import { describe, expect, it } from 'vitest';
import { AcceptPressure, REMEMBER_BEHIND_EDGE_MS } from './accept-pressure.ts';

const accepted = (count: number, replyTo: string | null = null) =>
  Array.from({ length: count }, () => ({ dataJson: JSON.stringify({ triggerId: 't', replyTo }) }));

describe('accept pressure', () => {
  it('is high from a commit of many accepts on until they have stopped coming', () => {
    let now = 1_000;
    const pressure = new AcceptPressure(() => now);
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
    const pressure = new AcceptPressure(() => now, REMEMBER_BEHIND_EDGE_MS);
    pressure.committed(accepted(100));
    now += 200;
    expect(pressure.isHigh).toBe(true);
    now += 100;
    expect(pressure.isHigh).toBe(false);
  });

  it('is not made by requests whose callers wait: their runs are what they wait for', () => {
    const pressure = new AcceptPressure(() => 1_000);
    pressure.committed(accepted(128, 'gateway-1'));
    pressure.committed([...accepted(100, 'gateway-1'), ...accepted(20)]);
    expect(pressure.isHigh).toBe(false);
    pressure.committed([...accepted(60), ...accepted(60, 'gateway-1')]);
    expect(pressure.isHigh).toBe(true);
  });
});
