import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { JwtAlgorithm, JwtAuth } from '@sluice/contracts';
import { createLocalJWKSet, exportJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { verifierOf } from './credential-verifier.ts';

const NOW_S = 1_800_000_000;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');
const SECRET = 'a shared secret of more than thirty-two bytes';

const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const GOOD: JWTPayload = { iss: 'https://issuer.example', aud: 'sluice', exp: NOW_S + 60, iat: NOW_S };

function signed(alg: string, key: KeyObject | Uint8Array, claims: JWTPayload = GOOD, kid?: string): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) }).sign(key);
}

const jwt = (algorithms: JwtAlgorithm[], change: Partial<JwtAuth> = {}): JwtAuth => ({
  type: 'jwt',
  algorithms,
  issuer: ['https://issuer.example'],
  audience: ['sluice', 'other'],
  leewaySeconds: 30,
  ...change,
});
const rs256 = jwt(['RS256'], { key: pem(rsa.publicKey) });

async function denial(auth: JwtAuth, token: string, secrets: string[] = [], headers?: Record<string, string>) {
  const keys = [
    { ...(await exportJWK(rsa.publicKey)), kid: 'one', alg: 'RS256' },
    { ...(await exportJWK(otherRsa.publicKey)), kid: 'two' },
    { ...(await exportJWK(ec.publicKey)), kid: 'ec' },
  ];
  const verify = verifierOf(
    auth,
    secrets,
    () => createLocalJWKSet({ keys }),
    () => NOW_S * 1000,
  );
  return verify(headers ?? { authorization: `Bearer ${token}` }, Buffer.alloc(0));
}

