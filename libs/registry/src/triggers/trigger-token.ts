import { randomBytes } from 'node:crypto';
import { hashToken, newToken } from '@sluice/access';
import { newId, type TriggerState } from '@sluice/contracts';

export type TriggerToken = TriggerState['tokens'][number];

/** A token that was just made: in clear for the one answer that shows it, hashed for everything else. */
export interface FreshToken {
  stored: TriggerToken;
  clear: string;
}

/** An HS256 signature has so many bytes; here they are the secret. */
const SECRET_BYTES = 32;

function jsonPart(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/**
 * A token that looks like a signed JWT (LC-06: `ey…`, more than 50 characters). Nothing in it is believed: the gateway
 * compares the hash of the whole text, so its third part is 256 random bits instead of a signature, and there is no
 * signing key that could leak or would have to be rotated.
 */
export function jwtLookingToken(flowId: string, tokenId: string, now: string): string {
  const payload = { iss: 'sluice', sub: flowId, jti: tokenId, iat: Math.floor(Date.parse(now) / 1000) };
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return `${jsonPart({ alg: 'HS256', typ: 'JWT' })}.${jsonPart(payload)}.${secret}`;
}

/** Tokens of profile `flow` can be read again (LC-03), so they are sealed besides being hashed. */
export function freshToken(trigger: Pick<TriggerState, 'profile' | 'flowId'>, now: string): FreshToken {
  const id = newId();
  const isFlow = trigger.profile === 'flow';
  const clear = isFlow ? jwtLookingToken(trigger.flowId ?? id, id, now) : newToken('sluice_trg');
  const stored: TriggerToken = { id, sha256: hashToken(clear), createdAt: now };
  if (isFlow) stored.sealed = { id: newId(), version: 1 };
  return { clear, stored };
}
