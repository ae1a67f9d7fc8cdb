import { expect, test } from 'vitest';
import { waterfallOf } from './waterfall.rules.ts';

const at = (ms: number): string => new Date(1_700_000_000_000 + ms).toISOString();
const step = (ref: string, from: number, to: number | null, path?: string) => ({
  ref,
  path,
  startedAt: at(from),
  finishedAt: to === null ? null : at(to),
});

test('FL-09: the time in the queue stands apart from the time of the steps', () => {
  const run = {
    queuedAt: at(0),
    startedAt: at(250),
    finishedAt: at(1_000),
    steps: [step('a', 250, 500), step('b', 500, 1_000, 'each[2].b')],
  };
  const { queue, bars, wholeMs } = waterfallOf(run, 0);
  expect([queue, wholeMs]).toEqual([{ width: 0.25, ms: 250 }, 1_000]);
  expect(bars.map(({ from, width, ms, depth }) => [from, width, ms, depth])).toEqual([
    [0.25, 0.25, 250, 0],
    [0.5, 0.5, 500, 1],
  ]);
});

test('what goes on grows until now, and nothing is drawn outside of the picture', () => {
  const run = {
    queuedAt: at(0),
    startedAt: at(0),
    finishedAt: null,
    steps: [step('a', 0, null), step('late', -50, 0), step('end', 1_000, 1_000)],
  };
  const { bars } = waterfallOf(run, Date.parse(at(1_000)));
  expect(bars[0]).toMatchObject({ from: 0, width: 1, ms: 1_000 });
  for (const { from, width } of bars) {
    expect(from).toBeGreaterThanOrEqual(0);
    expect(width).toBeGreaterThan(0);
    expect(from + width).toBeLessThanOrEqual(1.000001);
  }
});

test('a run that waits for its turn is all queue', () => {
  const run = { queuedAt: at(0), startedAt: null, finishedAt: null, steps: [] };
  expect(waterfallOf(run, Date.parse(at(400)))).toEqual({ queue: { width: 1, ms: 400 }, bars: [], wholeMs: 400 });
});
