import { expect, test } from 'vitest';
import { covers } from './event-patterns.ts';

test.each([
  ['*', 'a.b', true],
  ['*', '*', true],
  ['a.b', 'a.b', true],
  ['a.*', 'a.b', true],
  ['a.*', 'a.b.*', true],
  ['a.*', 'a.*', true],
  ['a.*', 'a', false],
  ['a.b.*', 'a.*', false],
  ['a.*', '*', false],
  ['a', 'a.b', false],
])('DL-02: of types %s: %s is covered: %s', (pattern, type, is) => {
  expect(covers(pattern, type)).toBe(is);
});
