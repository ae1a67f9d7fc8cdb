import type {
  FlowDefinition,
  FlowStatus,
  SealedRef,
  TriggerAuth,
  TriggerHandshake,
  TriggerState,
} from '@sluice/contracts';
import type { Rate } from '@sluice/platform';
import { AllowedAddresses } from '../authentication/allowed-addresses.ts';

/** What the gateway has to know of a trigger to accept a request for it. */
export interface TriggerRoute {
  triggerId: string;
  appId: string;
  /** Null when it names a listener. */
  flowId: string | null;
  /** LN-01: the name of the listener that has to be found for each request; null: the flow is `flowId`. */
  listener: string | null;
  profile: TriggerState['profile'];
  /** Upper-case. */
  methods: readonly string[];
  auth: TriggerAuth;
  /** SHA-256 of each live token, 32 bytes each. */
  tokenHashes: readonly Buffer[];
  /** Live secrets of `auth`; opened when the first request needs them. */
  secrets: readonly SealedRef[];
  enabled: boolean;
  props: unknown;
  /** `app`, `trigger` or a template (GW-10); null when requests have no order. */
  ordering: string | null;
  rateLimit: Rate | null;
  /** GW-05: template that gives the idempotency key of a request. */
  idempotency: string | null;
  /** GW-02: addresses that may call; null: all. */
  allowedIps: AllowedAddresses | null;
  /** GW-12: the provider whose question is answered; null: as `auth` suggests. */
  handshake: TriggerHandshake | null;
  /** GW-13: origins whose pages may call; null: none. */
  corsOrigins: ReadonlySet<string> | null;
  /** GW-11: the endpoints that get its requests, in place of a flow; null: they start one. */
  forwardTo: { endpoints: number[]; headers: string[] } | null;
  /** GW-01: the next request is a sample; null when nobody asked for one. */
  capture: { id: string; untilMs: number } | null;
}

export type ResponseMode = 'sync' | 'async';

/** What a version of a flow declares of its input: type and whether it must be there, by name. */
export type FlowInputs = NonNullable<FlowDefinition['inputs']>;

/** What an async flow answers at once (LC-12); templates that read only what the request brings. */
export interface AsyncAnswer {
  status: string | number | null;
  /** Any JSON with templates in its texts. */
  body: unknown;
  /** The ref of the flow's webhook step, null when it has none. */
  ref: string | null;
  strict: boolean;
}

/** What the gateway has to know of the flow behind it. */
export interface FlowRoute {
  flowId: string;
  /** What `listenerKey` makes of its listener name; null when it has none. */
  listenerKey: string | null;
  status: FlowStatus;
  publishedVersion: number | null;
  /** `response.mode` of the published version, null when it leaves it to the profile. */
  liveMode: ResponseMode | null;
  /** The same of the latest saved version. */
  draftMode: ResponseMode | null;
  /** Declared inputs of the published version, null when it declares none. */
  liveInputs: FlowInputs | null;
  /** The same of the latest saved version. */
  draftInputs: FlowInputs | null;
  /** Of the published version, null when it is not async or describes no response. */
  liveAnswer: AsyncAnswer | null;
  /** The same of the latest saved version. */
  draftAnswer: AsyncAnswer | null;
}

export interface Route {
  trigger: TriggerRoute;
  /** `NO_FLOW` when the trigger names a listener that nothing has now. */
  flow: FlowRoute;
}

/** Stands where a webhook's listener is missing: `stateProblem` refuses it, so nothing is ever run by it. */
export const NO_FLOW: FlowRoute = {
  flowId: '',
  listenerKey: null,
  status: 'draft',
  publishedVersion: null,
  liveMode: null,
  draftMode: null,
  liveInputs: null,
  draftInputs: null,
  liveAnswer: null,
  draftAnswer: null,
};

/** The flow that a request for the trigger starts now, or null. */
export function flowIdOf({ flow }: Route): string | null {
  return flow === NO_FLOW ? null : flow.flowId;
}

/** A listener name is unique within its app only. */
export function listenerKey(appId: string, listener: string): string {
  return `${appId}/${listener}`;
}

