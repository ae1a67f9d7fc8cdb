import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { JwtAuth } from '@sluice/contracts';
import {
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import type { RequestHeaders } from './request-headers.ts';
import type { Denial } from './denial.ts';

/** Longer tokens are not looked at: decoding and hashing them is work that anybody could ask for. */
const MAX_TOKEN_LENGTH = 8_192;
const BEARER = 'bearer ';

/** What verifies a token: a key, or what finds one in a set. */
export type JwtKey = Uint8Array | KeyObject | JWTVerifyGetKey;

/** The token of a request, or why there is none. */
export function presentedJwt(header: string | undefined, headers: RequestHeaders): { token: string } | Denial {
  const value = headers[header?.toLowerCase() ?? 'authorization'];
  if (typeof value !== 'string' || value === '') return 'missing';
  const isBearer = value.slice(0, BEARER.length).toLowerCase() === BEARER;
  if (header === undefined && !isBearer) return 'malformed';
  const token = isBearer ? value.slice(BEARER.length).trim() : value;
  return token.length > MAX_TOKEN_LENGTH ? 'malformed' : { token };
}

/** What a token has to be besides signed. It has to expire: one that does not is a password that cannot be changed. */
export function expectationsOf(auth: JwtAuth): JWTVerifyOptions {
  return {
    algorithms: auth.algorithms,
    clockTolerance: auth.leewaySeconds,
    requiredClaims: ['exp'],
    ...(auth.issuer === undefined ? {} : { issuer: auth.issuer }),
    ...(auth.audience === undefined ? {} : { audience: auth.audience }),
  };
}

/** The public key that a trigger names. @throws Error when it is none; the registry has refused those. */
export function publicKeyOf(key: string | Record<string, unknown>): JwtKey {
  if (typeof key === 'string') return createPublicKey(key);
  if (Array.isArray(key.keys)) return createLocalJWKSet(key as unknown as JSONWebKeySet);
  return createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
}

/**
 * Whether one of the keys signed the token and its claims hold, null when they do. The claims are judged only after
 * the signature.
 * @throws what looking for the key throws (AppError when a set cannot be fetched).
 */
export async function jwtDenial(
  token: string,
  keys: readonly JwtKey[],
  expectations: JWTVerifyOptions,
  nowMs: number,
): Promise<Denial | null> {
  const options = { ...expectations, currentDate: new Date(nowMs) };
  let denial: Denial = 'wrong';
  for (const key of keys) {
    const found = await denialOf(token, key, options);
    if (found === null) return null;
    if (found !== 'wrong') denial = found;
  }
  return denial;
}

async function denialOf(token: string, key: JwtKey, options: JWTVerifyOptions): Promise<Denial | null> {
  try {
    await jwtVerify(token, key, options);
    return null;
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return anyOf(error, token, options);
    return denialFor(error);
  }
}

/** Several keys of a set fit a token that names none. */
async function anyOf(
  candidates: errors.JWKSMultipleMatchingKeys,
  token: string,
  options: JWTVerifyOptions,
): Promise<Denial | null> {
  for await (const key of candidates) {
    const found = await jwtVerify(token, key, options).then(() => null, denialFor);
    if (found !== 'wrong') return found;
  }
  return 'wrong';
}

function denialFor(error: unknown): Denial {
  if (error instanceof errors.JWTExpired) return 'token-expired';
  if (error instanceof errors.JWTClaimValidationFailed) return claimDenial(error);
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'malformed';
  // A key that does not fit the algorithm is a TypeError: the token asks for what this key cannot say.
  if (error instanceof errors.JOSEError || error instanceof TypeError) return 'wrong';
  throw error;
}

function claimDenial({ claim, reason }: errors.JWTClaimValidationFailed): Denial {
  if (reason === 'missing') return 'missing-claim';
  if (claim === 'nbf') return 'token-not-yet-valid';
  if (claim === 'aud') return 'wrong-audience';
  return claim === 'iss' ? 'wrong-issuer' : 'malformed';
}
