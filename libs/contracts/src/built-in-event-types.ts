/** ET-10: an event that Sluice itself emits; `schema` (JSON Schema 2020-12) describes its data. */
export interface BuiltInEventType {
  name: string;
  description: string;
  schema: Record<string, unknown>;
}

type Schema = Record<string, unknown>;

const TIME: Schema = { type: 'string', format: 'date-time', example: '2026-01-02T03:04:05.000Z' };
const ID: Schema = { type: 'string', format: 'uuid', example: '0199c2d0-8a3b-7c41-9f0e-3b1f5e6a7d90' };
const NUMBER: Schema = { type: 'integer', example: 7 };
const TEXT: Schema = { type: 'string' };
const FLAG: Schema = { type: 'boolean' };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const named = (example: string): Schema => ({ type: 'string', example });
const listOf = (items: Schema): Schema => ({ type: 'array', items });

/** Fields may be added to an event, never taken away: so others are allowed. */
function object(required: Record<string, Schema>, optional: Record<string, Schema> = {}): Schema {
  return { type: 'object', required: Object.keys(required), properties: { ...required, ...optional } };
}

const CHANGED = { createdAt: TIME, updatedAt: TIME };

const FLOW = object(
  {
    id: ID,
    number: NUMBER,
    appId: ID,
    name: named('Order'),
    listener: orNull(TEXT),
    status: { enum: ['draft', 'active', 'paused'] },
    version: NUMBER,
    publishedVersion: orNull(NUMBER),
    ...CHANGED,
  },
  { definition: { type: 'object', description: 'the saved version, as it is sent to /v1/flows' } },
);

const TRIGGER = object({
  id: ID,
  number: NUMBER,
  appId: ID,
  flowId: orNull(ID),
  name: named('Orders'),
  profile: { enum: ['native', 'run', 'listener', 'flow'] },
  methods: listOf(named('POST')),
  auth: { type: 'object', description: 'the kind and its names, never a secret' },
  tokens: listOf(object({ id: ID, createdAt: TIME })),
  enabled: FLAG,
  ...CHANGED,
});

const ENDPOINT = object({
  id: NUMBER,
  uuid: ID,
  appId: ID,
  kind: { enum: ['event', 'inline'] },
  name: named('Shop'),
  events: listOf(named('order.*')),
  url: named('https://example.org/hook'),
  method: { enum: ['POST', 'GET'] },
  enabled: FLAG,
  hasSecret: FLAG,
  headers: listOf(object({ key: named('X-Custom') })),
  ...CHANGED,
});

const PAUSE = object({
  reason: { enum: ['person', 'gone', 'failing'] },
  at: TIME,
  detail: named('the receiver answered 410 Gone'),
});
/** An endpoint, and what there is to tell of its deliveries (DL-10). */
const endpointAnd = (more: Record<string, Schema>): Schema => ({ allOf: [ENDPOINT, object(more)] });
const ACTOR = orNull(object({ type: TEXT, id: TEXT }));

const TOKEN = object({
  id: ID,
  number: NUMBER,
  appId: orNull(ID),
  userId: orNull(ID),
  note: named('for the shop'),
  scopes: listOf(named('automation')),
  expiresAt: orNull(TIME),
  createdAt: TIME,
});

const USER = object({ id: ID, number: NUMBER, email: named('ada@example.org'), name: named('Ada') });

const RUN = object({
  runId: ID,
  status: { enum: ['succeeded', 'failed', 'timed_out'] },
  number: NUMBER,
  flowId: ID,
  flowNumber: NUMBER,
  flowVersion: NUMBER,
  triggerId: orNull(ID),
  result: { description: 'any JSON' },
  error: orNull(object({ code: TEXT, message: TEXT })),
  startedAt: TIME,
  finishedAt: TIME,
});

