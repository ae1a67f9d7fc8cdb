import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { GATEWAY_LIMITS } from '../gateway.config.ts';
import { RefusalPace } from './refusal-pace.ts';

const BURST = GATEWAY_LIMITS.pacedRefusalsPerS / 10;

/** A connection of which only pausing and resuming matters. */
function connectionStub() {
  return { pause: vi.fn(), resume: vi.fn() };
}
const QUIET = { pause: () => undefined, resume: () => undefined };

function turnOf(pace: RefusalPace, code: string, connection: object = QUIET): Promise<void> | null {
  return pace.turn(code, connection as Socket);
}

describe('the pace of refusals', () => {
  it('answers a burst at once and what is beyond it in turn, at the rate, first come first served', async () => {
    vi.useFakeTimers();
    try {
      const pace = new RefusalPace();
      for (let n = 0; n < BURST; n++) expect(turnOf(pace, 'unauthorized')).toBeNull();
      const served: number[] = [];
      for (let n = 0; n < 1_000; n++) void turnOf(pace, 'unauthorized')?.then(() => served.push(n));
      expect(pace.waiting).toBe(1_000);
      await vi.advanceTimersByTimeAsync(100);
      expect(served.length).toBe(BURST);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(served).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(turnOf(pace, 'unauthorized')).toBeNull();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('who has gone takes a tenth of a turn, so that who comes after an attack is answered soon', async () => {
    vi.useFakeTimers();
    try {
      const pace = new RefusalPace();
      for (let n = 0; n < BURST; n++) turnOf(pace, 'unauthorized');
      const gone = { ...connectionStub(), destroyed: true };
      for (let n = 0; n < 10 * BURST; n++) void turnOf(pace, 'unauthorized', gone);
      const answered = vi.fn();
      void turnOf(pace, 'unauthorized')?.then(answered);
      // A tenth of a second brings the turns of one burst.
      await vi.advanceTimersByTimeAsync(50);
      expect(answered).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(100);
      expect([pace.waiting, answered.mock.calls.length]).toEqual([0, 1]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('paces what strangers can bring about, nothing else', () => {
    vi.useFakeTimers();
    try {
      const pace = new RefusalPace();
      for (let n = 0; n <= BURST; n++) turnOf(pace, 'unknown_trigger');
      expect(pace.waiting).toBe(1);
      for (const code of ['malformed_json', 'flow_paused', 'store_unavailable']) {
        expect(turnOf(pace, code)).toBeNull();
      }
      pace.beforeApplicationShutdown();
    } finally {
      vi.useRealTimers();
    }
  });

  it('the line is bounded, and a process that stops lets everybody go', async () => {
    // A frozen clock: on a busy machine a tick would pass meanwhile and serve more.
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const pace = new RefusalPace();
    const turns: (Promise<void> | null)[] = [];
    for (let n = 0; n < GATEWAY_LIMITS.maxWaitingRefusals + BURST + 100; n++) turns.push(turnOf(pace, 'forbidden'));
    expect(pace.waiting).toBe(GATEWAY_LIMITS.maxWaitingRefusals);
    expect(turns.slice(-50).every((turn) => turn === null)).toBe(true);
    pace.beforeApplicationShutdown();
    await Promise.all(turns);
    expect([pace.waiting, turnOf(pace, 'forbidden')]).toEqual([0, null]);
  });

  it('a connection is not read from while a refusal of it waits, so that who sends on without waiting stops', async () => {
    vi.useFakeTimers();
    try {
      const pace = new RefusalPace();
      const connection = connectionStub();
      for (let n = 0; n < BURST; n++) turnOf(pace, 'unauthorized');
      for (let n = 0; n < 3; n++) void turnOf(pace, 'unauthorized', connection);
      await vi.advanceTimersByTimeAsync(1);
      expect([pace.waiting, connection.resume.mock.calls.length]).toEqual([3, 0]);
      expect(connection.pause).toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1_000);
      expect([pace.waiting, connection.resume.mock.calls.length]).toEqual([0, 1]);
    } finally {
      vi.useRealTimers();
    }
  });
});
