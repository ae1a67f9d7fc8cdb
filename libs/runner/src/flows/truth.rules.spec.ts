import { expect, test } from 'vitest';
import { isTruthy, saysTrue } from './truth.rules.ts';

test.each([null, undefined, false, '', 0, [], {}, Number.NaN])('%j is false, as in Python', (value) => {
  expect(isTruthy(value)).toBe(false);
});

test.each([true, 'false', ' ', 1, -1, [0], { a: 0 }])('%j is true, as in Python', (value) => {
  expect(isTruthy(value)).toBe(true);
});

test.each([
  ['', false],
  [' False ', false],
  ['none', false],
  ['0', false],
  ['yes', true],
  ['True', true],
])('rendered text %j says %j', (text, said) => {
  expect(saysTrue(text)).toBe(said);
});
