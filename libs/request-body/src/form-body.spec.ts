import { describe, expect, it } from 'vitest';
import { BodyProblem } from './body-problem.ts';
import { parseForm, parseFormBody } from './form-body.ts';

function problemOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof BodyProblem) return `${error.status} ${error.code}`;
    throw error;
  }
  return 'accepted';
}

describe('GW-07: bounded form data', () => {
  it.each<[string, string, unknown]>([
    ['names and values', 'a=1&b=two', { a: '1', b: 'two' }],
    ['repeated names as an array', 'tag=a&x=0&tag=b&tag=c', { tag: ['a', 'b', 'c'], x: '0' }],
    ['plus and percent escapes', 'full+name=Zo%C3%AB+%2B1', { 'full name': 'Zoë +1' }],
    ['a name alone', 'flag', { flag: '' }],
    ['an equals sign in the value', 'a=b=c', { a: 'b=c' }],
    ['empty pieces', '&&a=1&', { a: '1' }],
    ['a stray percent sign as itself', 'discount=10%&b=%zz%4', { discount: '10%', b: '%zz%4' }],
    ['brackets as part of the name', 'a[b]=1', { 'a[b]': '1' }],
    ['nothing', '', {}],
  ])('reads %s', (_, text, fields) => {
    expect(parseForm(text)).toEqual(fields);
  });

  it('agrees with URLSearchParams on random text', () => {
    const alphabet = ['x', 'y', '=', '&', '+', '%20', '%', '%C3%A9', '%2', ';'];
    let seed = 7;
    const next = () => (seed = (seed * 48271) % 2147483647);
    for (let round = 0; round < 2000; round++) {
      const text = Array.from({ length: next() % 12 }, () => alphabet[next() % alphabet.length]).join('');
      const expected = new Map<string, string[]>();
      for (const [name, value] of new URLSearchParams(text)) expected.set(name, [...(expected.get(name) ?? []), value]);
      const flat = Object.fromEntries([...expected].map(([name, all]) => [name, all.length === 1 ? all[0] : all]));
      expect({ text, fields: parseForm(text) }).toEqual({ text, fields: flat });
    }
  });

  it('accepts 1,000 fields and refuses 1,001', () => {
    const text = (count: number) => Array.from({ length: count }, () => 'a=1').join('&');
    expect(parseForm(text(1000)).a).toHaveLength(1000);
    expect(problemOf(() => parseForm(text(1001)))).toBe('422 too_many_fields');
  });

  it('refuses invalid UTF-8, raw or percent-encoded, rather than replacing it', () => {
    expect(problemOf(() => parseFormBody(Buffer.from([0x61, 0x3d, 0xff])))).toBe('422 invalid_utf8');
    expect(problemOf(() => parseForm('a=%ff'))).toBe('422 invalid_utf8');
    expect(problemOf(() => parseForm('a=%C3&b=1'))).toBe('422 invalid_utf8');
  });

  it('keeps __proto__ as a field and changes no prototype', () => {
    const fields = parseForm('__proto__=1&__proto__=2&constructor=3');
    expect(Object.entries(fields)).toEqual([
      ['__proto__', ['1', '2']],
      ['constructor', '3'],
    ]);
    expect(Object.getPrototypeOf(fields)).toBe(Object.prototype);
  });
});
