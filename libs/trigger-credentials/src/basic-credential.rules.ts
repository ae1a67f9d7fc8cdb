import { hash, timingSafeEqual } from 'node:crypto';
import type { RequestHeaders } from './request-headers.ts';
import type { Denial } from './denial.ts';

const SCHEME = 'basic ';
const MAX_LENGTH = 4096;

/** What is kept of a user and its password to compare with (RFC 7617, in UTF-8). */
export function basicHash(user: string, password: string): Buffer {
  return hash('sha256', `${user}:${password}`, 'buffer');
}

/** Whether the request carries one of the credentials, null when it does. Hashes are compared, all, in constant time. */
export function basicDenial(hashes: readonly Buffer[], headers: RequestHeaders): Denial | null {
  const value = headers.authorization;
  if (typeof value !== 'string') return 'missing';
  if (value.length > MAX_LENGTH || value.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return 'malformed';
  const presented = hash('sha256', Buffer.from(value.slice(SCHEME.length).trim(), 'base64'), 'buffer');
  let matches = 0;
  for (const known of hashes) if (timingSafeEqual(known, presented)) matches++;
  return matches > 0 ? null : 'wrong';
}
