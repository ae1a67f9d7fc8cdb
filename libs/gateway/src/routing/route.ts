import type { FlowStatus, TriggerAuth, TriggerState } from '@sluice/contracts';

/** What the gateway has to know of a trigger to accept a request for it. */
export interface TriggerRoute {
  triggerId: string;
  appId: string;
  flowId: string;
  profile: TriggerState['profile'];
  /** Upper-case. */
  methods: readonly string[];
  auth: TriggerAuth;
  /** SHA-256 of each live token, 32 bytes each. */
  tokenHashes: readonly Buffer[];
  enabled: boolean;
  props: unknown;
}

export type ResponseMode = 'sync' | 'async';

/** What the gateway has to know of the flow behind it. */
export interface FlowRoute {
  flowId: string;
  status: FlowStatus;
  publishedVersion: number | null;
  /** `response.mode` of the published version, null when it leaves it to the profile. */
  liveMode: ResponseMode | null;
  /** The same of the latest saved version. */
  draftMode: ResponseMode | null;
}

export interface Route {
  trigger: TriggerRoute;
  flow: FlowRoute;
}

/** Columns of `gateway.triggers`; the view `registry.routes` has them too. */
export const TRIGGER_COLUMNS = [
  'trigger_id',
  'app_id',
  'flow_id',
  'profile',
  'methods',
  'auth',
  'token_hashes',
  'enabled',
  'props',
] as const;

/** The JSON-in-text columns are read once per change, never per request. */
export function triggerOf(row: Readonly<Record<string, unknown>>): TriggerRoute {
  return {
    triggerId: row.trigger_id as string,
    appId: row.app_id as string,
    flowId: row.flow_id as string,
    profile: row.profile as TriggerRoute['profile'],
    methods: (JSON.parse(row.methods as string) as string[]).map((method) => method.toUpperCase()),
    auth: JSON.parse(row.auth as string) as TriggerAuth,
    tokenHashes: (JSON.parse(row.token_hashes as string) as string[]).map((hex) => Buffer.from(hex, 'hex')),
    enabled: row.enabled as boolean,
    props: JSON.parse(row.props as string) as unknown,
  };
}

/** A trigger's state as the row that `triggerOf` reads. */
export function triggerRow(trigger: TriggerState): Record<(typeof TRIGGER_COLUMNS)[number], unknown> {
  return {
    trigger_id: trigger.id,
    app_id: trigger.appId,
    flow_id: trigger.flowId,
    profile: trigger.profile,
    methods: JSON.stringify(trigger.methods),
    auth: JSON.stringify(trigger.auth),
    token_hashes: JSON.stringify(trigger.tokens.map((token) => token.sha256)),
    enabled: trigger.enabled,
    props: JSON.stringify(trigger.props ?? null),
  };
}

export const FLOW_COLUMNS = ['flow_id', 'status', 'published_version', 'live_mode', 'draft_mode'] as const;

export function flowOf(row: Readonly<Record<string, unknown>>): FlowRoute {
  return {
    flowId: row.flow_id as string,
    status: row.status as FlowStatus,
    publishedVersion: row.published_version as number | null,
    liveMode: row.live_mode as ResponseMode | null,
    draftMode: row.draft_mode as ResponseMode | null,
  };
}
