import type { TriggerAuth, TriggerState } from '@sluice/contracts';
import type { RegistryEvent } from '../changes/registry-event.ts';
import { emptyPlan, type SealingPlan } from '../sealing/sealing.decider.ts';
import type { FreshToken, TriggerToken } from './trigger-token.ts';

/** A trigger as it is now, and how far its stream has come. */
export interface StoredTrigger {
  state: TriggerState;
  streamVersion: number;
}

/** Fields that are absent stay as they are. */
export interface TriggerPatch extends Pick<TriggerState, 'idempotency' | 'rateLimit' | 'cors'> {
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

type NewTrigger = Omit<TriggerState, 'tokens' | 'createdAt' | 'updatedAt'>;

/** @param token the first token, or null for a trigger that asks for none. */
export function createTrigger(trigger: NewTrigger, token: FreshToken | null, now: string): TriggerDecision {
  const state: TriggerState = { ...trigger, tokens: token ? [token.stored] : [], createdAt: now, updatedAt: now };
  return { event: { type: 'TriggerCreated', data: { trigger: state } }, state, revoked: [], sealing: sealed(token) };
}

export function changeTrigger(trigger: StoredTrigger, patch: TriggerPatch, now: string): TriggerDecision {
  const state: TriggerState = { ...trigger.state, ...patch };
  if (JSON.stringify(state) === JSON.stringify(trigger.state))
    return { event: null, state: trigger.state, revoked: [], sealing: emptyPlan() };
  const changed = { ...state, updatedAt: now };
  const event = { type: 'TriggerUpdated' as const, data: { trigger: changed } };
  return { event, state: changed, revoked: [], sealing: emptyPlan() };
}

export function addToken(trigger: StoredTrigger, token: FreshToken, now: string): TriggerDecision | TriggerRefusal {
  if (trigger.state.auth.type === 'none') return 'auth_without_token';
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

/** The event carries the last state; its tokens go with it. */
export function deleteTrigger(trigger: StoredTrigger, now: string): TriggerDecision {
  const state = { ...trigger.state, updatedAt: now };
  return { event: { type: 'TriggerDeleted', data: { trigger: state } }, state, ...without(state.tokens) };
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
