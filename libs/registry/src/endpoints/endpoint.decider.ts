import type { EndpointState, SealedRef } from '@sluice/contracts';
import { publicKeyOf } from '@sluice/endpoints';
import type { RegistryEvent } from '../changes/registry-event.ts';
import { emptyPlan, planField, planHeaders, type SealingPlan } from '../sealing/sealing.decider.ts';

/** An endpoint as it is now, and how far its stream has come. */
export interface StoredEndpoint {
  state: EndpointState;
  streamVersion: number;
}

/** An endpoint as it was sent; what is absent keeps its value or gets its default. */
export interface SentEndpoint {
  name?: string;
  description?: string;
  events?: string[];
  url?: string;
  method?: EndpointState['method'];
  contentType?: EndpointState['contentType'];
  includeEntity?: boolean;
  enabled?: boolean;
  headers?: { key: string; value: string }[];
  secret?: string | null;
  basicUser?: string | null;
  basicPass?: string | null;
  format?: EndpointState['format'];
  retrySchedule?: string[] | null;
  rateLimit?: number | null;
  concurrency?: number;
  externalKey?: string | null;
  hookType?: EndpointState['hookType'];
  filter?: string | null;
  transform?: string | null;
  ordering?: string | null;
  customer?: string | null;
}

export interface NewEndpoint extends SentEndpoint {
  kind: EndpointState['kind'];
  name: string;
  url: string;
}

export interface EndpointDecision {
  /** Null: nothing changes. */
  event: Extract<RegistryEvent, { data: { endpoint: EndpointState } }> | null;
  state: EndpointState;
  sealing: SealingPlan;
}

/** DL-03: eight attempts. */
export const DEFAULT_SCHEDULE = ['PT0S', 'PT5S', 'PT5M', 'PT30M', 'PT2H', 'PT5H', 'PT10H', 'PT10H'];
/** LU-08: a call that a flow waits for, or a SIEM event, is made once. */
const ONCE = ['PT0S'];
/** DL-05. */
const DEFAULT_CONCURRENCY = 10;
/** Each live secret adds two signatures to a header. */
export const MAX_PREVIOUS_SECRETS = 3;

export function createEndpoint(
  identity: { id: number; uuid: string; appId: string },
  sent: NewEndpoint,
  now: string,
  nextId: () => string,
): EndpointDecision {
  const empty: EndpointState = {
    ...identity,
    kind: sent.kind,
    name: sent.name,
    description: '',
    events: [],
    url: sent.url,
    method: 'POST',
    contentType: 'application/json',
    includeEntity: true,
    enabled: true,
    headers: [],
    secret: null,
    basicUser: null,
    basicPass: null,
    format: 'etl',
    retrySchedule: sent.kind === 'inline' ? ONCE : DEFAULT_SCHEDULE,
    rateLimit: null,
    concurrency: DEFAULT_CONCURRENCY,
    createdAt: now,
    updatedAt: now,
    hookType: null,
    filter: null,
    transform: null,
    ordering: null,
    publicKey: null,
  };
  const { state, sealing } = apply(empty, sent, nextId);
  return { event: { type: 'EndpointCreated', data: { endpoint: state } }, state, sealing };
}

export function changeEndpoint(
  endpoint: StoredEndpoint,
  sent: SentEndpoint,
  now: string,
  nextId: () => string,
): EndpointDecision {
  const { state, sealing } = apply(endpoint.state, sent, nextId);
  if (JSON.stringify(state) === JSON.stringify(endpoint.state)) {
    return { event: null, state: endpoint.state, sealing: emptyPlan() };
  }
  const changed = { ...state, updatedAt: now };
  return { event: { type: 'EndpointUpdated', data: { endpoint: changed } }, state: changed, sealing };
}

/** The event carries the last state; what was sealed for it goes. */
export function deleteEndpoint(endpoint: StoredEndpoint, now: string): EndpointDecision {
  const state = { ...endpoint.state, updatedAt: now };
  const sealing = emptyPlan();
  const previous = (state.previousSecrets ?? []).map((each) => each.value);
  const refs = [state.secret, state.basicPass, ...state.headers.map((header) => header.value), ...previous];
  for (const ref of refs) if (ref) sealing.remove.push(ref.id);
  return { event: { type: 'EndpointDeleted', data: { endpoint: state } }, state, sealing };
}

function apply(
  stored: EndpointState,
  sent: SentEndpoint,
  nextId: () => string,
): { state: EndpointState; sealing: SealingPlan } {
  const sealing = emptyPlan();
  const { headers, secret, basicPass, retrySchedule, ...plain } = sent;
  // Null for what has no key is no change.
  if (plain.externalKey === null && !stored.externalKey) delete plain.externalKey;
  if (plain.customer === null && !stored.customer) delete plain.customer;
  const given = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined));
  const state: EndpointState = {
    ...stored,
    ...given,
    headers: planHeaders(stored.headers, headers, nextId, sealing),
    secret: planField(stored.secret, secret, nextId, sealing),
    basicPass: planField(stored.basicPass, basicPass, nextId, sealing),
    retrySchedule: schedule(stored, retrySchedule),
  };
  if (secret !== undefined && state.secret !== stored.secret) {
    state.publicKey = state.secret && secret ? publicKeyOf(secret) : null;
    // Whoever sets a secret says which one it is; those that were rotated away before it end with that.
    for (const { value } of state.previousSecrets ?? []) sealing.remove.push(value.id);
    delete state.previousSecrets;
  }
  if (!state.basicUser) {
    state.basicUser = null;
    if (state.basicPass) sealing.remove.push(state.basicPass.id);
    state.basicPass = null;
  }
  return { state, sealing };
}

function schedule(stored: EndpointState, sent: string[] | null | undefined): string[] {
  if (stored.kind === 'inline') return ONCE;
  return sent === undefined ? stored.retrySchedule : (sent ?? DEFAULT_SCHEDULE);
}

/** How many secrets sign besides the present one at that time. */
export function livePreviousSecrets(state: EndpointState, now: string): { value: SealedRef; until: string }[] {
  return (state.previousSecrets ?? []).filter((each) => each.until > now);
}

/**
 * DL-01: a new secret signs from now on, and until `overlapMs` have passed the present one does as well. What nobody
 * signs with any more is deleted.
 */
export function rotateSecret(
  endpoint: StoredEndpoint,
  secret: string,
  overlapMs: number,
  now: string,
  nextId: () => string,
): EndpointDecision {
  const before = endpoint.state;
  const sealing = emptyPlan();
  const live = livePreviousSecrets(before, now);
  for (const { value } of before.previousSecrets ?? []) {
    if (!live.some((each) => each.value.id === value.id)) sealing.remove.push(value.id);
  }
  if (before.secret && overlapMs > 0) {
    live.unshift({ value: before.secret, until: new Date(Date.parse(now) + overlapMs).toISOString() });
  } else if (before.secret) sealing.remove.push(before.secret.id);
  const ref = { id: nextId(), version: 1 };
  sealing.seal.push({ ref, plaintext: secret });
  const { previousSecrets: _, ...rest } = before;
  const state: EndpointState = {
    ...rest,
    secret: ref,
    publicKey: publicKeyOf(secret),
    ...(live.length > 0 ? { previousSecrets: live } : {}),
    updatedAt: now,
  };
  return { event: { type: 'EndpointSecretRotated', data: { endpoint: state } }, state, sealing };
}
