import { expect, test } from 'vitest';
import { Origins } from './origins.ts';

test('instances are taken in turn', () => {
  const origins = new Origins(['a', 'b', 'c']);
  expect([1, 2, 3, 4].map(() => origins.next())).toEqual(['a', 'b', 'c', 'a']);
});

test('an instance that could not be reached is passed over for a second', () => {
  const origins = new Origins(['a', 'b']);
  origins.notReached('a', 5_000);
  expect([1, 2, 3].map(() => origins.next(5_999))).toEqual(['b', 'b', 'b']);
  expect(new Set([origins.next(6_000), origins.next(6_000)])).toEqual(new Set(['a', 'b']));
});

test('when none can be reached they are tried in turn all the same', () => {
  const origins = new Origins(['a', 'b']);
  origins.notReached('a', 0);
  origins.notReached('b', 0);
  expect([origins.next(1), origins.next(1)]).toEqual(['a', 'b']);
});
