import type { FlowDefinition, FlowSaved, FlowState, FlowStatus } from '@sluice/contracts';
import type { RegistryEvent } from '../changes/registry-event.ts';

/** A flow as it is now: its state, the definition of its latest saved version, and how far its stream has come. */
export interface StoredFlow {
  state: FlowState;
  definition: FlowDefinition;
  streamVersion: number;
}

export interface NewFlow {
  id: string;
  number: number;
  appId: string;
  name: string;
  listener: string | null;
  status: FlowStatus;
  definition: FlowDefinition;
  externalKey?: string;
}

/** Fields that are absent stay as they are. */
export interface FlowPatch {
  name?: string;
  listener?: string | null;
  externalKey?: string | null;
  status?: FlowStatus;
  definition?: FlowDefinition;
}

/** What a command leads to; no events: nothing changes. */
export interface FlowDecision {
  events: RegistryEvent[];
  state: FlowState;
  definition: FlowDefinition;
  /** Whether a version was saved that has to be kept. */
  saved: boolean;
  /** A version that was saved before that one, by the same command. */
  alsoSaved?: FlowSaved;
}

/** Saves version 1; `active` publishes it at once. */
export function createFlow(flow: NewFlow, now: string): FlowDecision {
  const { definition, status, ...identity } = flow;
  const state: FlowState = {
    ...identity,
    status: status === 'active' ? 'draft' : status,
    version: 1,
    publishedVersion: null,
    createdAt: now,
    updatedAt: now,
  };
  const created: FlowDecision = {
    events: [{ type: 'FlowCreated', data: { flow: state, definition } }],
    state,
    definition,
    saved: true,
  };
  return status === 'active' ? then(created, publish(state, 1, 'active', now)) : created;
}

/**
 * A changed definition is a new version, which is a draft until it is published; `status: active` publishes it.
 * Versions are never changed, so a change of name alone keeps the version.
 */
export function changeFlow(flow: StoredFlow, patch: FlowPatch, now: string): FlowDecision {
  let decision: FlowDecision = { events: [], state: flow.state, definition: flow.definition, saved: false };
  const definition = patch.definition ?? flow.definition;
  const name = patch.name ?? flow.state.name;
  const listener = patch.listener === undefined ? flow.state.listener : patch.listener;
  const saved = canonical(definition) !== canonical(flow.definition);
  const identity = { name, listener, ...externalKeyOf(flow.state, patch) };
  if (saved || Object.entries(identity).some(([field, value]) => value !== flow.state[field as keyof FlowState])) {
    const version = flow.state.version + (saved ? 1 : 0);
    const state: FlowState = { ...flow.state, ...identity, version, updatedAt: now };
    decision = { events: [{ type: 'FlowUpdated', data: { flow: state, definition } }], state, definition, saved };
  }
  const { state } = decision;
  if (patch.status === 'active') {
    const isLive = state.status === 'active' && state.publishedVersion === state.version;
    return isLive ? decision : then(decision, publish(state, state.version, 'active', now));
  }
  if (patch.status === undefined || patch.status === state.status) return decision;
  const changed: FlowState = { ...state, status: patch.status, updatedAt: now };
  return then(decision, { type: 'FlowStatusChanged', data: { flow: changed } });
}

/**
 * Makes a saved version the published one. A draft becomes active; a paused flow stays paused, because somebody
 * stopped it for a reason and says so with `status: active` when it is over.
 */
export function publishFlow(flow: StoredFlow, version: number, now: string): FlowDecision {
  const { state } = flow;
  const status = state.status === 'draft' ? 'active' : state.status;
  const unchanged: FlowDecision = { events: [], state, definition: flow.definition, saved: false };
  if (state.publishedVersion === version && status === state.status) return unchanged;
  return then(unchanged, publish(state, version, status, now));
}

export function deleteFlow(flow: StoredFlow, now: string): FlowDecision {
  const state: FlowState = { ...flow.state, updatedAt: now };
  return { events: [{ type: 'FlowDeleted', data: { flow: state } }], state, definition: flow.definition, saved: false };
}

/** Publishes a version, the latest one unless it is named, and says what the flow's status is then. */
export function publishAs(
  decision: FlowDecision,
  status: FlowStatus,
  now: string,
  version = decision.state.version,
): FlowDecision {
  return then(decision, publish(decision.state, version, status, now));
}

type StateEvent = Extract<RegistryEvent, { type: 'FlowPublished' | 'FlowStatusChanged' }>;

function publish(state: FlowState, version: number, status: FlowStatus, now: string): StateEvent {
  return { type: 'FlowPublished', data: { flow: { ...state, status, publishedVersion: version, updatedAt: now } } };
}

function then(decision: FlowDecision, event: StateEvent): FlowDecision {
  return { ...decision, events: [...decision.events, event], state: event.data.flow };
}

/** Nothing when it stays as it is; also when null is sent for one that has none. */
function externalKeyOf(state: FlowState, { externalKey }: FlowPatch): Pick<FlowState, 'externalKey'> {
  return externalKey === undefined || externalKey === (state.externalKey ?? null) ? {} : { externalKey };
}

/** JSON with the keys of every object in order, so that equal definitions are equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (each === null || typeof each !== 'object' || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
