import { describe, expect, it } from 'vitest';
import { BodyProblem } from './body-problem.ts';
import { parseJson } from './json-body.ts';

function problemOf(bytes: Buffer | string): string {
  try {
    parseJson(Buffer.from(bytes as string));
  } catch (error) {
    if (error instanceof BodyProblem) return `${error.status} ${error.code}`;
    throw error;
  }
  return 'accepted';
}

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const keys = (count: number) => `{${Array.from({ length: count }, (_, index) => `"k${index}":0`).join(',')}}`;

describe('GW-07: bounded JSON', () => {
  it.each<[string, string | Buffer, unknown]>([
    ['an object', '{"a":[1,2,{"b":null}]}', { a: [1, 2, { b: null }] }],
    ['a scalar', '42', 42],
    ['text beside ASCII', '{"name":"Zoë 🐘"}', { name: 'Zoë 🐘' }],
    ['a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"a":1}')]), { a: 1 }],
    ['a repeated key, the last one counts', '{"a":1,"a":2}', { a: 2 }],
  ])('reads %s', (_, bytes, value) => {
    expect(parseJson(Buffer.from(bytes as string))).toEqual(value);
  });

  it.each([
    ['an open brace', '{"a":1'],
    ['a trailing comma', '{"a":1,}'],
    ['single quotes', "{'a':1}"],
    ['only blanks', '   '],
    ['two documents', '{}{}'],
    ['NaN', '{"a":NaN}'],
    ['an unfinished string with an escape at its end', '"\\'],
  ])('refuses %s as malformed', (_, text) => {
    expect(problemOf(text)).toBe('422 malformed_json');
  });

  it.each([
    ['a lone continuation byte', Buffer.from([0x22, 0x80, 0x22])],
    ['a truncated sequence', Buffer.from([0x22, 0xe2, 0x82, 0x22])],
    ['an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ])('refuses %s as invalid UTF-8', (_, bytes) => {
    expect(problemOf(bytes)).toBe('422 invalid_utf8');
  });

  it('accepts 64 levels and refuses 65, also when the text is broken or of a megabyte', () => {
    expect(problemOf(nested(64))).toBe('accepted');
    expect(problemOf(nested(65))).toBe('422 too_deep');
    expect(problemOf('['.repeat(70))).toBe('422 too_deep');
    expect(problemOf(nested(500_000))).toBe('422 too_deep');
    expect(problemOf('{"a":'.repeat(70) + '1' + '}'.repeat(70))).toBe('422 too_deep');
  });

  it('counts depth, not brackets: many shallow arrays and brackets inside strings are accepted', () => {
    expect(problemOf(JSON.stringify(Array.from({ length: 500 }, () => [1, {}])))).toBe('accepted');
    expect(problemOf(JSON.stringify({ text: `${'['.repeat(200)}\\"${'{'.repeat(200)}\\` }))).toBe('accepted');
  });

  it('accepts 10,000 keys and refuses 10,001, wherever they are', () => {
    expect(problemOf(keys(10_000))).toBe('accepted');
    expect(problemOf(keys(10_001))).toBe('422 too_many_keys');
    expect(problemOf(JSON.stringify(Array.from({ length: 10_001 }, () => ({ '': 0 }))))).toBe('422 too_many_keys');
    expect(problemOf(JSON.stringify({ text: ':'.repeat(100_000) }))).toBe('accepted');
  });

  it('keeps __proto__ and constructor as data and changes no prototype', () => {
    const value = parseJson(Buffer.from('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}'));
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect((value as { admin?: unknown }).admin).toBeUndefined();
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
    expect(JSON.stringify({ ...(value as object) })).toContain('"__proto__":{"admin":true}');
  });

  it('says where broken JSON is broken without repeating all of it', () => {
    const broken = Buffer.from(`{"a": ${'x'.repeat(100_000)}}`);
    expect(() => parseJson(broken)).toThrow(/^The body is not valid JSON: .{10,200}$/);
  });
});
