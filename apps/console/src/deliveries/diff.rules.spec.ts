import { expect, it } from 'vitest';
import { comparable, diffOf } from './diff.rules.ts';

const shown = (before: string, after: string): string[] =>
  diffOf(before, after).map(({ kind, text }) => `${{ same: ' ', removed: '-', added: '+' }[kind]}${text}`);

it('shows what is only in one, and what is in both once', () => {
  expect(shown('a\nb\nc\nd', 'a\nx\nc\ny\nd')).toEqual([' a', '-b', '+x', ' c', '+y', ' d']);
  expect(shown('same', 'same')).toEqual([' same']);
  expect(shown('', 'new')).toEqual(['-', '+new']);
});

it('compares JSON by its values: order of keys and blanks are no difference', () => {
  expect(
    shown(comparable('{"b": 1, "a": [1,2]}'), comparable('{ "a":[1,2],"b":1}')).some((line) => line[0] !== ' '),
  ).toBe(false);
  expect(comparable('no { json')).toBe('no { json');
});

it('of very long texts that have nothing in common it shows both, without comparing each line with each', () => {
  const long = (name: string): string => Array.from({ length: 3_000 }, (_, n) => `${name}${n}`).join('\n');
  expect(diffOf(long('a'), long('b'))).toHaveLength(6_000);
});
