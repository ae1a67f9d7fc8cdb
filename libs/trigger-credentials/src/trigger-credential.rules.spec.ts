import { createHash } from 'node:crypto';
import type { TriggerAuth } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { challengeOf, credentialHeadersOf, isAuthentic } from './trigger-credential.rules.ts';

const hashOf = (token: string) => createHash('sha256').update(token).digest();
const live = [hashOf('first-token'), hashOf('second-token')];
const header: TriggerAuth = { type: 'header', name: 'X-My-Token' };
const bearer: TriggerAuth = { type: 'bearer' };

describe('GW-02: authentication of a trigger', () => {
  it.each<[string, TriggerAuth, Record<string, string>, boolean]>([
    ['the right header', header, { 'x-my-token': 'first-token' }, true],
    ['the second live token', header, { 'x-my-token': 'second-token' }, true],
    ['a wrong token', header, { 'x-my-token': 'first-tokeN' }, false],
    ['a prefix of the token', header, { 'x-my-token': 'first-toke' }, false],
    ['the token sent twice', header, { 'x-my-token': 'first-token, first-token' }, false],
    ['the token in another header', header, { authorization: 'Bearer first-token' }, false],
    ['no header', header, {}, false],
    ['an empty header', header, { 'x-my-token': '' }, false],
    ['the right bearer', bearer, { authorization: 'Bearer first-token' }, true],
    ['a bearer in other case', bearer, { authorization: 'bEARER second-token' }, true],
    ['the token without its scheme', bearer, { authorization: 'first-token' }, false],
    ['basic', bearer, { authorization: 'Basic Zmlyc3QtdG9rZW4=' }, false],
    ['an empty bearer', bearer, { authorization: 'Bearer ' }, false],
    [
      'the hash instead of the token',
      bearer,
      { authorization: `Bearer ${hashOf('first-token').toString('hex')}` },
      false,
    ],
    ['a token of a megabyte', bearer, { authorization: `Bearer ${'x'.repeat(1_048_576)}` }, false],
    ['nothing, where nothing is asked', { type: 'none' }, {}, true],
  ])('%s', (_, auth, headers, expected) => {
    expect(isAuthentic(auth, live, headers)).toBe(expected);
  });

  it('denies a kind of authentication that it does not know', () => {
    const later = { type: 'hmac', secret: 'x' } as unknown as TriggerAuth;
    expect(isAuthentic(later, live, { authorization: 'Bearer first-token' })).toBe(false);
  });

  it('denies everybody when no token is live', () => {
    expect(isAuthentic(bearer, [], { authorization: 'Bearer first-token' })).toBe(false);
    expect(isAuthentic(bearer, [Buffer.alloc(0)], { authorization: 'Bearer first-token' })).toBe(false);
  });

  it('names the headers of the credential in lower case, and a challenge for every 401', () => {
    const github: TriggerAuth = { type: 'hmac', preset: 'github' };
    const jwt: TriggerAuth = { type: 'jwt', algorithms: ['RS256'], header: 'X-Assertion', leewaySeconds: 0 };
    const basic: TriggerAuth = { type: 'basic', user: 'u' };
    expect([header, bearer, { type: 'none' as const }, basic, github, jwt].map(credentialHeadersOf)).toEqual([
      ['x-my-token'],
      ['authorization'],
      [],
      ['authorization'],
      ['x-hub-signature-256', 'x-hub-signature'],
      ['x-assertion'],
    ]);
    expect(challengeOf(bearer)).toBe('Bearer realm="sluice"');
    expect(challengeOf(header)).toContain('X-My-Token');
    expect(challengeOf(basic)).toBe('Basic realm="sluice", charset="UTF-8"');
    expect(challengeOf(github)).toContain('x-hub-signature-256');
  });
});
