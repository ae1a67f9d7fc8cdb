import type { TriggerAuth, TriggerHandshake } from './trigger-auth.ts';

/** A flow as stored and run. Checked in full when it is saved, so consumers trust it. */
export interface FlowDefinition {
  inputs?: Record<string, { type: string; required?: boolean }>;
  steps: FlowStep[];
  /** A status is three digits or a template; a body any JSON whose texts may be templates. Null is as if absent. */
  response?: { mode?: 'sync' | 'async'; status?: string | number | null; body?: unknown };
  concurrency?: { limit: number; whenFull?: 'queue' | 'reject' };
  /** 0 to 9, 5 when absent: of the runs of an app that wait for a place, those of the higher one begin first. */
  priority?: number;
  strict?: boolean;
  /** Times at which the published version is run. */
  schedules?: FlowSchedule[];
  onError?: FlowErrorHandler;
}

/** What a flow does when a step has failed for good; the run ends as failed all the same. */
export interface FlowErrorHandler {
  /** They read what failed as `error`: `{code, message, ref}`. */
  steps?: FlowStep[];
  /** What the waiting caller gets instead of the error. */
  response?: { status?: unknown; body?: unknown };
}

/** A cron expression of five fields, read in a time zone (UTC unless given); `input` is `{}` unless given. */
export interface FlowSchedule {
  cron: string;
  timeZone?: string;
  input?: unknown;
}

/** A step: `ref` and `type`, and the fields of its type. */
export interface FlowStep {
  ref: string;
  type: string;
  [field: string]: unknown;
}

export type FlowStatus = 'draft' | 'active' | 'paused';

export interface AppCreated {
  id: string;
  name: string;
  environmentId: number;
  createdAt: string;
}

/** The whole flow after the change; `version` counts saved versions from 1, `publishedVersion` is null before the first publish. */
export interface FlowState {
  id: string;
  number: number;
  appId: string;
  name: string;
  listener: string | null;
  status: FlowStatus;
  version: number;
  publishedVersion: number | null;
  createdAt: string;
  updatedAt: string;
  /** What others call it, unique among the app's flows; absent in older events: null. */
  externalKey?: string | null;
}

/** `FlowCreated` and `FlowUpdated` carry the definition of the saved version; publishing and pausing only move state. */
export interface FlowSaved {
  flow: FlowState;
  definition: FlowDefinition;
}
export interface FlowChanged {
  flow: FlowState;
}

export interface TriggerState {
  id: string;
  number: number;
  appId: string;
  /** The flow that it starts; null when it names a listener instead. */
  flowId: string | null;
  name: string;
  profile: 'run' | 'listener' | 'flow' | 'native';
  methods: string[];
  auth: TriggerAuth;
  props: unknown;
  /** SHA-256 in lower-case hex of each live token; those of profile `flow` are sealed too, so that editors can read them. */
  tokens: { id: string; sha256: string; createdAt: string; sealed?: SealedRef }[];
  enabled: boolean;
  createdAt: string;
  updatedAt: string;
  // What follows came later: absent in older events, where it means the same as null.
  /** Runs with the same key go one after another: one key for the app, for the trigger, or a template over the request. */
  ordering?: string | null;
  /** A template over the request whose value is its idempotency key when no header brings one. */
  idempotency?: string | null;
  rateLimit?: { requests: number; windowSeconds: number } | null;
  /** CIDRs, IPv4 and IPv6; null lets every address in. */
  allowedIps?: string[] | null;
  cors?: { origins: string[] } | null;
  /** Live secrets of `auth`: passwords, keys of signatures; sealed, at most two during a rotation. */
  secrets?: { id: string; value: SealedRef; createdAt: string }[];
  handshake?: TriggerHandshake | null;
  /** GW-11: requests go straight to these endpoints (by their integers) with these headers, and start no flow. */
  forwardTo?: { endpoints: number[]; headers: string[] } | null;
  /**
   * Profile `listener`: requests start the flow of the app that has this listener name when they come, whatever `flowId`
   * says. Besides, the field that named it and who made it, for Lenra's clients.
   */
  listener?: { name: string; field: 'action' | 'listener'; userId: string | null };
  /** The next request is stored as a sample and starts no run, until that time. */
  capture?: { id: string; until: string } | null;
  /** What others call it, unique among the app's triggers. */
  externalKey?: string | null;
}
export interface TriggerChanged {
  trigger: TriggerState;
}

