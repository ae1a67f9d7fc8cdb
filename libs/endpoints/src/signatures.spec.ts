import { createHmac, createPublicKey, verify } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { describe, expect, it } from 'vitest';
import { etlSignature, newSecret, publicKeyOf, standardSignatures } from './signatures.ts';

const ID = '01999999-0000-8000-8000-0000000000d1';
const BODY = '{"zażółć":"gęślą"}';
const NEW = newSecret(new Uint8Array(32).fill(1));
const OLD = newSecret(new Uint8Array(32).fill(2));
const now = () => Math.floor(Date.now() / 1000);

function headersOf(secrets: readonly string[], body = BODY): Record<string, string> {
  const timestamp = now();
  return {
    'webhook-id': ID,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': standardSignatures(secrets, { id: ID, timestamp, body }),
  };
}

const asSvix = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.replace('webhook-', 'svix-'), value]));

describe('DL-01: Standard Webhooks signatures', () => {
  it('are verified by the standardwebhooks and svix libraries, which pass over v1a', () => {
    const headers = headersOf([NEW]);
    expect(new StandardWebhook(NEW).verify(BODY, headers)).toEqual(JSON.parse(BODY));
    for (const named of [headers, asSvix(headers)]) {
      expect(() => new SvixWebhook(NEW).verify(BODY, named)).not.toThrow();
      expect(() => new SvixWebhook(OLD).verify(BODY, named)).toThrow();
    }
    expect(() => new StandardWebhook(NEW).verify(`${BODY} `, headers)).toThrow();
  });

  it('are made with every live secret, so that receivers change theirs when they like', () => {
    const headers = headersOf([NEW, OLD]);
    for (const secret of [NEW, OLD]) {
      expect(() => new StandardWebhook(secret).verify(BODY, headers)).not.toThrow();
      expect(() => new SvixWebhook(secret).verify(BODY, headers)).not.toThrow();
    }
    const stranger = newSecret(new Uint8Array(32).fill(3));
    expect(() => new StandardWebhook(stranger).verify(BODY, headers)).toThrow();
  });

  it('v1a is ed25519 over the same message, verified by the public key that the API shows (RFC 8032)', () => {
    const headers = headersOf([NEW]);
    const raw = Buffer.from(publicKeyOf(NEW).slice('whpk_'.length), 'base64');
    expect([publicKeyOf(NEW).slice(0, 5), raw.length]).toEqual(['whpk_', 32]);
    // By another way than the one that made it: a JSON Web Key of the raw bytes (RFC 8037).
    const key = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
      format: 'jwk',
    });
    const [, signature = ''] = /v1a,(\S+)/.exec(headers['webhook-signature'] ?? '') ?? [];
    const message = Buffer.from(`${ID}.${headers['webhook-timestamp']}.${BODY}`);
    expect(verify(null, message, key, Buffer.from(signature, 'base64'))).toBe(true);
    expect(verify(null, Buffer.concat([message, Buffer.from('x')]), key, Buffer.from(signature, 'base64'))).toBe(false);
  });

  it('a secret has one public key, another secret another', () => {
    expect(publicKeyOf(NEW)).toBe(publicKeyOf(NEW));
    expect(publicKeyOf(NEW)).not.toBe(publicKeyOf(OLD));
  });

  it('bytes are signed as they are, whether they are text or not', () => {
    const body = Uint8Array.from([0xff, 0x00, 0x80]);
    const timestamp = now();
    const expected = createHmac('sha256', Buffer.from('plain'))
      .update(Buffer.concat([Buffer.from(`${ID}.${timestamp}.`), body]))
      .digest('base64');
    expect(standardSignatures(['plain'], { id: ID, timestamp, body })).toContain(`v1,${expected}`);
    expect(etlSignature('plain', body)).toBe(createHmac('sha1', 'plain').update(body).digest('hex'));
  });
});
