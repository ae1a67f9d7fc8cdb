import { describe, expect, test } from 'vitest';
import { redirected } from './redirect.rules.ts';

const sent = {
  method: 'POST',
  url: 'https://a.example/one',
  headers: [
    ['authorization', 'Bearer x'],
    ['content-type', 'application/json'],
    ['x-mine', '1'],
    ['accept', '*/*'],
  ] as [string, string][],
  body: '{}',
};

describe('a redirect', () => {
  test.each([301, 302, 303])('%d makes a GET without a body of a POST', (status) => {
    const next = redirected(sent, status, '/two#part');
    expect(next).toMatchObject({ method: 'GET', url: 'https://a.example/two', body: null });
    expect(next?.headers.map(([name]) => name)).toEqual(['authorization', 'x-mine', 'accept']);
  });

  test.each([307, 308])('%d repeats the request', (status) => {
    expect(redirected(sent, status, 'two')).toEqual({ ...sent, url: 'https://a.example/two' });
  });

  test('to another origin takes no credentials along, and never a body', () => {
    expect(redirected(sent, 303, 'https://b.example/')?.headers).toEqual([['accept', '*/*']]);
    expect(redirected(sent, 308, 'https://b.example/')).toBeNull();
    expect(redirected({ ...sent, method: 'GET', body: null }, 308, 'https://a.example:8443/')?.headers).toEqual([
      ['content-type', 'application/json'],
      ['accept', '*/*'],
    ]);
  });

  test.each([
    [200, '/two'],
    [304, '/two'],
    [302, undefined],
    [302, 'http://a.example/'],
    [302, 'file:///etc/passwd'],
    [302, 'https://['],
  ])('%d to %s is none', (status, location) => expect(redirected(sent, status, location)).toBeNull());
});
