import { createHash, randomBytes } from 'node:crypto';

/** SHA-256 in lower-case hex: the only form in which a token is kept. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}

/** A token with 256 bits of randomness, recognisable by its prefix in leaks and logs. */
export function newToken(prefix: 'sluice_pat' | 'sluice_trg' | 'sluice_ses' | 'sluice_api'): string {
  return `${prefix}_${randomBytes(32).toString('base64url')}`;
}

/** The token of an `Authorization: Bearer` header (RFC 6750 §2.1), or null when it is not one. */
export function bearerOf(header: string | undefined): string | null {
  const match = /^bearer +([\x21-\x7e]{1,4096})$/i.exec(header ?? '');
  return match?.[1] ?? null;
}
