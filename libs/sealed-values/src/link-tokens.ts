import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { EncryptionKey } from './key-ring.ts';

/** What a signed link is for: to give a waiting step its answer. */
export interface LinkClaim {
  /** `callback`: any body is the answer; `approval`: a decision is. */
  kind: 'callback' | 'approval';
  runId: string;
  /** The key of the step in its run (`stepKeyOf` in libs/contracts). */
  step: string;
  /** Unix seconds; the link is worth nothing afterwards. */
  expiresAt: number;
}

const VERSION = 1;
const KINDS = ['callback', 'approval'] as const;
/** Version, kind, expiry (40 bits) and run id, before the step. */
const HEAD_BYTES = 1 + 1 + 5 + 16;
const MAC_BYTES = 32;
const MAX_TOKEN = 4_096;
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/;

/**
 * Signs and checks what stands in a link: HMAC-SHA-256 over run, step, kind and expiry, under a key derived from each
 * sealing key (HKDF, RFC 5869). So nothing has to be stored for a link, every process makes the same one, and a link
 * lives as long as the sealing key that signed it is in the ring.
 */
export class LinkTokens {
  readonly #keys: readonly Buffer[];

  constructor(keys: readonly EncryptionKey[]) {
    this.#keys = keys.map(({ key }) => Buffer.from(hkdfSync('sha256', key, '', 'sluice resume links v1', 32)));
  }

  sign({ kind, runId, step, expiresAt }: LinkClaim): string {
    const [key] = this.#keys;
    if (!key) throw new Error('no key to sign links with');
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = VERSION;
    head[1] = KINDS.indexOf(kind);
    head.writeUIntBE(expiresAt, 2, 5);
    head.write(runId.replaceAll('-', ''), 7, 'hex');
    const claim = Buffer.concat([head, Buffer.from(step)]);
    return `${claim.toString('base64url')}.${macOf(key, claim).toString('base64url')}`;
  }

  /** What was signed, or null for everything that no key of the ring has signed. Expiry is the caller's to look at. */
  verify(token: string): LinkClaim | null {
    if (token.length > MAX_TOKEN || !TOKEN.test(token)) return null;
    const [text = '', signature = ''] = token.split('.');
    const claim = Buffer.from(text, 'base64url');
    const mac = Buffer.from(signature, 'base64url');
    // Every key is tried whatever the ones before said, in constant time each.
    const isOurs = this.#keys.reduce((found, key) => equal(macOf(key, claim), mac) || found, false);
    return isOurs ? claimOf(claim) : null;
  }
}

function claimOf(claim: Buffer): LinkClaim | null {
  const kind = KINDS[claim[1] as number];
  if (claim.length <= HEAD_BYTES || claim[0] !== VERSION || kind === undefined) return null;
  const hex = claim.subarray(7, HEAD_BYTES).toString('hex');
  const runId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { kind, runId, step: claim.subarray(HEAD_BYTES).toString(), expiresAt: claim.readUIntBE(2, 5) };
}

const macOf = (key: Buffer, claim: Buffer): Buffer => createHmac('sha256', key).update(claim).digest();

function equal(left: Buffer, right: Buffer): boolean {
  return left.length === MAC_BYTES && right.length === MAC_BYTES && timingSafeEqual(left, right);
}
