import { expect, test } from 'vitest';
import {
  childKeyOf,
  fairKeys,
  freeSlots,
  isChildKey,
  isLimitKey,
  keysInTurn,
  limitKeyOf,
  rankOf,
} from './limit.rules.ts';

const A = '0193aaaa-0000-7000-8000-00000000000a';
const B = '0193aaaa-0000-7000-8000-00000000000b';

test('FL-07: apps have turns, whatever number of keys each has', () => {
  const many = Array.from({ length: 100 }, (_, index) => `${A}/live/k${index}`);
  const woken = new Set([...many, `${B}/live/x`, limitKeyOf(B, 'flow')]);
  expect(fairKeys(woken, 5)).toEqual([many[0], `${B}/live/x`, many[1], `${B}/limit/flow`, many[2]]);
  expect(fairKeys(woken, 1000)).toHaveLength(102);
  expect(fairKeys([], 5)).toEqual([]);
});

test('FL-07: a slot is free when nobody holds it; a limit that was lowered lets nobody in until it is undercut', () => {
  expect(freeSlots(4, [0, 2], 32)).toEqual([1, 3]);
  expect(freeSlots(4, [], 2)).toEqual([0, 1]);
  expect(freeSlots(2, [5, 7], 32)).toEqual([]);
  expect(freeSlots(3, [5, 7], 32)).toEqual([0]);
});

test('FL-07: what waits for a slot is told from what waits for its order', () => {
  expect([limitKeyOf(A, B), limitKeyOf(null, B)].map(isLimitKey)).toEqual([true, true]);
  expect([`${A}/live/limit/x`, `${A}/draft/`].map(isLimitKey)).toEqual([false, false]);
});

test('FL-07: a higher priority is a lower rank, which comes first; within a rank keys have turns', () => {
  expect([9, 5, 0].map(rankOf)).toEqual([0, 4, 9]);
  const ranked = [
    { rank: 0, key: 'x' },
    ...['a', 'b', 'c', 'x'].map((key) => ({ rank: 4, key })),
    { rank: 9, key: 'd' },
  ];
  const keysAfter = (last: [number, string][]) => keysInTurn(ranked, new Map(last)).map(({ key }) => key);
  expect(keysAfter([])).toEqual(['x', 'a', 'b', 'c', 'd']);
  expect(keysAfter([[4, 'a']])).toEqual(['x', 'b', 'c', 'a', 'd']);
  expect(
    keysAfter([
      [4, 'c'],
      [9, 'z'],
    ]),
  ).toEqual(['x', 'a', 'b', 'c', 'd']);
});

test('FL-07: runs that count as part of another one wait by themselves', () => {
  expect([isChildKey(childKeyOf(A, B)), isLimitKey(childKeyOf(A, B)), isChildKey(limitKeyOf(A, B))]).toEqual([
    true,
    true,
    false,
  ]);
  expect(isChildKey(`${A}/live/child`)).toBe(false);
});
