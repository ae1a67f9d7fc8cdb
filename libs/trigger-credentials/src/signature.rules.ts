import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { RequestHeaders } from './request-headers.ts';
import type { Denial } from './denial.ts';
import type { Presented, SignatureScheme } from './signature-scheme.ts';

const UNIX_TIME = /^\d{1,14}$/;
/** Later than year 5000 in seconds, earlier than 1974 in milliseconds: which of the two it is cannot be mistaken. */
const FIRST_MILLISECONDS = 100_000_000_000;

/**
 * Whether one of the keys signed this body, null when it did. All keys and all presented signatures are compared, each
 * in constant time, and the timestamp is judged only once the signature is right: it is signed, and a forger learns
 * nothing. Signatures are compared as text in their canonical encoding, so that no second spelling of one passes.
 */
export function signatureDenial(
  scheme: SignatureScheme,
  keys: readonly KeyObject[],
  headers: RequestHeaders,
  body: Buffer,
  nowMs: number,
): Denial | null {
  const presented = scheme.present(headers);
  if (presented === null) return scheme.signatureHeaders.some((name) => name in headers) ? 'malformed' : 'missing';
  const seconds = presented.timestamp === null ? null : secondsOf(presented.timestamp);
  if (scheme.toleranceSeconds !== null && seconds === null) return 'malformed';
  let matches = 0;
  for (const key of keys) matches += matchesOf(scheme, key, presented, body);
  if (matches === 0) return 'wrong';
  if (scheme.toleranceSeconds === null || seconds === null) return null;
  return Math.abs(nowMs / 1000 - seconds) <= scheme.toleranceSeconds ? null : 'outside-tolerance';
}

function matchesOf(scheme: SignatureScheme, key: KeyObject, presented: Presented, body: Buffer): number {
  const hmac = createHmac(scheme.algorithm, key);
  for (const part of scheme.content) {
    if (part === 'body') hmac.update(body);
    // Node shows header bytes as latin1.
    else if (part === 'timestamp') hmac.update(presented.timestamp ?? '', 'latin1');
    else if (part === 'id') hmac.update(presented.id ?? '', 'latin1');
    else hmac.update(part);
  }
  const expected = Buffer.from(hmac.digest(scheme.encoding), 'latin1');
  let matches = 0;
  for (const text of presented.signatures) {
    if (text.length !== expected.length) continue;
    const signature = Buffer.from(scheme.encoding === 'hex' ? text.toLowerCase() : text, 'latin1');
    if (signature.length === expected.length && timingSafeEqual(signature, expected)) matches++;
  }
  return matches;
}

/** Unix seconds of a timestamp in seconds or milliseconds, null when it is neither. */
function secondsOf(text: string): number | null {
  if (!UNIX_TIME.test(text)) return null;
  const value = Number(text);
  return value < FIRST_MILLISECONDS ? value : value / 1000;
}
