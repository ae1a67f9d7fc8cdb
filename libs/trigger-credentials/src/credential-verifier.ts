import { createSecretKey, type KeyObject } from 'node:crypto';
import type { HmacAuth, JwtAuth, SecretEncoding, TriggerAuth } from '@sluice/contracts';
import type { JWTVerifyGetKey } from 'jose';
import type { RequestHeaders } from './request-headers.ts';
import { basicDenial, basicHash } from './basic-credential.rules.ts';
import type { Denial } from './denial.ts';
import { expectationsOf, type JwtKey, jwtDenial, presentedJwt, publicKeyOf } from './jwt-credential.ts';
import { signatureDenial } from './signature.rules.ts';
import { schemeOf } from './signature-scheme.ts';

/** Why a request may not start its trigger, null when it may; a promise only where a token has to be verified. */
export type VerifyCredential = (headers: RequestHeaders, body: Buffer) => Denial | null | Promise<Denial | null>;

const DENY: VerifyCredential = () => 'unknown-kind';

/**
 * Everything that can be prepared for a trigger's credential, once per change of the trigger. Denies what it does not
 * know. Tokens are not its business: they are compared by hash (`trigger-credential.rules.ts`).
 * @param secrets the trigger's live secrets in clear.
 * @param keySet finds keys in the set behind a URL.
 */
export function verifierOf(
  auth: TriggerAuth,
  secrets: readonly string[],
  keySet: (url: string) => JWTVerifyGetKey,
  clock: () => number,
): VerifyCredential {
  switch (auth.type) {
    case 'hmac':
      return hmacVerifier(auth, secrets, clock);
    case 'basic': {
      const hashes = secrets.map((password) => basicHash(auth.user, password));
      return (headers) => basicDenial(hashes, headers);
    }
    case 'jwt':
      return jwtVerifier(auth, secrets, keySet, clock);
    default:
      return DENY;
  }
}

function hmacVerifier(auth: HmacAuth, secrets: readonly string[], clock: () => number): VerifyCredential {
  const scheme = schemeOf(auth);
  if (scheme === null) return DENY;
  const keys: KeyObject[] = [];
  for (const secret of secrets) {
    const bytes = keyBytes(secret, scheme.secretEncoding);
    // An empty key would make a signature that anybody can make.
    if (bytes.length > 0) keys.push(createSecretKey(bytes));
  }
  return (headers, body) => signatureDenial(scheme, keys, headers, body, clock());
}

function jwtVerifier(
  auth: JwtAuth,
  secrets: readonly string[],
  keySet: (url: string) => JWTVerifyGetKey,
  clock: () => number,
): VerifyCredential {
  const keys = jwtKeys(auth, secrets, keySet);
  const expectations = expectationsOf(auth);
  return (headers) => {
    const presented = presentedJwt(auth.header, headers);
    return typeof presented === 'string' ? presented : jwtDenial(presented.token, keys, expectations, clock());
  };
}

/** Keys of one kind only, so that a public key is never taken for a shared secret. */
function jwtKeys(auth: JwtAuth, secrets: readonly string[], keySet: (url: string) => JWTVerifyGetKey): JwtKey[] {
  if (auth.jwksUrl !== undefined) return [keySet(auth.jwksUrl)];
  if (auth.key !== undefined) return [publicKeyOf(auth.key)];
  return secrets
    .map((secret) => new Uint8Array(keyBytes(secret, auth.secretEncoding ?? 'text')))
    .filter((bytes) => bytes.length > 0);
}

function keyBytes(secret: string, encoding: SecretEncoding | 'whsec'): Buffer {
  if (encoding === 'text') return Buffer.from(secret);
  if (encoding !== 'whsec') return Buffer.from(secret, encoding);
  return Buffer.from(secret.startsWith('whsec_') ? secret.slice('whsec_'.length) : secret, 'base64');
}
