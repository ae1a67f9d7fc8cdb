import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Effect } from '../runs/decision.ts';
import { EffectsInFlight } from './effects-in-flight.ts';
import type { HeldRun } from './run-driver.ts';

const HOUR_MS = 3_600_000;
const START = Date.parse('2026-11-22T10:00:00Z');

beforeEach(() => vi.useFakeTimers({ now: START, toFake: ['Date', 'setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

function flying() {
  const flights = new EffectsInFlight(() => new Promise(() => {}));
  flights.begin({} as HeldRun, { key: 'call' } as Effect);
  let woken = false;
  const next = flights.next(START + HOUR_MS).then((settled) => {
    woken = true;
    return settled;
  });
  return { next, isWoken: () => woken };
}

it('FL-05: a clock that is set ahead wakes what is due beside an effect in flight, not after the length of the old time', async () => {
  const { next, isWoken } = flying();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(isWoken()).toBe(false);
  vi.setSystemTime(START + HOUR_MS);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(isWoken()).toBe(true);
  expect(await next).toEqual([]);
});

it('FL-05: a clock that is set back lets it sleep until its time has come again', async () => {
  const { next, isWoken } = flying();
  await vi.advanceTimersByTimeAsync(HOUR_MS - 5_000);
  vi.setSystemTime(START);
  await vi.advanceTimersByTimeAsync(HOUR_MS - 2_000);
  expect(isWoken()).toBe(false);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(isWoken()).toBe(true);
  expect(await next).toEqual([]);
});
