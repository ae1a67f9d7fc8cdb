import { describe, expect, it } from 'vitest';
import { decodedUnreserved, isAmbiguous, originForm, pathOf } from './request-target.ts';

describe('the target of a request', () => {
  it.each([
    ['/v1/flows?a=http://x/', '/v1/flows?a=http://x/'],
    ['http://x/v1/flows?a', '/v1/flows?a'],
    ['HTTPS://u:p@x:1//a', '//a'],
    ['http://x', '/'],
    ['http://x?a', '/?a'],
    ['ftp://x/a', 'ftp://x/a'],
    ['*', '*'],
  ])('in origin-form: %s is %s', (target, wanted) => {
    expect(originForm(target)).toBe(wanted);
  });

  it.each(['/a/..', '/a/./b', '/a/%2e%2E/b', '/a/.%2e', '/a%2f..%2fb', '/a\\b', '/a%5Cb', '/a#b', '/..', '/.'])(
    'could be read as another: %s',
    (path) => {
      expect(isAmbiguous(path)).toBe(true);
    },
  );

  it.each(['/', '/a/...', '/a/..b', '/a/b..', '/a/.b/c', '/a;b', '/a%2Fb', '//', '/a.b'])('is one: %s', (path) => {
    expect(isAmbiguous(path)).toBe(false);
  });

  it('its path has no query, and every unreserved character decoded, none else', () => {
    expect(pathOf('/a/b?c/../d?e')).toBe('/a/b');
    expect(pathOf('/a')).toBe('/a');
    const all = Array.from({ length: 256 }, (_, code) => code);
    const encoded = all.map((code) => `%${code.toString(16).padStart(2, '0')}`);
    const decoded = encoded.map(decodedUnreserved).filter((each) => each.length === 1);
    const unreserved = all.map((code) => String.fromCharCode(code)).filter((each) => /[A-Za-z0-9._~-]/.test(each));
    expect(decoded).toEqual(unreserved);
    expect(decodedUnreserved('/%76%31/%66lows%2Fx/%zz')).toBe('/v1/flows%2Fx/%zz');
  });
});
