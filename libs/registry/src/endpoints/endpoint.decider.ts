import type { EndpointState } from '@sluice/contracts';
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
}

export interface EndpointDecision {
  /** Null: nothing changes. */
  event: Extract<RegistryEvent, { data: { endpoint: EndpointState } }> | null;
  state: EndpointState;
  sealing: SealingPlan;
}

/** DL-03: eight attempts. */
export const DEFAULT_SCHEDULE = ['PT0S', 'PT5S', 'PT5M', 'PT30M', 'PT2H', 'PT5H', 'PT10H', 'PT10H'];
/** DL-05. */
const DEFAULT_CONCURRENCY = 10;

export function createEndpoint(
  identity: { id: number; uuid: string; appId: string },
  sent: SentEndpoint & { name: string; url: string; events: string[] },
  now: string,
  nextId: () => string,
): EndpointDecision {
  const empty: EndpointState = {
    ...identity,
    kind: 'event',
    name: sent.name,
    description: '',
    events: sent.events,
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
    retrySchedule: DEFAULT_SCHEDULE,
    rateLimit: null,
    concurrency: DEFAULT_CONCURRENCY,
    createdAt: now,
    updatedAt: now,
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
  const refs = [state.secret, state.basicPass, ...state.headers.map((header) => header.value)];
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
  const given = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined));
  const state: EndpointState = {
    ...stored,
    ...given,
    headers: planHeaders(stored.headers, headers, nextId, sealing),
    secret: planField(stored.secret, secret, nextId, sealing),
    basicPass: planField(stored.basicPass, basicPass, nextId, sealing),
    retrySchedule: retrySchedule === undefined ? stored.retrySchedule : (retrySchedule ?? DEFAULT_SCHEDULE),
  };
  if (!state.basicUser) {
    state.basicUser = null;
    if (state.basicPass) sealing.remove.push(state.basicPass.id);
    state.basicPass = null;
  }
  return { state, sealing };
}
