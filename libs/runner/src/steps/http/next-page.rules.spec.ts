import { describe, expect, test } from 'vitest';
import type { PageRule } from './http-request.ts';
import { NextPageError, nextLink, nextUrl } from './next-page.rules.ts';

describe('the next page by the header Link (RFC 8288)', () => {
  test.each([
    ['<https://a/?page=2>; rel="next", <https://a/?page=9>; rel="last"', 'https://a/?page=2'],
    ['<https://a/1>; rel=prev, <https://a/3> ; title="a, b; rel=\\"next\\"" ; REL = "last Next"', 'https://a/3'],
    ['</x>;rel=next', '/x'],
    ['<https://a/?q=a,b>; rel=next', 'https://a/?q=a,b'],
    ['<https://a/>; rel="prev"; rel="next"', null],
    ['<https://a/>; relation=next', null],
    ['<https://a/', null],
    ['', null],
    [undefined, null],
  ])('of %j is %j', (header, url) => expect(nextLink(header)).toBe(url));

  test('is found in time that grows with the header, whatever it holds', () => {
    for (const text of ['<', '<>;', '<>; rel', '"', '<>;rel="', '<> ', ' ;', ',']) {
      expect(nextLink(text.repeat(16_384))).toBeNull();
    }
  });
});

describe('the address of the next page', () => {
  const rule = (fields: Partial<PageRule>): PageRule => ({
    by: 'url',
    param: 'after',
    start: 1,
    maxPages: 10,
    next: (page) => page.body,
    collect: () => [],
    ...fields,
  });
  const page = (body: unknown, number = 1) => ({ number, status: 200, headers: { link: '</b>; rel=next' }, body });
  const URL_1 = 'https://a.example/x?after=1&n=5';

  test('is what the template gives, as the kind of pages means it', () => {
    expect(nextUrl(rule({ by: 'link' }), page(null), URL_1, 1)).toBe('https://a.example/b');
    expect(nextUrl(rule({}), page('?after=2'), URL_1, 1)).toBe('https://a.example/x?after=2');
    expect(nextUrl(rule({ by: 'cursor' }), page('a b'), URL_1, 1)).toBe('https://a.example/x?after=a+b&n=5');
    expect(nextUrl(rule({ by: 'cursor' }), page(7), URL_1, 1)).toBe('https://a.example/x?after=7&n=5');
    expect(nextUrl(rule({ by: 'page', start: 0 }), page(null, 3), URL_1, 1)).toBe('https://a.example/x?after=3&n=5');
  });

  test.each([null, undefined, '', false])('is none after %j', (body) => {
    expect(nextUrl(rule({}), page(body), URL_1, 1)).toBeNull();
    expect(nextUrl(rule({ by: 'cursor' }), page(body), URL_1, 1)).toBeNull();
  });

  test('is none after a numbered page that is empty', () => {
    expect(nextUrl(rule({ by: 'page' }), page([]), URL_1, 0)).toBeNull();
  });

  test.each(['https://b.example/', 'http://a.example/', '//b.example/x', 'javascript:1', 'http://'])(
    'is refused at another origin: %s',
    (next) => expect(() => nextUrl(rule({}), page(next), URL_1, 1)).toThrow(NextPageError),
  );
});
