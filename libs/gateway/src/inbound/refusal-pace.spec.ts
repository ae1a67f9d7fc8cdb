import { describe, expect, it, vi } from 'vitest';
import { GATEWAY_LIMITS } from '../gateway.config.ts';
import { RefusalPace } from './refusal-pace.ts';

const BURST = GATEWAY_LIMITS.pacedRefusalsPerS / 10;

describe('the pace of refusals', () => {
  it('answers a burst at once and what is beyond it in turn, at the rate, first come first served', async () => {
    vi.useFakeTimers();
    try {
      const pace = new RefusalPace();
      for (let n = 0; n < BURST; n++) expect(pace.turn('unauthorized')).toBeNull();
      const served: number[] = [];
      for (let n = 0; n < 1_000; n++) void pace.turn('unauthorized')?.then(() => served.push(n));
      expect(pace.waiting).toBe(1_000);
      await vi.advanceTimersByTimeAsync(100);
      expect(served.length).toBe(BURST);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(served).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(pace.turn('unauthorized')).toBeNull();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('paces what strangers can bring about, nothing else', () => {
    const pace = new RefusalPace();
    for (let n = 0; n <= BURST; n++) pace.turn('unknown_trigger');
    expect(pace.waiting).toBe(1);
    for (const code of ['malformed_json', 'flow_paused', 'store_unavailable']) expect(pace.turn(code)).toBeNull();
    pace.beforeApplicationShutdown();
  });

  it('the line is bounded, and a process that stops lets everybody go', async () => {
    const pace = new RefusalPace();
    const turns: (Promise<void> | null)[] = [];
    for (let n = 0; n < GATEWAY_LIMITS.maxWaitingRefusals + BURST + 100; n++) turns.push(pace.turn('forbidden'));
    expect(pace.waiting).toBe(GATEWAY_LIMITS.maxWaitingRefusals);
    expect(turns.slice(-50).every((turn) => turn === null)).toBe(true);
    pace.beforeApplicationShutdown();
    await Promise.all(turns);
    expect([pace.waiting, pace.turn('forbidden')]).toEqual([0, null]);
  });
});
