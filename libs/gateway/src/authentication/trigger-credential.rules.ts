import { hash, timingSafeEqual } from 'node:crypto';
import type { TriggerAuth } from '@sluice/contracts';
import type { RequestHeaders } from '../inbound/request-headers.ts';

/** Longer than any token of ours; longer ones are not hashed. */
const MAX_TOKEN_LENGTH = 4096;
const BEARER = 'bearer ';

/** The lower-case name of the header that carries the trigger's credential, or null when it needs none. */
export function credentialHeaderOf(auth: TriggerAuth): string | null {
  if (auth.type === 'header') return auth.name.toLowerCase();
  return auth.type === 'bearer' ? 'authorization' : null;
}

/** The token a request presents, as its trigger wants it presented; null when there is none. */
export function presentedToken(auth: TriggerAuth, headers: RequestHeaders): string | null {
  const name = credentialHeaderOf(auth);
  const value = name === null ? undefined : headers[name];
  if (typeof value !== 'string' || value.length > MAX_TOKEN_LENGTH) return null;
  if (auth.type === 'header') return value;
  return value.slice(0, BEARER.length).toLowerCase() === BEARER ? value.slice(BEARER.length).trim() : null;
}

/**
 * Whether a request may start the trigger. Denies what it does not know. The time it takes depends neither on how much
 * of a token is right nor on which of the live tokens it is: hashes are compared, in constant time, all of them.
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
  return auth.type === 'header' ? `Token realm="sluice", header="${auth.name}"` : 'Bearer realm="sluice"';
}
