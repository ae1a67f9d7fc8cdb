import { describe, expect, it } from 'vitest';
import { BatchPace } from './batch-pace.ts';

/** A consumer that takes a batch of `events` every `everyMs` for a while. */
function busyConsumer(events: number, everyMs: number): { pace: BatchPace; at: (ms: number) => void; lastMs: number } {
  let nowMs = 0;
  const pace = new BatchPace(() => nowMs);
  const at = (ms: number): void => {
    nowMs = ms;
  };
  for (let ms = 0; ms < 500; ms += everyMs) {
    at(ms);
    pace.took(events);
  }
  return { pace, at, lastMs: nowMs };
}

describe('BatchPace', () => {
  it('few events are taken as they come', () => {
    expect(busyConsumer(1, 3).pace.waitMs).toBe(0);
    expect(busyConsumer(30, 100).pace.waitMs).toBe(0);
  });

  it('many events gather for some milliseconds, counted from the last batch', () => {
    const { pace, at, lastMs } = busyConsumer(2, 1);
    expect(pace.waitMs).toBe(6);
    at(lastMs + 4);
    expect(pace.waitMs).toBe(2);
    at(lastMs + 50);
    expect(pace.waitMs).toBe(0);
  });

  it('the wait grows with the rate, and ends with the first batch after a pause', () => {
    const { pace, at, lastMs } = busyConsumer(7, 10);
    expect(pace.waitMs).toBeGreaterThan(2);
    expect(pace.waitMs).toBeLessThan(4);
    at(lastMs + 2_000);
    pace.took(1);
    expect(pace.waitMs).toBe(0);
  });
});