describe('GW-02: JWT', () => {
  it.each<[JwtAlgorithm, { publicKey: KeyObject; privateKey: KeyObject }]>([
    ['RS256', rsa],
    ['PS512', rsa],
    ['ES256', ec],
    ['EdDSA', ed],
  ])('%s with a public key as PEM or JWK', async (alg, pair) => {
    const token = await signed(alg, pair.privateKey, GOOD, 'a key id that the PEM does not know');
    expect(await denial(jwt([alg], { key: pem(pair.publicKey) }), token)).toBeNull();
    expect(await denial(jwt([alg], { key: pair.publicKey.export({ format: 'jwk' }) }), token)).toBeNull();
    const other: JwtAlgorithm = alg === 'RS256' ? 'PS256' : 'RS256';
    expect(await denial(jwt([other], { key: pem(rsa.publicKey) }), token)).toBe('wrong');
  });

  it('HS256 with either of two live secrets, in the encoding they are given in', async () => {
    const token = await signed('HS256', Buffer.from(SECRET));
    expect(await denial(jwt(['HS256']), token, [`${SECRET}!`, SECRET])).toBeNull();
    expect(await denial(jwt(['HS256']), token, [`${SECRET}!`])).toBe('wrong');
    expect(await denial(jwt(['HS256']), token, [])).toBe('wrong');
    const base64 = Buffer.from(SECRET).toString('base64');
    expect(await denial(jwt(['HS256'], { secretEncoding: 'base64' }), token, [base64])).toBeNull();
  });

  it('a key set, by key id; without one whichever key fits', async () => {
    const set = jwt(['RS256', 'ES256'], { jwksUrl: 'https://issuer.example/keys' });
    expect(await denial(set, await signed('RS256', rsa.privateKey, GOOD, 'one'))).toBeNull();
    expect(await denial(set, await signed('RS256', otherRsa.privateKey, GOOD, 'two'))).toBeNull();
    expect(await denial(set, await signed('ES256', ec.privateKey, GOOD))).toBeNull();
    expect(await denial(set, await signed('RS256', otherRsa.privateKey, GOOD))).toBeNull();
    expect(await denial(set, await signed('RS256', otherRsa.privateKey, GOOD, 'one'))).toBe('wrong');
    expect(await denial(set, await signed('RS256', rsa.privateKey, GOOD, 'three'))).toBe('wrong');
    expect(await denial(set, await signed('PS256', rsa.privateKey, GOOD, 'two'))).toBe('wrong');
  });

  it('none, in every spelling, is no algorithm', async () => {
    expect(await denial(rs256, new UnsecuredJWT(GOOD).encode())).not.toBeNull();
    const payload = Buffer.from(JSON.stringify(GOOD)).toString('base64url');
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null, ['none'], 'HS256\0']) {
      const header = Buffer.from(JSON.stringify({ alg })).toString('base64url');
      for (const end of ['', 'AAAA']) {
        expect(await denial(rs256, `${header}.${payload}.${end}`)).not.toBeNull();
        expect(await denial(jwt(['HS256']), `${header}.${payload}.${end}`, [SECRET])).not.toBeNull();
      }
    }
  });

  it('a public key is never taken for a shared secret, nor the other way round', async () => {
    const text = pem(rsa.publicKey);
    const header = Buffer.from('{"alg":"HS256"}').toString('base64url');
    const body = `${header}.${Buffer.from(JSON.stringify(GOOD)).toString('base64url')}`;
    for (const key of [text, text.trim(), rsa.publicKey.export({ type: 'spki', format: 'der' })]) {
      const confused = `${body}.${createHmac('sha256', key).update(body).digest('base64url')}`;
      expect(await denial(rs256, confused)).toBe('wrong');
      // Not even where somebody allowed both.
      expect(await denial(jwt(['RS256', 'HS256'], { key: text }), confused)).toBe('wrong');
    }
    expect(await denial(jwt(['HS256']), await signed('RS256', rsa.privateKey), [SECRET])).toBe('wrong');
  });

  it('claims: expiry and start within the leeway, audience, issuer, and an expiry at all', async () => {
    const of = async (change: JWTPayload) =>
      denial(rs256, await signed('RS256', rsa.privateKey, { ...GOOD, ...change }));
    expect(await of({ exp: NOW_S - 29, nbf: NOW_S + 29 })).toBeNull();
    expect(await of({ exp: NOW_S - 31 })).toBe('token-expired');
    expect(await of({ nbf: NOW_S + 31 })).toBe('token-not-yet-valid');
    expect(await of({ aud: ['x', 'other'] })).toBeNull();
    expect(await of({ aud: 'sluice.example' })).toBe('wrong-audience');
    expect(await of({ iss: 'https://issuer.example/' })).toBe('wrong-issuer');
    const { exp, ...endless } = GOOD;
    expect(exp).toBeDefined();
    expect(await denial(rs256, await signed('RS256', rsa.privateKey, endless))).toBe('missing-claim');
    const { aud, ...anybodys } = GOOD;
    expect(aud).toBeDefined();
    expect(await denial(rs256, await signed('RS256', rsa.privateKey, anybodys))).toBe('missing-claim');
  });

  it('tells a forger nothing of the claims: the signature is judged first', async () => {
    const forged = await signed('RS256', otherRsa.privateKey, { ...GOOD, exp: 1, aud: 'x' });
    expect(await denial(rs256, forged)).toBe('wrong');
  });

  it('reads another header when the trigger names one, and no token that is huge or no token at all', async () => {
    const token = await signed('RS256', rsa.privateKey);
    const there = { ...rs256, header: 'X-Assertion' };
    expect(await denial(there, '', [], { 'x-assertion': token })).toBeNull();
    expect(await denial(there, '', [], { 'x-assertion': `Bearer ${token}` })).toBeNull();
    expect(await denial(there, token)).toBe('missing');
    expect(await denial(rs256, '', [], { authorization: token })).toBe('malformed');
    const huge = await signed('RS256', rsa.privateKey, { ...GOOD, filler: 'x'.repeat(10_000) });
    expect(await denial(rs256, huge)).toBe('malformed');
    for (const text of ['a', 'a.b', 'a.b.c', '..', 'é.é.é', '{"a":1}', `${token}.x`, `${token}, ${token}`]) {
      expect({ text, denial: await denial(rs256, text) }).not.toEqual({ text, denial: null });
    }
    for (const part of [0, 1, 2]) {
      const parts = token.split('.');
      parts[part] = (parts[part] as string).replace(/.(?=.{5}$)/, (char) => (char === 'A' ? 'B' : 'A'));
      expect(await denial(rs256, parts.join('.'))).not.toBeNull();
    }
  });
});
