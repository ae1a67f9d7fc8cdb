import { hash, timingSafeEqual } from 'node:crypto';
import type { TriggerAuth } from '@sluice/contracts';
import type { RequestHeaders } from './request-headers.ts';
import { schemeOf } from './signature-scheme.ts';

/** Longer than any token of ours; longer ones are not hashed. */
const MAX_TOKEN_LENGTH = 4096;
const BEARER = 'bearer ';
const NONE: readonly string[] = [];
const AUTHORIZATION: readonly string[] = ['authorization'];

/** The lower-case names of the headers that carry the trigger's credential; they are never recorded. */
export function credentialHeadersOf(auth: TriggerAuth): readonly string[] {
  switch (auth.type) {
    case 'none':
      return NONE;
    case 'header':
      return [auth.name.toLowerCase()];
    case 'hmac':
      return schemeOf(auth)?.signatureHeaders ?? NONE;
    case 'jwt':
      return auth.header === undefined ? AUTHORIZATION : [auth.header.toLowerCase()];
    default:
      return AUTHORIZATION;
  }
}

/** The token a request presents, as its trigger wants it presented; null when there is none. */
export function presentedToken(auth: TriggerAuth, headers: RequestHeaders): string | null {
  const value = headers[auth.type === 'header' ? auth.name.toLowerCase() : 'authorization'];
  if (typeof value !== 'string' || value.length > MAX_TOKEN_LENGTH) return null;
  if (auth.type === 'header') return value;
  return value.slice(0, BEARER.length).toLowerCase() === BEARER ? value.slice(BEARER.length).trim() : null;
}

/**
 * Whether a request may start the trigger by a token, or without any. Denies what it does not know. The time it takes
 * depends neither on how much of a token is right nor on which of the live tokens it is: hashes are compared, in
 * constant time, all of them.
 */
export function isAuthentic(auth: TriggerAuth, tokenHashes: readonly Buffer[], headers: RequestHeaders): boolean {
  if (auth.type === 'none') return true;
  if (auth.type !== 'bearer' && auth.type !== 'header') return false;
  const token = presentedToken(auth, headers);
  if (token === null || token === '') return false;
  const presented = hash('sha256', token, 'buffer');
  let matches = 0;
  for (const known of tokenHashes) {
    if (known.length === presented.length && timingSafeEqual(known, presented)) matches++;
  }
  return matches > 0;
}

/** What `WWW-Authenticate` says (RFC 9110 §11.6.1 wants it on every 401). */
export function challengeOf(auth: TriggerAuth): string {
  switch (auth.type) {
    case 'header':
      return `Token realm="sluice", header="${auth.name}"`;
    case 'hmac':
      return `Signature realm="sluice", header="${schemeOf(auth)?.signatureHeaders[0] ?? ''}"`;
    case 'basic':
      return 'Basic realm="sluice", charset="UTF-8"';
    default:
      return 'Bearer realm="sluice"';
  }
}
