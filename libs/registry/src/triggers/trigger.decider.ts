import { type TriggerAuth, type TriggerState, usesToken } from '@sluice/contracts';
import type { RegistryEvent } from '../changes/registry-event.ts';
import { emptyPlan, type SealingPlan } from '../sealing/sealing.decider.ts';
import { type FreshSecret, secretsAfter } from '../trigger-auth/auth-secret.decider.ts';
import type { FreshToken, TriggerToken } from './trigger-token.ts';

/** A trigger as it is now, and how far its stream has come. */
export interface StoredTrigger {
  state: TriggerState;
  streamVersion: number;
}

/** Fields that are absent stay as they are. */
export interface TriggerPatch
  extends Pick<
    TriggerState,
    'idempotency' | 'rateLimit' | 'cors' | 'ordering' | 'allowedIps' | 'handshake' | 'externalKey' | 'forwardTo'
  > {
  name?: string;
  methods?: string[];
  auth?: TriggerAuth;
  props?: unknown;
  enabled?: boolean;
}

export interface TriggerDecision {
  /** Null: nothing changes. */
  event: Extract<RegistryEvent, { data: { trigger: TriggerState } }> | null;
  state: TriggerState;
  /** Tokens that may no longer be used. */
  revoked: string[];
  sealing: SealingPlan;
}

/** Why a command is refused; the caller turns it into an error. */
export type TriggerRefusal = 'too_many_tokens' | 'auth_without_token' | 'no_such_token';

/** During a rotation two tokens are live, never more (LT-10). */
const MAX_TOKENS = 2;

type NewTrigger = Omit<TriggerState, 'tokens' | 'secrets' | 'createdAt' | 'updatedAt'>;

/** What proves the first requests of a new trigger; each is null for one that does not ask for it. */
export interface FirstCredentials {
  token: FreshToken | null;
  secret: FreshSecret | null;
}

export function createTrigger(trigger: NewTrigger, { token, secret }: FirstCredentials, now: string): TriggerDecision {
  const { secrets, sealing } = secretsAfter(null, trigger.auth, secret);
  const state: TriggerState = {
    ...trigger,
    tokens: token ? [token.stored] : [],
    ...(secrets.length > 0 ? { secrets } : {}),
    createdAt: now,
    updatedAt: now,
  };
  if (token?.stored.sealed) sealing.seal.push({ ref: token.stored.sealed, plaintext: token.clear });
  return { event: { type: 'TriggerCreated', data: { trigger: state } }, state, revoked: [], sealing };
}

/** @param secret takes the place of all that are live; null keeps those that go with `auth`. */
export function changeTrigger(
  trigger: StoredTrigger,
  patch: TriggerPatch,
  secret: FreshSecret | null,
  now: string,
): TriggerDecision {
  const before = trigger.state;
  const { secrets, sealing } = secretsAfter(before, patch.auth ?? before.auth, secret);
  const state: TriggerState = { ...before, ...patch };
  if (secrets.length > 0 || before.secrets !== undefined) state.secrets = secrets;
  if (JSON.stringify(state) === JSON.stringify(before))
    return { event: null, state: before, revoked: [], sealing: emptyPlan() };
  const changed = { ...state, updatedAt: now };
  return { event: { type: 'TriggerUpdated', data: { trigger: changed } }, state: changed, revoked: [], sealing };
}

/** @param capture null to disarm. Settings are not touched, and neither is the time of their last change. */
export function setCapture(
  trigger: StoredTrigger,
  capture: NonNullable<TriggerState['capture']> | null,
): TriggerDecision {
  if (capture === null && !trigger.state.capture) {
    return { event: null, state: trigger.state, revoked: [], sealing: emptyPlan() };
  }
  const state = { ...trigger.state, capture };
  return { event: { type: 'TriggerCaptureSet', data: { trigger: state } }, state, revoked: [], sealing: emptyPlan() };
}

export function addToken(trigger: StoredTrigger, token: FreshToken, now: string): TriggerDecision | TriggerRefusal {
  if (!usesToken(trigger.state.auth)) return 'auth_without_token';
  if (trigger.state.tokens.length >= MAX_TOKENS) return 'too_many_tokens';
  const state = { ...trigger.state, tokens: [...trigger.state.tokens, token.stored], updatedAt: now };
  return { event: { type: 'TriggerTokenAdded', data: { trigger: state } }, state, revoked: [], sealing: sealed(token) };
}

export function revokeToken(trigger: StoredTrigger, tokenId: string, now: string): TriggerDecision | TriggerRefusal {
  const revoked = trigger.state.tokens.filter((token) => token.id === tokenId);
  if (revoked.length === 0) return 'no_such_token';
  const tokens = trigger.state.tokens.filter((token) => token.id !== tokenId);
  const state = { ...trigger.state, tokens, updatedAt: now };
  return { event: { type: 'TriggerTokenRevoked', data: { trigger: state } }, state, ...without(revoked) };
}

/** The event carries the last state; its tokens and secrets go with it. */
export function deleteTrigger(trigger: StoredTrigger, now: string): TriggerDecision {
  const state = { ...trigger.state, updatedAt: now };
  const { revoked, sealing } = without(state.tokens);
  sealing.remove.push(...(state.secrets ?? []).map((secret) => secret.value.id));
  return { event: { type: 'TriggerDeleted', data: { trigger: state } }, state, revoked, sealing };
}

function sealed(token: FreshToken | null): SealingPlan {
  const plan = emptyPlan();
  if (token?.stored.sealed) plan.seal.push({ ref: token.stored.sealed, plaintext: token.clear });
  return plan;
}

function without(tokens: readonly TriggerToken[]): Pick<TriggerDecision, 'revoked' | 'sealing'> {
  const remove = tokens.flatMap((token) => (token.sealed ? [token.sealed.id] : []));
  return { revoked: tokens.map((token) => token.id), sealing: { ...emptyPlan(), remove } };
}