/** Columns of `gateway.triggers`; the view `registry.routes` has them too. The first three are there to be searched for. */
export const TRIGGER_COLUMNS = ['trigger_id', 'flow_id', 'profile', 'state'] as const;

/** One for all triggers that have none: there may be a hundred thousand. */
const NO_SECRETS: readonly SealedRef[] = [];

/** What many triggers have in common is kept once; 100,000 triggers of one app take 45 MB instead of 71. */
const KEPT_ONCE = new Map<string, unknown>();
const MAX_KEPT_ONCE = 10_000;

function once<T>(name: string, value: T): T {
  const kept = KEPT_ONCE.get(name);
  if (kept !== undefined) return kept as T;
  if (KEPT_ONCE.size >= MAX_KEPT_ONCE) KEPT_ONCE.clear();
  KEPT_ONCE.set(name, value);
  return value;
}

/** The state is read once per change, never per request. */
export function triggerOf(row: Readonly<Record<string, unknown>>): TriggerRoute {
  const state = JSON.parse(row.state as string) as TriggerState;
  return {
    triggerId: state.id,
    appId: once(state.appId, state.appId),
    flowId: state.listener || state.flowId === null ? null : once(state.flowId, state.flowId),
    listener: state.listener?.name ?? null,
    profile: once(state.profile, state.profile),
    methods: once(
      `methods ${state.methods.join(' ')}`,
      state.methods.map((method) => method.toUpperCase()),
    ),
    auth: once(`auth ${JSON.stringify(state.auth)}`, state.auth),
    tokenHashes: state.tokens.map((token) => Buffer.from(token.sha256, 'hex')),
    secrets: state.secrets?.map((secret) => secret.value) ?? NO_SECRETS,
    enabled: state.enabled,
    props: state.props ?? null,
    ordering: state.ordering ?? null,
    rateLimit: rateOf(state.rateLimit),
    idempotency: state.idempotency ?? null,
    allowedIps: state.allowedIps ? new AllowedAddresses(state.allowedIps) : null,
    handshake: state.handshake ?? null,
    corsOrigins: state.cors ? new Set(state.cors.origins) : null,
    forwardTo: state.forwardTo ?? null,
    capture: state.capture ? { id: state.capture.id, untilMs: Date.parse(state.capture.until) } : null,
  };
}

function rateOf(limit: TriggerState['rateLimit']): Rate | null {
  return limit ? { limit: limit.requests, windowMs: limit.windowSeconds * 1000 } : null;
}

/** A trigger's state as the row that `triggerOf` reads. */
export function triggerRow(trigger: TriggerState): Record<(typeof TRIGGER_COLUMNS)[number], unknown> {
  return {
    trigger_id: trigger.id,
    flow_id: trigger.flowId,
    profile: trigger.profile,
    state: JSON.stringify(trigger),
  };
}

export const FLOW_COLUMNS = [
  'flow_id',
  'status',
  'published_version',
  'live_mode',
  'draft_mode',
  'live_inputs',
  'draft_inputs',
  'live_answer',
  'draft_answer',
  'app_id',
  'listener',
] as const;

export function flowOf(row: Readonly<Record<string, unknown>>): FlowRoute {
  return {
    flowId: row.flow_id as string,
    listenerKey: typeof row.listener === 'string' ? listenerKey(row.app_id as string, row.listener) : null,
    status: row.status as FlowStatus,
    publishedVersion: row.published_version as number | null,
    liveMode: row.live_mode as ResponseMode | null,
    draftMode: row.draft_mode as ResponseMode | null,
    liveInputs: inputsOf(row.live_inputs),
    draftInputs: inputsOf(row.draft_inputs),
    liveAnswer: answerOf(row.live_answer),
    draftAnswer: answerOf(row.draft_answer),
  };
}

function answerOf(text: unknown): AsyncAnswer | null {
  if (typeof text !== 'string') return null;
  const answer = JSON.parse(text) as AsyncAnswer;
  return answer.status === null && answer.body === null ? null : answer;
}

function inputsOf(text: unknown): FlowInputs | null {
  return typeof text === 'string' ? (JSON.parse(text) as FlowInputs) : null;
}
