import { expect, test } from 'vitest';
import { AGED_EVERY, AgedTurns } from './aged-turns.ts';
import type { RankedKey } from './limit.rules.ts';

/** An app whose every key always has runs waiting: turns by priority all go to the first one. */
async function turnsOf(waiting: readonly RankedKey[], count: number): Promise<RankedKey[]> {
  const aged = new AgedTurns();
  const firstBehind = async (after: RankedKey): Promise<RankedKey | null> =>
    waiting.find(({ rank, key }) => rank > after.rank || (rank === after.rank && key > after.key)) ?? null;
  const turns: RankedKey[] = [];
  for (let turn = 0; turn < count; turn++) {
    const taken = aged.isDue ? await aged.take(firstBehind) : null;
    if (!taken) aged.given();
    turns.push(taken ?? (waiting[0] as RankedKey));
  }
  return turns;
}

test('FL-07: beside urgent runs without end each priority has its turns, and the urgent ones all others', async () => {
  const waiting = Array.from({ length: 10 }, (_, rank) => ({ rank, key: `k${rank}` }));
  const turns = await turnsOf(waiting, 10 * AGED_EVERY);
  for (const { rank } of waiting.slice(1)) expect(turns.filter((each) => each.rank === rank)).toHaveLength(1);
  expect(turns.filter(({ rank }) => rank === 0)).toHaveLength(10 * AGED_EVERY - 9);
  expect(turns.slice(0, AGED_EVERY - 1).every(({ rank }) => rank === 0)).toBe(true);
});

test('FL-07: a priority of many flows gets no more such turns than one of a single flow, and all its flows have theirs', async () => {
  const crowd = Array.from({ length: 20 }, (_, index) => ({ rank: 4, key: `c${String(index).padStart(2, '0')}` }));
  const waiting = [{ rank: 0, key: 'urgent' }, ...crowd, { rank: 9, key: 'idle' }];
  const turns = await turnsOf(waiting, 60 * AGED_EVERY);
  const aged = turns.filter((_, index) => (index + 1) % AGED_EVERY === 0).map(({ key }) => key);
  expect(aged.filter((key) => key === 'idle')).toHaveLength(20);
  expect(aged.filter((key) => key.startsWith('c'))).toEqual(crowd.map(({ key }) => key));
});

test('FL-07: a priority that nobody waits in has no turn, and nobody waiting is no turn at all', async () => {
  const turns = await turnsOf(
    [
      { rank: 3, key: 'a' },
      { rank: 7, key: 'b' },
    ],
    4 * AGED_EVERY,
  );
  expect(turns.filter((_, index) => (index + 1) % AGED_EVERY === 0).map(({ rank }) => rank)).toEqual([3, 7, 3, 7]);
  const aged = new AgedTurns();
  for (let turn = 1; turn < AGED_EVERY; turn++) aged.given();
  expect([aged.isDue, await aged.take(async () => null), aged.isDue]).toEqual([true, null, false]);
});
