import { type SealedRef, type TriggerAuth, type TriggerState, usesSecret } from '@sluice/contracts';
import { emptyPlan, type SealingPlan } from '../sealing/sealing.decider.ts';
import type { StoredTrigger, TriggerDecision } from '../triggers/trigger.decider.ts';
import { keepsSecrets, type LiveSecret } from './auth-secret.rules.ts';

/** During a rotation two secrets are live, never more: as many as tokens (LT-10). */
const MAX_SECRETS = 2;

/** A secret that was just sent or made: in clear for sealing it, named for everything else. */
export interface FreshSecret {
  stored: LiveSecret;
  clear: string;
}

export interface SecretsDecision {
  secrets: LiveSecret[];
  sealing: SealingPlan;
}

export function freshSecret(clear: string, nextId: () => string, now: string): FreshSecret {
  const value: SealedRef = { id: nextId(), version: 1 };
  return { clear, stored: { id: nextId(), value, createdAt: now } };
}

/**
 * The live secrets after `auth` became what it is: a fresh one replaces all, without one those are kept that still fit.
 * @param before the trigger before the change, null when it is being made.
 */
export function secretsAfter(
  before: Pick<TriggerState, 'auth' | 'secrets'> | null,
  auth: TriggerAuth,
  fresh: FreshSecret | null,
): SecretsDecision {
  const stored = before?.secrets ?? [];
  const isKept = fresh === null && before !== null && keepsSecrets(before.auth, auth);
  if (isKept) return { secrets: stored, sealing: emptyPlan() };
  const added = fresh !== null && usesSecret(auth) ? [fresh] : [];
  return {
    secrets: added.map((each) => each.stored),
    sealing: {
      ...emptyPlan(),
      seal: added.map(({ stored: { value }, clear }) => ({ ref: value, plaintext: clear })),
      remove: stored.map((secret) => secret.value.id),
    },
  };
}

/** Why a command is refused; the caller turns it into an error. */
export type SecretRefusal = 'too_many_secrets' | 'auth_without_secret' | 'no_such_secret';

/** A second live secret, so that the sender can change over before the first is revoked. */
export function addSecret({ state }: StoredTrigger, fresh: FreshSecret, now: string): TriggerDecision | SecretRefusal {
  if (!usesSecret(state.auth)) return 'auth_without_secret';
  const secrets = state.secrets ?? [];
  if (secrets.length >= MAX_SECRETS) return 'too_many_secrets';
  const seal = [{ ref: fresh.stored.value, plaintext: fresh.clear }];
  return decided('TriggerSecretAdded', state, [...secrets, fresh.stored], { ...emptyPlan(), seal }, now);
}

export function revokeSecret({ state }: StoredTrigger, secretId: string, now: string): TriggerDecision | SecretRefusal {
  const secrets = state.secrets ?? [];
  const gone = secrets.filter((secret) => secret.id === secretId);
  if (gone.length === 0) return 'no_such_secret';
  const left = secrets.filter((secret) => secret.id !== secretId);
  const remove = gone.map((secret) => secret.value.id);
  return decided('TriggerSecretRevoked', state, left, { ...emptyPlan(), remove }, now);
}

function decided(
  type: 'TriggerSecretAdded' | 'TriggerSecretRevoked',
  before: TriggerState,
  secrets: LiveSecret[],
  sealing: SealingPlan,
  now: string,
): TriggerDecision {
  const state = { ...before, secrets, updatedAt: now };
  return { event: { type, data: { trigger: state } }, state, revoked: [], sealing };
}
