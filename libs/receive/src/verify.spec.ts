import { etlSignature, publicKeyOf, standardSignatures } from '@sluice/endpoints';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { VerificationError, verify, type VerifyOptions } from './verify.ts';

const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
const OTHER = 'a secret that is not base64';
const NOW = Date.parse('2026-03-01T12:00:00Z');
const ID = '01999999-0000-8000-8000-000000000001';
const BODY = JSON.stringify({ eventId: ID, eventType: 'order.created', note: 'zażółć' });

function sent(secrets: readonly string[], change: Record<string, string> = {}): Record<string, string> {
  const timestamp = NOW / 1000;
  return {
    'webhook-id': ID,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': standardSignatures(secrets, { id: ID, timestamp, body: BODY }),
    'x-etl-webhook-signature': etlSignature(secrets[0] ?? '', BODY),
    ...change,
  };
}
const options = (change: Partial<VerifyOptions> = {}): VerifyOptions => ({ secret: SECRET, now: () => NOW, ...change });
const verdict = (headers: Record<string, string>, change: Partial<VerifyOptions> = {}, body: string = BODY): string => {
  try {
    return verify({ headers, body }, options(change)).scheme;
  } catch (error) {
    return error instanceof VerificationError ? error.code : String(error);
  }
};

describe('DL-01: what Sluice signs is verified', () => {
  it('with the secret (v1), with the public key (v1a), and by HMAC-SHA1 where that was asked for', () => {
    expect(verdict(sent([SECRET]))).toBe('v1');
    expect(verdict(sent([SECRET]), { secret: publicKeyOf(SECRET) })).toBe('v1a');
    expect(verdict(sent([SECRET]), { schemes: ['etl'] })).toBe('etl');
    expect(verdict(sent([OTHER]), { secret: OTHER })).toBe('v1');
    expect(verdict(sent([OTHER]), { secret: publicKeyOf(OTHER), schemes: ['v1a'] })).toBe('v1a');
  });

  it('like the library of Standard Webhooks signs it', () => {
    const signature = new Webhook(SECRET).sign(ID, new Date(NOW), BODY);
    expect(verdict(sent([OTHER], { 'webhook-signature': signature }))).toBe('v1');
  });

  it('while a secret is rotated, on either side', () => {
    expect(verdict(sent(['new', SECRET]))).toBe('v1');
    expect(verdict(sent(['new']), { secret: [SECRET, 'new'] })).toBe('v1');
  });

  it('from headers of any case, and of Fetch', () => {
    const headers = sent([SECRET]);
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    expect(verdict(upper)).toBe('v1');
    expect(verify({ headers: new Headers(headers), body: Buffer.from(BODY) }, options())).toEqual({
      id: ID,
      scheme: 'v1',
      timestamp: new Date(NOW),
    });
  });
});

describe('what is not to be believed', () => {
  const bad: [string, Record<string, string>, Partial<VerifyOptions>, string][] = [
    ['another secret', sent([OTHER]), {}, 'bad_signature'],
    ['another public key', sent([OTHER]), { secret: publicKeyOf(SECRET) }, 'bad_signature'],
    ['another id', sent([SECRET], { 'webhook-id': 'other' }), {}, 'bad_signature'],
    ['another time', sent([SECRET], { 'webhook-timestamp': String(NOW / 1000 - 1) }), {}, 'bad_signature'],
    ['no id', sent([SECRET], { 'webhook-id': '' }), {}, 'malformed'],
    ['a time that is none', sent([SECRET], { 'webhook-timestamp': '1e9' }), {}, 'bad_timestamp'],
    ['a time of minus one', sent([SECRET], { 'webhook-timestamp': '-1' }), {}, 'bad_timestamp'],
    ['a signature that is no base64', sent([SECRET], { 'webhook-signature': 'v1,*** v1a,***' }), {}, 'bad_signature'],
    ['a signature without a scheme', sent([SECRET], { 'webhook-signature': 'nonsense' }), {}, 'bad_signature'],
    ['an unknown scheme', sent([SECRET], { 'webhook-signature': 'v9,abc' }), {}, 'bad_signature'],
    ['no signature', {}, {}, 'no_signature'],
    ['sha1 when it was not asked for', { 'x-etl-webhook-signature': etlSignature(SECRET, BODY) }, {}, 'no_signature'],
    ['sha1 that is wrong', { 'x-etl-webhook-signature': 'f'.repeat(40) }, { schemes: ['etl'] }, 'bad_signature'],
    ['sha1 that is short', { 'x-etl-webhook-signature': 'ff' }, { schemes: ['etl'] }, 'bad_signature'],
    ['an old request', sent([SECRET]), { now: () => NOW + 301_000 }, 'too_old'],
    ['a request of the future', sent([SECRET]), { now: () => NOW - 301_000 }, 'in_the_future'],
  ];
  it.each(bad)('%s', (_what, headers, change, expected) => {
    expect(verdict(headers, change)).toBe(expected);
  });

  it('a body of which one byte differs', () => {
    expect(verdict(sent([SECRET]), {}, `${BODY} `)).toBe('bad_signature');
    expect(verdict(sent([SECRET]), { schemes: ['etl'] }, `${BODY} `)).toBe('bad_signature');
  });

  it('more signatures than anybody sends are not all tried', () => {
    const many = `${'v1,AAAA '.repeat(20)}${sent([SECRET])['webhook-signature']}`;
    expect(verdict(sent([SECRET], { 'webhook-signature': many }))).toBe('bad_signature');
  });

  it('a missing secret is a mistake of the program, not of the request', () => {
    expect(() => verify({ headers: sent([SECRET]), body: BODY }, options({ secret: '' }))).toThrow(TypeError);
  });
});