/** A sealed value is named by id and version; libs/sealed-values opens it. */
export interface SealedRef {
  id: string;
  version: number;
}

export interface EndpointState {
  /** The integer of the wire (`webhookId`). */
  id: number;
  uuid: string;
  appId: string;
  kind: 'event' | 'inline';
  name: string;
  description: string;
  events: string[];
  url: string;
  method: 'POST' | 'GET';
  contentType: 'application/json' | 'application/x-www-form-urlencoded';
  includeEntity: boolean;
  enabled: boolean;
  headers: { key: string; value: SealedRef }[];
  secret: SealedRef | null;
  basicUser: string | null;
  basicPass: SealedRef | null;
  format: 'etl' | 'standard' | 'cloudevents';
  /** ISO 8601 durations; the first is the delay of the first attempt. */
  retrySchedule: string[];
  rateLimit: number | null;
  concurrency: number;
  createdAt: string;
  updatedAt: string;
  /** What others call it, unique among the app's endpoints; absent in older events: null. */
  externalKey?: string | null;
  // What follows came later: absent in older events, where it means the same as null.
  /** Of an inline endpoint: what it decides. */
  hookType?: 'PROVISION' | 'DEPROVISION' | 'REQUEST_VALIDATION' | 'PRE_APPROVAL' | 'SIEM' | null;
  /** An expression over `event`: only events for which it is true are sent. */
  filter?: string | null;
  /** A template over `event`: its result is the body. */
  transform?: string | null;
  /** `endpoint`, or an expression over `event`: deliveries of one key go one after another. */
  ordering?: string | null;
  /** `whpk_…`: verifies the `v1a` signatures of the present secret. */
  publicKey?: string | null;
  /** Secrets that were rotated away and sign as well until their time (RFC 3339) has come; the newest first. */
  previousSecrets?: { value: SealedRef; until: string }[];
  /** Whose it is, in the words of the app's owner: portal links may name endpoints by it. */
  customer?: string | null;
}
export interface EndpointChanged {
  endpoint: EndpointState;
}

export interface TokenState {
  id: string;
  number: number;
  appId: string | null;
  userId: string | null;
  note: string;
  scopes: string[];
  expiresAt: string | null;
  createdAt: string;
  /** When the present token of this id was made, if it is not the first one. */
  regeneratedAt?: string;
}
export interface TokenChanged {
  token: TokenState;
}

/** What the holder of a portal link may do with its endpoints; to look is part of everything. */
export const PORTAL_PERMISSIONS = ['view', 'manage', 'replay'] as const;
export type PortalPermission = (typeof PORTAL_PERMISSIONS)[number];

/** What a portal link reaches. */
export interface PortalGrant {
  endpoints: { id: number; uuid: string }[];
  permissions: PortalPermission[];
}

/** A link to the customer portal; its token is in no event. */
export interface PortalLinkState extends PortalGrant {
  id: string;
  appId: string;
  /** Whose endpoints they were when the link was made, if it was made for a customer. */
  customer: string | null;
  /** Origins of pages that may show the portal in a frame. */
  embedIn: string[];
  /** Patterns of events that its holder may have an endpoint get besides those that it gets. */
  events?: string[];
  expiresAt: string;
  createdAt: string;
}
export interface PortalLinkChanged {
  link: PortalLinkState;
}

/** What somebody may do in an app, weakest first; each includes what stands before it. */
export type Role = 'viewer' | 'operator' | 'editor' | 'administrator';

