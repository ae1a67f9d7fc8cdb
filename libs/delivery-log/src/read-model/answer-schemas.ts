import type { ApiResponseOptions } from '@nestjs/swagger';

/** What the delivery log answers, for the OpenAPI document: beside the queries, whose types are plain rows. */
type Schema = Extract<ApiResponseOptions, { schema: unknown }>['schema'] & object;

const TEXT: Schema = { type: 'string' };
const ID: Schema = { type: 'string', format: 'uuid' };
const TIME: Schema = { type: 'string', format: 'date-time' };
const NUMBER: Schema = { type: 'integer' };
const ANY: Schema = { description: 'any JSON' };
const TEXTS: Schema = { type: 'object', additionalProperties: TEXT };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' } as unknown as Schema] });
const list = (items: Schema): Schema => ({ type: 'array', items });

function object(properties: Record<string, Schema>): Schema {
  return { type: 'object', required: Object.keys(properties), properties };
}

function pageOf(item: Schema): Schema {
  return object({ items: list(item), nextCursor: orNull(TEXT) });
}

const ATTEMPT = object({
  number: NUMBER,
  at: TIME,
  durationMs: { type: 'number' },
  request: object({ method: TEXT, url: TEXT, headers: TEXTS, body: TEXT, truncated: { type: 'boolean' } }),
  response: orNull(object({ status: NUMBER, headers: TEXTS, body: TEXT, truncated: { type: 'boolean' } })),
  error: orNull(object({ stage: TEXT, code: TEXT, message: TEXT })),
  verdict: orNull(TEXT),
  nextAttemptAt: orNull(TIME),
});

export const DELIVERY = object({
  id: ID,
  appId: ID,
  eventId: ID,
  eventType: TEXT,
  endpointId: NUMBER,
  endpointName: orNull(TEXT),
  runId: orNull(ID),
  status: { type: 'string', enum: ['pending', 'succeeded', 'failed', 'discarded'] },
  reason: orNull(TEXT),
  createdAt: TIME,
  attempts: list(ATTEMPT),
});
export const DELIVERY_PAGE = pageOf(DELIVERY);

export const EVENT = object({
  id: ID,
  appId: ID,
  type: TEXT,
  source: TEXT,
  subject: orNull(TEXT),
  time: TEXT,
  data: ANY,
  attributes: orNull({ type: 'object', description: 'dataschema, datacontenttype, extensions of a published event' }),
  runId: orNull(ID),
  requestId: orNull(TEXT),
  recordedAt: TIME,
  deliveries: list(object({ deliveryId: ID, endpointId: NUMBER, endpointUuid: ID, endpointName: TEXT })),
});
export const EVENT_PAGE = pageOf(EVENT);

export const REQUEST = object({
  id: ID,
  appId: ID,
  triggerId: ID,
  flowId: orNull(ID),
  receivedAt: TIME,
  method: TEXT,
  remoteAddress: TEXT,
  contentType: orNull(TEXT),
  bodySize: NUMBER,
  bodySha256: TEXT,
  body: orNull(TEXT),
  bodyTruncated: { type: 'boolean' },
  headers: TEXTS,
  query: { type: 'object', additionalProperties: { anyOf: [TEXT, list(TEXT)] } },
  traceId: orNull(TEXT),
  run: orNull(object({ id: ID, number: orNull(NUMBER), status: TEXT })),
});
export const REQUEST_PAGE = pageOf(REQUEST);

export const DEAD_LETTER = object({
  id: ID,
  service: TEXT,
  group: TEXT,
  topic: TEXT,
  streamId: ID,
  version: NUMBER,
  type: TEXT,
  reason: TEXT,
  error: ANY,
  appId: orNull(ID),
  status: TEXT,
  parkedAt: TIME,
  endedAt: orNull(TIME),
});
export const DEAD_LETTER_PAGE = pageOf(DEAD_LETTER);
export const DEAD_LETTER_COMMAND = object({ id: ID, status: { type: 'string', enum: ['retrying', 'discarding'] } });

const NODE = object({
  kind: { type: 'string', enum: ['request', 'run', 'step', 'event', 'delivery', 'attempt'] },
  id: TEXT,
  title: TEXT,
  status: TEXT,
  at: orNull(TIME),
  endedAt: orNull(TIME),
  durationMs: orNull({ type: 'number' }),
  causedBy: orNull(TEXT),
  detail: { type: 'object', additionalProperties: true },
  children: list({ type: 'object', additionalProperties: true, description: 'nodes like this one' }),
});
export const TIMELINE = object({ id: TEXT, root: NODE });