const DELIVERY = object({
  id: ID,
  appId: ID,
  eventId: ID,
  eventType: named('order.created'),
  endpoint: object({ id: NUMBER, uuid: ID, name: named('Shop'), url: named('https://example.org/hook') }),
  attempts: { type: 'integer', example: 8 },
  lastStatus: orNull({ type: 'integer', example: 500 }),
  lastError: orNull(object({ stage: named('connect'), code: named('ECONNREFUSED'), message: TEXT })),
  replayId: orNull(ID),
});

const APP = object({ id: ID, name: named('shop'), environmentId: NUMBER, createdAt: TIME });

const DEFINED: readonly (readonly [name: string, description: string, schema: Schema])[] = [
  ['Flow.Created', 'A flow was created.', FLOW],
  ['Flow.Updated', 'A flow was changed, paused or resumed.', FLOW],
  ['Flow.Published', 'A version of a flow became the one that runs.', FLOW],
  ['Flow.Deleted', 'A flow was deleted; its last state.', FLOW],
  ['Flow.Executed', 'A run of a flow succeeded.', RUN],
  ['Flow.Failed', 'A run of a flow failed or timed out.', RUN],
  ['Trigger.Created', 'A trigger was created.', TRIGGER],
  ['Trigger.Updated', 'A trigger was changed.', TRIGGER],
  ['Trigger.Deleted', 'A trigger was deleted; its last state.', TRIGGER],
  ['Trigger.TokenRotated', 'A token of a trigger was added or revoked.', TRIGGER],
  ['Endpoint.Created', 'An endpoint was created.', ENDPOINT],
  ['Endpoint.Updated', 'An endpoint was changed.', ENDPOINT],
  ['Endpoint.Deleted', 'An endpoint was deleted; its last state.', ENDPOINT],
  [
    'Endpoint.Disabled',
    'An endpoint was paused: it answered 410, or nothing but failure for five days. What is for it is kept.',
    endpointAnd({ paused: PAUSE, failingSince: orNull(TIME) }),
  ],
  ['Endpoint.Recovered', 'Deliveries to an endpoint succeed again after it was told to fail.', ENDPOINT],
  ['Token.Created', 'A personal access token was created.', TOKEN],
  ['Token.Revoked', 'A personal access token was revoked.', TOKEN],
  ['User.Created', 'A user was created.', USER],
  ['User.Updated', 'A user was changed.', USER],
  ['User.Deleted', 'A user was deleted; the last state.', USER],
  ['User.LoggedIn', 'A user logged in.', USER],
  ['App.Created', 'An app was created.', APP],
  // DL-10, beyond ET-10's list: how deliveries fare.
  [
    'Endpoint.Failing',
    'Nothing but failure for a day: unless that ends, the endpoint is paused at `disabledAt`.',
    endpointAnd({ failingSince: TIME, disabledAt: TIME, lastStatus: orNull({ type: 'integer', example: 500 }) }),
  ],
  [
    'Endpoint.Backlog',
    'The oldest delivery to an endpoint is late by a quarter of an hour.',
    endpointAnd({ oldestDueAt: TIME, waiting: NUMBER }),
  ],
  [
    'Delivery.Failed',
    'A delivery failed for good (a dead letter): its attempts are used up, or none can mend it. Told to endpoints other than its own.',
    DELIVERY,
  ],
  ['Endpoint.Paused', 'Somebody paused an endpoint.', endpointAnd({ paused: PAUSE, actor: ACTOR })],
  ['Endpoint.Resumed', 'Somebody resumed an endpoint.', endpointAnd({ wasPaused: orNull(PAUSE), actor: ACTOR })],
];

/** Every built-in event, in the order of ET-10's list. The one source of their names and schemas. */
export const BUILT_IN_EVENT_TYPES: readonly BuiltInEventType[] = DEFINED.map(([name, description, schema]) => ({
  name,
  description,
  schema,
}));

const NAMES: ReadonlySet<string> = new Set(BUILT_IN_EVENT_TYPES.map(({ name }) => name));

/**
 * True for the names that only Sluice itself gives to events: what is published or emitted by others must not look like one.
 * Names are compared as they are matched: `flow.executed` is somebody's own.
 */
export function isBuiltInEventType(type: string): boolean {
  return NAMES.has(type);
}
