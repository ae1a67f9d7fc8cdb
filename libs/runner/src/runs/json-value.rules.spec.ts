import { describe, expect, test } from 'vitest';
import { jsonValue, NotJsonError } from './json-value.rules.ts';

describe('what a step makes is kept as its JSON reads back', () => {
  test('plain data is kept as it is, without a copy', () => {
    const made = { a: [1, 'two', null, true], b: { c: 1.5 } };
    expect(jsonValue(made).value).toBe(made);
  });

  test.each([
    [undefined, null],
    [Number.NaN, null],
    [
      { a: Number.POSITIVE_INFINITY, b: 1 },
      { a: null, b: 1 },
    ],
    [{ a: undefined, b: 1 }, { b: 1 }],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ])('%j becomes %j', (made, kept) => {
    expect(jsonValue(made).value).toEqual(kept);
  });

  test('a key named __proto__ is data', () => {
    const made: unknown = JSON.parse('{"__proto__": {"polluted": true}}');
    expect(JSON.stringify(jsonValue(made).value)).toBe('{"__proto__":{"polluted":true}}');
  });
});

describe('what has no JSON form is refused, so that only its own run fails', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  test.each([
    ['a function', () => 1],
    ['a BigInt', { n: 10n }],
    ['a symbol', [Symbol('x')]],
    ['a map', new Map()],
    ['a circle', circular],
  ])('%s', (_name, made) => {
    expect(() => jsonValue(made)).toThrow(NotJsonError);
  });
});

test('the size is close to the bytes of its JSON', () => {
  const made = {
    text: 'ä'.repeat(1000),
    list: Array.from({ length: 200 }, (_, index) => ({ index, name: `n${index}` })),
  };
  const bytes = Buffer.byteLength(JSON.stringify(made));
  const { size } = jsonValue(made);
  expect(size).toBeGreaterThan(bytes * 0.8);
  expect(size).toBeLessThan(bytes * 1.5);
});
