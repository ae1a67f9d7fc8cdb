import type { ForeignMessage } from '@sluice/bus';
import { type CloudEvent, isUuid } from '@sluice/contracts';
import type { KafkaSettings } from '@sluice/platform';

/** A record of `domain.events` that cannot be taken in; the message is the dead letter's reason. */
export class BadRecordError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadRecordError';
  }
}

const STRUCTURED = /^application\/cloudevents\+json\b/i;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadRecordError(`the value is not JSON: ${(error as Error).message}`);
  }
}

function utf8(value: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(value);
  } catch {
    throw new BadRecordError('the value is not UTF-8');
  }
}

/** CloudEvents Kafka binding 1.0.2 §3.2: attributes are headers `ce_*`, the value is the data. */
function binary(message: ForeignMessage): Record<string, unknown> {
  const event: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message.headers)) if (name.startsWith('ce_')) event[name.slice(3)] = value;
  const contentType = message.headers['content-type'] ?? 'application/json';
  if (message.value.length > 0) {
    event.data = /\bjson\b/i.test(contentType) ? parseJson(utf8(message.value)) : utf8(message.value);
    event.datacontenttype = contentType;
  }
  return event;
}

/** CloudEvents Kafka binding 1.0.2 §3.3: the value is the whole event. */
function structured(message: ForeignMessage): Record<string, unknown> {
  const parsed = parseJson(utf8(message.value));
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed))
    throw new BadRecordError('the value is not a JSON object');
  return parsed as Record<string, unknown>;
}

function requiredText(event: Record<string, unknown>, name: string, max: number): string {
  const value = event[name];
  if (typeof value !== 'string' || value === '' || value.length > max)
    throw new BadRecordError(`attribute ${name} must be a text of 1 to ${max} characters`);
  return value;
}

/** @throws BadRecordError naming what is wrong. */
export function cloudEventOf(message: ForeignMessage): CloudEvent {
  const isStructured = STRUCTURED.test(message.headers['content-type'] ?? '');
  const event = isStructured ? structured(message) : binary(message);
  if (event.specversion !== '1.0')
    throw new BadRecordError(`attribute specversion must be "1.0", not ${JSON.stringify(event.specversion ?? null)}`);
  if (event.subject !== undefined && typeof event.subject !== 'string')
    throw new BadRecordError('attribute subject must be a text');
  if (event.time !== undefined && (typeof event.time !== 'string' || Number.isNaN(Date.parse(event.time))))
    throw new BadRecordError('attribute time must be an RFC 3339 time');
  return {
    ...event,
    specversion: '1.0',
    id: requiredText(event, 'id', 1_000),
    source: requiredText(event, 'source', 2_000),
    type: requiredText(event, 'type', 200),
  };
}

/**
 * The app of a record: that of its topic in SLUICE_KAFKA_TOPIC_APPS; the record's own `appid` only where the operator
 * trusts the topic. The name `default` and ids are resolved by the caller.
 * @throws BadRecordError when no app is configured, or an untrusted record names one.
 */
export function appOf(
  message: ForeignMessage,
  event: CloudEvent,
  kafka: Pick<KafkaSettings, 'topicApps' | 'trustedTopics'>,
): string {
  const own = event.appid;
  if (own !== undefined && kafka.trustedTopics.includes(message.topic)) {
    if (!isUuid(own)) throw new BadRecordError('attribute appid must be the id of an app');
    return own;
  }
  const configured = kafka.topicApps[message.topic];
  if (configured === undefined)
    throw new BadRecordError(`no app is configured for the topic ${message.topic} (SLUICE_KAFKA_TOPIC_APPS)`);
  return configured;
}
