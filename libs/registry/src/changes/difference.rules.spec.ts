import { describe, expect, it } from 'vitest';
import { differences } from './difference.rules.ts';

describe('RG-03: what a change has changed', () => {
  it('is told value by value, with what was there and what is', () => {
    const before = { name: 'a', gone: 1, steps: [{ ref: 'x', to: 1 }, { ref: 'y' }], same: { deep: [1] } };
    const after = { name: 'b', steps: [{ ref: 'x', to: 2 }], same: { deep: [1] }, 'a/b~': null, updatedAt: 'later' };
    expect(differences(before, after)).toEqual({
      changes: [
        { pointer: '/name', before: 'a', after: 'b' },
        { pointer: '/gone', before: 1 },
        { pointer: '/steps/0/to', before: 1, after: 2 },
        { pointer: '/steps/1', before: { ref: 'y' } },
        { pointer: '/a~1b~0', after: null },
      ],
      omitted: 0,
    });
  });

  it('never shows the hash of a token or which sealed value it is, only that it is another one', () => {
    const before = { tokens: [{ id: 't', sha256: 'aa' }], secret: { id: 's1', version: 1 }, headers: [] };
    const after = {
      tokens: [{ id: 't', sha256: 'bb' }],
      secret: { id: 's1', version: 2 },
      headers: [{ key: 'x', value: { id: 's3', version: 1 } }],
    };
    expect(differences(before, after).changes).toEqual([
      { pointer: '/tokens/0/sha256', before: '***', after: '***' },
      { pointer: '/secret', before: '***', after: '***' },
      { pointer: '/headers/0', after: { key: 'x', value: '***' } },
    ]);
  });

  it('is bounded: the first hundred values, and none of more than 4,000 characters', () => {
    const many = differences({}, Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`k${index}`, index])));
    expect([many.changes.length, many.omitted]).toEqual([100, 50]);
    expect(differences({ text: 'a' }, { text: 'b'.repeat(5_000) }).changes).toEqual([
      { pointer: '/text', before: 'a', after: { omittedCharacters: 5_002 } },
    ]);
  });
});
