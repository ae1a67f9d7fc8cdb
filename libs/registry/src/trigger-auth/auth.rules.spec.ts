import { generateKeyPairSync } from 'node:crypto';
import type { TriggerAuth, TriggerState } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { MASK } from '../sealing/sealing.decider.ts';
import { authOf, authProblems, authViewOf, sentSecretOf } from './auth.rules.ts';

type Stored = Pick<TriggerState, 'auth' | 'secrets'>;
const urlProblem = (url: string): string | null => (url.startsWith('https://') ? null : 'must not be called');
const pointersOf = (auth: unknown, stored: Stored | null = null): string[] =>
  authProblems(auth, { stored, urlProblem }).map((problem) => problem.pointer);

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const P256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
const WEAK = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' });
const jwt = { type: 'jwt', algorithms: ['RS256'] };

describe('GW-02: auth of a trigger', () => {
  it.each<[unknown, TriggerAuth]>([
    [{ type: 'bearer' }, { type: 'bearer' }],
    [{ type: 'none' }, { type: 'none' }],
    [{ type: 'header' }, { type: 'header', name: 'X-Sluice-Webhook-Token' }],
    [
      { type: 'header', name: 'X-Key' },
      { type: 'header', name: 'X-Key' },
    ],
    [
      { type: 'basic', user: 'u', password: 'p' },
      { type: 'basic', user: 'u' },
    ],
    [
      { type: 'hmac', preset: 'github', secret: 's' },
      { type: 'hmac', preset: 'github' },
    ],
    [
      { type: 'hmac', preset: 'svix', secret: 'whsec_YSBzZWNyZXQgb2YgdHdlbnR5LWZvdXIh', toleranceSeconds: 60 },
      { type: 'hmac', preset: 'standard', toleranceSeconds: 60 },
    ],
    [
      { type: 'hmac', preset: 'slack', secret: 's', toleranceSeconds: 60 },
      { type: 'hmac', preset: 'slack', toleranceSeconds: 60 },
    ],
    [
      { type: 'hmac', header: 'x-sig', secret: 's' },
      {
        type: 'hmac',
        header: 'x-sig',
        algorithm: 'sha256',
        encoding: 'hex',
        prefix: '',
        signedContent: '{body}',
        secretEncoding: 'text',
      },
    ],
    [
      {
        type: 'hmac',
        header: 'x-sig',
        algorithm: 'sha1',
        encoding: 'base64',
        prefix: 'v1=',
        timestampHeader: 'x-ts',
        idHeader: 'x-id',
        toleranceSeconds: 300,
        secret: 's',
      },
      {
        type: 'hmac',
        header: 'x-sig',
        algorithm: 'sha1',
        encoding: 'base64',
        prefix: 'v1=',
        signedContent: '{id}.{timestamp}.{body}',
        secretEncoding: 'text',
        timestampHeader: 'x-ts',
        toleranceSeconds: 300,
        idHeader: 'x-id',
      },
    ],
    [
      { ...jwt, jwksUrl: 'https://i.example/keys', audience: 'a', issuer: ['i', 'j'], header: 'authorization' },
      {
        type: 'jwt',
        algorithms: ['RS256'],
        jwksUrl: 'https://i.example/keys',
        issuer: ['i', 'j'],
        audience: ['a'],
        leewaySeconds: 30,
      },
    ],
    [
      { ...jwt, key: PEM },
      { type: 'jwt', algorithms: ['RS256'], key: PEM, leewaySeconds: 30 },
    ],
    [
      { type: 'jwt', algorithms: ['HS256'], secret: 'x'.repeat(32), header: 'X-Assertion', leewaySeconds: 0 },
      { type: 'jwt', algorithms: ['HS256'], secretEncoding: 'text', header: 'X-Assertion', leewaySeconds: 0 },
    ],
  ])('%j is stored as %j, without its secret', (sent, stored) => {
    expect(pointersOf(sent)).toEqual([]);
    expect(authOf(sent)).toEqual(stored);
    // What is read can be sent back: an unchanged trigger stays unchanged.
    const secrets = [{ id: 's', value: { id: 'v', version: 1 }, createdAt: '' }];
    const view = authViewOf({ auth: stored, secrets });
    expect(pointersOf(view, { auth: stored, secrets })).toEqual([]);
    expect([authOf(view), sentSecretOf(view)]).toEqual([stored, undefined]);
  });

  it.each<[unknown, string[]]>([
    [null, ['/auth']],
    ['bearer', ['/auth']],
    [[], ['/auth']],
    [{}, ['/auth/type']],
    [{ type: 'oauth', x: 1 }, ['/auth/x', '/auth/type']],
    [{ type: 'constructor' }, ['/auth/type']],
    [{ type: 'bearer', name: 'X' }, ['/auth/name']],
    [{ type: 'none', 'a/b': 1 }, ['/auth/a~1b']],
    [{ type: 'header', name: 'two words' }, ['/auth/name']],
    [{ type: 'header', name: 'X:\r\nY' }, ['/auth/name']],
    [{ type: 'header', name: 'Authorization' }, ['/auth/name']],
    [{ type: 'header', name: 'content-LENGTH' }, ['/auth/name']],
    [{ type: 'header', name: 5, extra: 1 }, ['/auth/extra', '/auth/name']],
    [{ type: 'basic', password: 'p' }, ['/auth/user']],
    [{ type: 'basic', user: 'a:b', password: 'p' }, ['/auth/user']],
    [{ type: 'basic', user: 'a', password: 'p\r\n' }, ['/auth/password']],
    [{ type: 'hmac', preset: 'gitlab', secret: 's' }, ['/auth/preset']],
    [{ type: 'hmac', preset: 'github', header: 'x', algorithm: 'sha1' }, ['/auth/header', '/auth/algorithm']],
    [{ type: 'hmac', preset: 'github', toleranceSeconds: 5, secret: 's' }, ['/auth/toleranceSeconds']],
    [{ type: 'hmac', preset: 'stripe', toleranceSeconds: 0, secret: 's' }, ['/auth/toleranceSeconds']],
    [{ type: 'hmac', preset: 'stripe' }, ['/auth/secret']],
    [{ type: 'hmac', preset: 'standard', secret: 'whsec_not base64' }, ['/auth/secret']],
    [{ type: 'hmac', preset: 'standard', secret: 'whsec_' }, ['/auth/secret']],
    [{ type: 'hmac', preset: 'github', secret: MASK }, ['/auth/secret']],
    [{ type: 'hmac', preset: 'github', secret: '' }, ['/auth/secret']],
    [{ type: 'hmac', preset: 'github', secret: null }, ['/auth/secret']],
    [{ type: 'hmac', preset: 'github', secret: 'x'.repeat(1001) }, ['/auth/secret']],
    [{ type: 'hmac' }, ['/auth/header']],
    [{ type: 'hmac', header: 'x', algorithm: 'md5', encoding: 'hex!' }, ['/auth/algorithm', '/auth/encoding']],
    [{ type: 'hmac', header: 'x', toleranceSeconds: 5 }, ['/auth/toleranceSeconds']],
    [{ type: 'hmac', header: 'x', signedContent: 'fixed' }, ['/auth/signedContent']],
    [{ type: 'hmac', header: 'x', signedContent: '{body}{body}' }, ['/auth/signedContent']],
    [{ type: 'hmac', header: 'x', signedContent: '{timestamp}{body}' }, ['/auth/signedContent']],
    [{ type: 'hmac', header: 'x', timestampHeader: 't', signedContent: '{body}' }, ['/auth/signedContent']],
    [{ type: 'hmac', header: 'x', secretEncoding: 'hex', secret: 'abc' }, ['/auth/secret']],
    [{ type: 'jwt', algorithms: ['none'], key: PEM }, ['/auth/algorithms/0', '/auth/key']],
    [{ type: 'jwt', algorithms: [], key: PEM }, ['/auth/algorithms']],
    [{ type: 'jwt', key: PEM }, ['/auth/algorithms']],
    [{ type: 'jwt', algorithms: ['RS256', 'RS256'], key: PEM }, ['/auth/algorithms']],
    [{ type: 'jwt', algorithms: ['RS256', 'HS256'], key: PEM }, ['/auth/algorithms', '/auth/key']],
    [{ type: 'jwt', algorithms: ['HS256'], secret: 'short' }, ['/auth/secret']],
    [{ type: 'jwt', algorithms: ['HS256', 'HS512'], secret: 'x'.repeat(63) }, ['/auth/secret']],
    [{ type: 'jwt', algorithms: ['HS256'] }, ['/auth/secret']],
    [{ ...jwt, secret: 'x'.repeat(32) }, ['/auth/secret', '/auth']],
    [jwt, ['/auth']],
    [{ ...jwt, key: PEM, jwksUrl: 'https://i.example' }, ['/auth']],
    [{ ...jwt, jwksUrl: 'http://169.254.169.254/' }, ['/auth/jwksUrl']],
    [{ ...jwt, jwksUrl: 7 }, ['/auth/jwksUrl']],
    [{ ...jwt, key: 'no key' }, ['/auth/key']],
    [{ ...jwt, key: WEAK }, ['/auth/key']],
    [{ ...jwt, key: P256 }, ['/auth/key']],
    [{ ...jwt, key: { keys: [] } }, ['/auth/key/keys']],
    [{ ...jwt, key: { keys: [P256, { kty: 'RSA' }, null] } }, ['/auth/key/keys/1', '/auth/key/keys/2']],
    [{ ...jwt, key: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) }, ['/auth/key']],
    [{ ...jwt, key: rsa.privateKey.export({ format: 'jwk' }) }, ['/auth/key']],
    [{ ...jwt, key: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }, ['/auth/key']],
    [{ ...jwt, key: 'x'.repeat(20_000) }, ['/auth/key']],
    [{ ...jwt, key: PEM, audience: [], issuer: ['', 1] }, ['/auth/issuer/0', '/auth/issuer/1', '/auth/audience']],
    [{ ...jwt, key: PEM, leewaySeconds: 301, header: 'host' }, ['/auth/header', '/auth/leewaySeconds']],
  ])('%j is refused at %j', (sent, pointers) => expect(pointersOf(sent)).toEqual(pointers));

  it('a secret may be left out where we can make one, and where one is kept that still fits', () => {
    const secrets = [{ id: 's', value: { id: 'v', version: 1 }, createdAt: '' }];
    const github: Stored = { auth: { type: 'hmac', preset: 'github' }, secrets };
    expect(pointersOf({ type: 'hmac', preset: 'github' })).toEqual([]);
    expect(pointersOf({ type: 'basic', user: 'u' })).toEqual([]);
    expect(pointersOf({ type: 'hmac', preset: 'slack' }, github)).toEqual([]);
    expect(pointersOf({ type: 'hmac', preset: 'slack', secret: MASK }, github)).toEqual([]);
    // Another encoding or kind: the stored one would be read wrongly.
    expect(pointersOf({ type: 'hmac', preset: 'standard' }, github)).toEqual(['/auth/secret']);
    expect(pointersOf({ type: 'basic', user: 'u' }, github)).toEqual(['/auth/password']);
    expect(pointersOf({ type: 'hmac', preset: 'github' }, { ...github, secrets: [] })).toEqual(['/auth/secret']);
  });
});
