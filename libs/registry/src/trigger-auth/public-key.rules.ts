import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { FieldProblem } from '@sluice/contracts';
import { isSent, type Sent } from './sent-fields.rules.ts';

const MAX_CHARACTERS = 16_384;
const MAX_KEYS = 20;
const MIN_RSA_BITS = 2048;
/** Members of a JWK that only its owner may know (RFC 7518 §6). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const CURVES: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' };

/**
 * What is wrong with the public key of a JWT: it must be one, and fit every algorithm that is allowed. A private key
 * would stand in events and in answers for good, so it is refused before anything else is said.
 */
export function publicKeyProblems(key: unknown, algorithms: readonly string[]): FieldProblem[] {
  const pointer = '/auth/key';
  if (typeof key !== 'string' && !isSent(key)) {
    return [{ pointer, message: 'must be a public key: PEM text, a JWK or a JWK Set' }];
  }
  const text = typeof key === 'string' ? key : JSON.stringify(key);
  if (text.length > MAX_CHARACTERS) return [{ pointer, message: `has more than ${MAX_CHARACTERS} characters` }];
  if (isPrivate(key)) return [{ pointer, message: 'is a private key: replace it, and send its public half' }];
  const single = typeof key === 'string' || !Array.isArray(key.keys) ? [key] : null;
  const keys = single ?? ((key as Sent).keys as unknown[]);
  if (keys.length === 0 || keys.length > MAX_KEYS) {
    return [{ pointer: `${pointer}/keys`, message: `must have 1 to ${MAX_KEYS} keys` }];
  }
  const objects = keys.map(keyObjectOf);
  const unreadable = objects.flatMap((object, at) => (object === null ? [at] : []));
  if (unreadable.length > 0) {
    const message = 'is no public key of RSA, an elliptic curve or Ed25519 that can be read';
    return unreadable.map((at) => ({ pointer: single ? pointer : `${pointer}/keys/${at}`, message }));
  }
  return algorithms
    .filter((algorithm) => !objects.some((object) => object !== null && fits(object, algorithm)))
    .map((algorithm) => ({ pointer, message: `does not go with ${algorithm} (RSA: at least ${MIN_RSA_BITS} bits)` }));
}

function isPrivate(key: string | Sent): boolean {
  if (typeof key === 'string') return key.includes('PRIVATE KEY');
  const jwks: unknown[] = Array.isArray(key.keys) ? key.keys : [key];
  return jwks.some((jwk) => isSent(jwk) && PRIVATE_MEMBERS.some((member) => member in jwk));
}

function keyObjectOf(key: unknown): KeyObject | null {
  try {
    if (typeof key === 'string') return createPublicKey(key);
    return isSent(key) ? createPublicKey({ key: key as JsonWebKey, format: 'jwk' }) : null;
  } catch {
    return null;
  }
}

function fits(key: KeyObject, algorithm: string): boolean {
  const details = key.asymmetricKeyDetails;
  if (algorithm === 'EdDSA') return key.asymmetricKeyType === 'ed25519';
  if (algorithm.startsWith('ES')) return details?.namedCurve === CURVES[algorithm];
  return /^[RP]S/.test(algorithm) && key.asymmetricKeyType === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA_BITS;
}
