import { randomBytes } from 'node:crypto';
import { newId, type TriggerAuth, usesSecret } from '@sluice/contracts';
import { sentSecretOf } from './auth.rules.ts';
import { type FreshSecret, freshSecret } from './auth-secret.decider.ts';
import { writtenSecret } from './auth-secret.rules.ts';

/** As long as the hash of the strongest common algorithm that vendors sign with. */
const MADE_BYTES = 32;

/** A secret in clear, and whether it was made here, so that it has to be shown once. */
export interface AddedSecret {
  secret: FreshSecret;
  isOurs: boolean;
}

/** @param sent the secret, or undefined to have one made. */
export function newSecretFor(auth: TriggerAuth, sent: string | undefined, now: string): AddedSecret {
  const clear = sent ?? writtenSecret(auth, randomBytes(MADE_BYTES));
  return { secret: freshSecret(clear, newId, now), isOurs: sent === undefined };
}

/** The secret of a new trigger, null when it has none. @param sentAuth `auth` as it was sent and found good. */
export function firstSecretOf(auth: TriggerAuth, sentAuth: unknown, now: string): AddedSecret | null {
  return usesSecret(auth) ? newSecretFor(auth, sentSecretOf(sentAuth), now) : null;
}

/** The secret that a change of `auth` brings, null when it brings none. */
export function replacingSecretOf(sentAuth: unknown, now: string): FreshSecret | null {
  const sent = sentSecretOf(sentAuth);
  return sent === undefined ? null : freshSecret(sent, newId, now);
}
