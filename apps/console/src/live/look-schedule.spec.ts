import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LookSchedule } from './look-schedule.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function counted() {
  let looks = 0;
  const schedule = new LookSchedule(async () => void looks++);
  return { schedule, looks: () => looks };
}

describe('when a screen is read again after a sign that something happened', () => {
  it('soon, and twice more for read models that follow later, then no more', async () => {
    const { schedule, looks } = counted();
    schedule.sign();
    await vi.advanceTimersByTimeAsync(100);
    expect(looks()).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(looks()).toBe(3);
  });

  it('signs without an end neither put it off nor make it read all the time', async () => {
    const { schedule, looks } = counted();
    for (let n = 0; n < 1_000; n++) {
      schedule.sign();
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(looks()).toBeGreaterThanOrEqual(10);
    expect(looks()).toBeLessThanOrEqual(16);
  });

  it('one reading at a time, however slow the server is; who has left reads nothing', async () => {
    const answers: (() => void)[] = [];
    const schedule = new LookSchedule(() => new Promise<void>((resolve) => answers.push(resolve)));
    schedule.sign();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(answers).toHaveLength(1);
    answers[0]?.();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(answers).toHaveLength(2);
    schedule.stop();
    answers[1]?.();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(answers).toHaveLength(2);
  });
});
