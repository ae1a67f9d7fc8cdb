import { expect, test } from 'vitest';
import { curlOf, cut, readable, visible } from './payload.rules.ts';

test('CO-02: what hides in a payload is made visible', () => {
  expect(visible('a\u202eb\u200bc\u0000d\ufeff')).toBe('a\\u202eb\\u200bc\\u0000d\\ufeff');
  expect(visible('tab\tline\nשלום 😀')).toBe('tab\tline\nשלום 😀');
});

test('CO-02: JSON is indented, other text stays as it came', () => {
  expect(readable('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(readable('{no json')).toBe('{no json');
  expect(readable('<script>alert(1)</script>')).toBe('<script>alert(1)</script>');
  expect(readable({ a: [1] })).toContain('"a"');
  expect(readable(undefined)).toBe('');
});

test('CO-02: a long text is shown in part, and the rest is counted', () => {
  expect(cut('abcdef', 4)).toEqual({ shown: 'abcd', left: 2 });
  expect(cut('abcd', 4)).toEqual({ shown: 'abcd', left: 0 });
});

test('CO-01: a curl is quoted so that a shell takes everything as text', () => {
  const request = { method: 'POST', url: 'http://h/t?a=1&b=2', headers: { 'x-a': "it's" }, body: '$(rm -rf /)' };
  expect(curlOf(request)).toBe(`curl -sS -X POST -H 'x-a: it'\\''s' --data-binary '$(rm -rf /)' 'http://h/t?a=1&b=2'`);
});
