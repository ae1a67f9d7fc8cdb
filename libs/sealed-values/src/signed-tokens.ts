import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { EncryptionKey } from './key-ring.ts';

const MAC_BYTES = 32;
const MAX_TOKEN = 4_096;
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/;

/**
 * Signs and checks claims that go through strangers' hands: HMAC-SHA-256 under a key derived from each sealing key (HKDF,
 * RFC 5869). Every process that has the sealing keys makes and reads the same tokens, and a token lives as long as the
 * sealing key that signed it is in the ring.
 */
export class SignedTokens {
  readonly #keys: readonly Buffer[];

  /** @param purpose tells kinds of tokens apart: one of a kind is never one of another. */
  constructor(keys: readonly EncryptionKey[], purpose: string) {
    this.#keys = keys.map(({ key }) => Buffer.from(hkdfSync('sha256', key, '', purpose, 32)));
  }

  /** The claim and its signature, fit for a URL and for a header. */
  sign(claim: Buffer): string {
    const [key] = this.#keys;
    if (!key) throw new Error('no key to sign with');
    return `${claim.toString('base64url')}.${macOf(key, claim).toString('base64url')}`;
  }

  /** What was signed, or null for everything that no key of the ring has signed. */
  verify(token: string): Buffer | null {
    if (token.length > MAX_TOKEN || !TOKEN.test(token)) return null;
    const [text = '', signature = ''] = token.split('.');
    const claim = Buffer.from(text, 'base64url');
    const mac = Buffer.from(signature, 'base64url');
    // Every key is tried whatever the ones before said, in constant time each.
    const isOurs = this.#keys.reduce((found, key) => equal(macOf(key, claim), mac) || found, false);
    return isOurs ? claim : null;
  }
}

const macOf = (key: Buffer, claim: Buffer): Buffer => createHmac('sha256', key).update(claim).digest();

function equal(left: Buffer, right: Buffer): boolean {
  return left.length === MAC_BYTES && right.length === MAC_BYTES && timingSafeEqual(left, right);
}
