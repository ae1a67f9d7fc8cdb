import { describe, expect, it } from 'vitest';
import { unstorableTexts } from './storable.rules.ts';

describe('texts that PostgreSQL cannot hold', () => {
  it('are found wherever they are, each by its JSON pointer', () => {
    const body = { name: 'a\0b', props: { list: ['fine', '\ud800'], 'a/b~c': { d: '\udc00x' } } };
    expect(unstorableTexts(body)).toEqual([
      { pointer: '/name', message: 'must not contain the character NUL (U+0000)' },
      { pointer: '/props/list/1', message: 'must not contain half of a surrogate pair' },
      { pointer: '/props/a~1b~0c/d', message: 'must not contain half of a surrogate pair' },
    ]);
  });

  it('also as names of fields, which no pointer can name', () => {
    expect(unstorableTexts({ props: { 'x\0': 1 } })).toEqual([
      { pointer: '/props', message: 'a name in it must not contain the character NUL (U+0000)' },
    ]);
  });

  it('leave everything else alone: whole pairs, other controls, numbers, bytes', () => {
    expect(unstorableTexts({ a: '😀\u0001\n', b: [1, null, true], c: Buffer.from('\0'), d: '\\u0000' })).toEqual([]);
  });

  it('are told up to a number', () => {
    expect(unstorableTexts(Array.from({ length: 1_000 }, () => '\0')).length).toBe(20);
  });
});
