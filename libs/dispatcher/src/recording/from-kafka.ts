import type { ForeignMessage } from '@sluice/bus';
import { checkCloudEvent, type CloudEvent, type FieldProblem, isBuiltInEventType, isUuid } from '@sluice/contracts';
import type { KafkaSettings } from '@sluice/platform';
import { BodyProblem, DEFAULT_BODY_LIMITS, mediaTypeOf, parseJson, textOf } from '@sluice/request-body';

/** A record of `domain.events` that cannot be taken in; the message is the dead letter's reason. */
export class BadRecordError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadRecordError';
  }
}

const STRUCTURED = 'application/cloudevents+json';
/** Producers inside may have longer names for things than callers of POST /v1/events. */
const LONGEST = { id: 1_000, source: 2_000 };
const LIMITS = { ...DEFAULT_BODY_LIMITS, maxKeys: 100_000 };
/** A dead letter's reason is read by a person. */
const MOST_PROBLEMS = 5;

/** Bounded as a body of POST /v1/events is: what is nested without end could be read, but not written again. */
function dataOf(contentType: string | undefined, bytes: Buffer): unknown {
  const type = mediaTypeOf(contentType);
  try {
    return type === '' || /\bjson\b/.test(type) ? parseJson(bytes, LIMITS) : textOf(bytes);
  } catch (error) {
    if (error instanceof BodyProblem) throw new BadRecordError(`the data cannot be read: ${error.detail}`);
    throw error;
  }
}

/** CloudEvents Kafka binding 1.0.2 §3.2: attributes are headers `ce_*`, the value is the data. */
function binary(message: ForeignMessage): Record<string, unknown> {
  const attributes = Object.entries(message.headers).filter(([name]) => name.startsWith('ce_'));
  const event: Record<string, unknown> = Object.fromEntries(attributes.map(([name, value]) => [name.slice(3), value]));
  if (message.value.length === 0) return event;
  const contentType = message.headers['content-type'] ?? 'application/json';
  return { ...event, data: dataOf(contentType, message.value), datacontenttype: contentType };
}

/** JSON format §3.1: `data_base64` is data as well, where it is JSON or text. */
function withDecodedData(event: CloudEvent): CloudEvent {
  const { data_base64: base64, ...rest } = event;
  if (typeof base64 !== 'string') return event;
  return { ...rest, data: dataOf(event.datacontenttype, Buffer.from(base64, 'base64')) } as CloudEvent;
}

/**
 * The event of a record in the binary or the structured mode (there the value is the whole event).
 * @throws BadRecordError naming what is wrong.
 */
export function cloudEventOf(message: ForeignMessage): CloudEvent {
  const isStructured = mediaTypeOf(message.headers['content-type']) === STRUCTURED;
  const { event, problems } = checkCloudEvent(
    isStructured ? dataOf(undefined, message.value) : binary(message),
    '',
    LONGEST,
  );
  if (problems.length > 0) throw new BadRecordError(problems.slice(0, MOST_PROBLEMS).map(sentence).join('; '));
  if (isBuiltInEventType(event.type)) throw new BadRecordError(`${event.type} is emitted by Sluice only`);
  return withDecodedData(event);
}

function sentence({ pointer, message }: FieldProblem): string {
  return pointer === '' ? `the event ${message}` : `attribute ${pointer.slice(1)} ${message}`;
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
