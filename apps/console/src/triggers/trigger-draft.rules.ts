/** What proves a caller, as the form offers it; `default` is that of the profile. */
export type AuthKind =
  | 'default'
  | 'none'
  | 'bearer'
  | 'header'
  | 'basic'
  | 'github'
  | 'stripe'
  | 'shopify'
  | 'slack'
  | 'meta'
  | 'standard'
  | 'other';

export type Profile = 'native' | 'run' | 'flow' | 'listener';

/** A trigger as the form holds it: texts, as they were typed. */
export interface TriggerDraft {
  name: string;
  flowId: string;
  profile: Profile;
  auth: AuthKind;
  authHeader: string;
  authUser: string;
  authSecret: string;
  /** JSON, when `auth` is `other`. */
  authJson: string;
  methods: string;
  ordering: string;
  idempotency: string;
  rateRequests: string;
  rateSeconds: string;
  allowedIps: string;
  corsOrigins: string;
  props: string;
}

export const NEW_DRAFT: TriggerDraft = {
  name: '',
  flowId: '',
  profile: 'native',
  auth: 'default',
  authHeader: '',
  authUser: '',
  authSecret: '',
  authJson: '',
  methods: 'POST',
  ordering: '',
  idempotency: '',
  rateRequests: '',
  rateSeconds: '60',
  allowedIps: '',
  corsOrigins: '',
  props: '',
};

export const PROFILES: readonly { value: Profile; label: string; hint: string }[] = [
  {
    value: 'native',
    label: 'Native',
    hint: 'Any body, honest status codes, synchronous or not. The one to take unless you know better.',
  },
  { value: 'run', label: 'Run', hint: "POST a JSON object of the flow's inputs, poll the run for its result." },
  {
    value: 'flow',
    label: 'Flow',
    hint: 'One address for all flows with id and token in it; the token can be read again.',
  },
];

export const AUTHS: readonly { value: AuthKind; label: string }[] = [
  { value: 'default', label: 'Token, as the profile has it' },
  { value: 'bearer', label: 'Token: Authorization: Bearer' },
  { value: 'header', label: 'Token in a header of your choice' },
  { value: 'basic', label: 'User and password (basic)' },
  { value: 'github', label: 'Signature: GitHub' },
  { value: 'stripe', label: 'Signature: Stripe' },
  { value: 'shopify', label: 'Signature: Shopify' },
  { value: 'slack', label: 'Signature: Slack' },
  { value: 'meta', label: 'Signature: Meta' },
  { value: 'standard', label: 'Signature: Standard Webhooks (Svix)' },
  { value: 'other', label: 'Other signature or JWT (JSON)' },
  { value: 'none', label: 'None: whoever knows the address' },
];

const SIGNED: ReadonlySet<AuthKind> = new Set(['github', 'stripe', 'shopify', 'slack', 'meta', 'standard']);

export const isSigned = (auth: AuthKind): boolean => SIGNED.has(auth);

const listOf = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** Text that should be JSON, but is not, and at which field. */
export class NotJson extends Error {}

function jsonOf(text: string, field: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new NotJson(`${field} is not readable JSON: ${(error as Error).message}`);
  }
}

function authOf(draft: TriggerDraft): Record<string, unknown> | undefined {
  const secret = draft.authSecret === '' ? {} : { secret: draft.authSecret };
  if (isSigned(draft.auth)) return { type: 'hmac', preset: draft.auth, ...secret };
  switch (draft.auth) {
    case 'default':
      return undefined;
    case 'header':
      return { type: 'header', ...(draft.authHeader === '' ? {} : { name: draft.authHeader }) };
    case 'basic':
      return {
        type: 'basic',
        user: draft.authUser,
        ...(draft.authSecret === '' ? {} : { password: draft.authSecret }),
      };
    case 'other':
      return jsonOf(draft.authJson, 'Authentication') as Record<string, unknown>;
    default:
      return { type: draft.auth };
  }
}

/** The settings that a later change may set as well; empty texts are "no such setting". */
function settingsOf(draft: TriggerDraft): Record<string, unknown> {
  const ips = listOf(draft.allowedIps);
  const origins = listOf(draft.corsOrigins);
  const requests = Number(draft.rateRequests);
  return {
    name: draft.name,
    methods: listOf(draft.methods.toUpperCase()),
    ordering: draft.ordering.trim() || null,
    idempotency: draft.idempotency.trim() || null,
    rateLimit: draft.rateRequests.trim() === '' ? null : { requests, windowSeconds: Number(draft.rateSeconds) },
    allowedIps: ips.length === 0 ? null : ips,
    cors: origins.length === 0 ? null : { origins },
    props: draft.props.trim() === '' ? null : jsonOf(draft.props, 'Props'),
  };
}

/**
 * The body of `POST /v1/triggers`: only what was chosen, so that the API's own defaults hold.
 * @throws NotJson
 */
export function creationOf(draft: TriggerDraft): Record<string, unknown> {
  const auth = authOf(draft);
  const settings = Object.entries(settingsOf(draft)).filter(([, value]) => value !== null);
  if (draft.profile !== 'native') {
    const without = settings.filter(([name]) => name !== 'methods');
    return { ...Object.fromEntries(without), flowId: draft.flowId, profile: draft.profile, ...(auth ? { auth } : {}) };
  }
  return { ...Object.fromEntries(settings), flowId: draft.flowId, profile: draft.profile, ...(auth ? { auth } : {}) };
}

/**
 * The body of `PATCH /v1/triggers/{id}`: every setting of the form; `auth` only when another one was chosen.
 * @throws NotJson
 */
export function changeOf(draft: TriggerDraft): Record<string, unknown> {
  const auth = authOf(draft);
  return { ...settingsOf(draft), ...(auth ? { auth } : {}) };
}

interface Stored {
  name: string;
  flowId: string | null;
  profile: Profile;
  methods: string[];
  ordering: string | null;
  idempotency?: string | null;
  rateLimit?: { requests?: number; windowSeconds?: number } | null;
  allowedIps?: string[] | null;
  cors?: { origins?: string[] } | null;
  props: unknown;
}

/** A stored trigger in the form. Its authentication stays as it is until another one is chosen. */
export function draftOf(trigger: Stored): TriggerDraft {
  return {
    ...NEW_DRAFT,
    name: trigger.name,
    flowId: trigger.flowId ?? '',
    profile: trigger.profile,
    methods: trigger.methods.join(', '),
    ordering: trigger.ordering ?? '',
    idempotency: trigger.idempotency ?? '',
    rateRequests: trigger.rateLimit?.requests?.toString() ?? '',
    rateSeconds: trigger.rateLimit?.windowSeconds?.toString() ?? '60',
    allowedIps: trigger.allowedIps?.join(', ') ?? '',
    corsOrigins: trigger.cors?.origins?.join(', ') ?? '',
    props: trigger.props === null || trigger.props === undefined ? '' : JSON.stringify(trigger.props, null, 2),
  };
}