/** A role in one app, or with `appId: null` in all of them. */
export interface RoleGrant {
  appId: string | null;
  role: Role;
}

/** A person. The hash of the password is in no event, only in the registry's row. */
export interface UserState {
  id: string;
  number: number;
  /** In lower case; unique among all users. */
  email: string;
  name: string;
  roles: RoleGrant[];
  disabled: boolean;
  createdAt: string;
  updatedAt: string;
}
export interface UserChanged {
  user: UserState;
}

/** Somebody has signed in; a stream of its own, named by the session. */
export interface UserLoggedIn {
  user: UserState;
  session: { id: string; startedAt: string; expiresAt: string; userAgent: string };
}
export interface SessionEnded {
  session: { id: string; userId: string };
}

/** A listener that is run at times, with its props (LN: crons). A schedule does not change: another one replaces it. */
export interface ScheduleState {
  id: string;
  appId: string;
  flowId: string;
  listener: string;
  cron: string;
  timeZone: string;
  props: unknown;
  userId: string | null;
  createdAt: string;
}
export interface ScheduleChanged {
  schedule: ScheduleState;
}

/** A named secret of an app; its value is sealed. */
export interface SecretState {
  appId: string;
  name: string;
  value: SealedRef;
  createdAt: string;
  updatedAt: string;
}
export interface SecretChanged {
  secret: SecretState;
}

/** An event type of an app's catalogue, with the schema of its latest version; versions count from 1 and never change. */
export interface EventTypeState {
  id: string;
  appId: string;
  name: string;
  description: string;
  version: number;
  /** JSON Schema 2020-12, or null: any data. */
  schema: unknown;
  /** Events that are published with other data are refused. */
  validate: boolean;
  createdAt: string;
  updatedAt: string;
}
export interface EventTypeChanged {
  eventType: EventTypeState;
}

/** registry.events; the actor of every change is in the event's meta. `*Deleted` carries the last state. */
export interface RegistryEvents {
  AppCreated: { app: AppCreated };
  FlowCreated: FlowSaved;
  FlowUpdated: FlowSaved;
  FlowPublished: FlowChanged;
  FlowStatusChanged: FlowChanged;
  FlowDeleted: FlowChanged;
  TriggerCreated: TriggerChanged;
  TriggerUpdated: TriggerChanged;
  TriggerTokenAdded: TriggerChanged;
  TriggerTokenRevoked: TriggerChanged;
  TriggerSecretAdded: TriggerChanged;
  TriggerSecretRevoked: TriggerChanged;
  /** Nothing changed: the event's actor was shown the token (LC-03). */
  TriggerTokenRead: TriggerChanged;
  /** Armed or disarmed; what the trigger is set to do has not changed. */
  TriggerCaptureSet: TriggerChanged;
  TriggerDeleted: TriggerChanged;
  EndpointCreated: EndpointChanged;
  EndpointUpdated: EndpointChanged;
  EndpointSecretRotated: EndpointChanged;
  EndpointDeleted: EndpointChanged;
  TokenCreated: TokenChanged;
  TokenRegenerated: TokenChanged;
  TokenRevoked: TokenChanged;
  UserCreated: UserChanged;
  UserUpdated: UserChanged;
  UserPasswordChanged: UserChanged;
  UserDeleted: UserChanged;
  UserLoggedIn: UserLoggedIn;
  SessionEnded: SessionEnded;
  ScheduleCreated: ScheduleChanged;
  ScheduleDeleted: ScheduleChanged;
  SecretSaved: SecretChanged;
  SecretDeleted: SecretChanged;
  EventTypeCreated: EventTypeChanged;
  EventTypeUpdated: EventTypeChanged;
  EventTypeDeleted: EventTypeChanged;
  PortalLinkCreated: PortalLinkChanged;
  PortalLinkRevoked: PortalLinkChanged;
}
