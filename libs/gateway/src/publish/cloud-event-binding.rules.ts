import { checkCloudEvent, type CloudEvent, type FieldProblem, isBuiltInEventType } from '@sluice/contracts';
import { type BodyLimits, BodyProblem, isJsonType, mediaTypeOf, parseJson, textOf } from '@sluice/request-body';
import { gatewayError } from '../gateway.errors.ts';
import type { RequestHeaders } from '@sluice/trigger-credentials';

const STRUCTURED = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';
const PREFIX = 'ce-';
/** More of them help nobody, and a thousand events may have tens of thousands. */
export const MAX_PROBLEMS = 100;

/**
 * The events of a request, in any of the three content modes of the CloudEvents HTTP binding 1.0.2.
 * @throws AppError `invalid_event` with every problem of every event, `built_in_event_type`, `too_many_events`,
 * `unsupported_content_type`
 * @throws BodyProblem when the JSON cannot be read
 */
export function cloudEventsOf(
  headers: RequestHeaders,
  body: Buffer,
  maxEvents: number,
  limits: BodyLimits,
): CloudEvent[] {
  const type = mediaTypeOf(headers['content-type']);
  if (type === BATCH) return batch(parseJson(body, limits), maxEvents, limits);
  if (type === STRUCTURED) return checked([{ input: parseJson(body, limits), pointer: '' }], limits);
  if (type.startsWith('application/cloudevents')) {
    throw gatewayError('unsupported_content_type', HOW);
  }
  // Without a single attribute it is no event; its sender most likely meant the structured mode.
  const isBare = !Object.keys(headers).some((name) => name.startsWith(PREFIX));
  if (isBare && body.length > 0 && type !== '' && !isJsonType(type))
    throw gatewayError('unsupported_content_type', HOW);
  return checked([{ input: binary(headers, body, limits), pointer: '' }], limits, isBare ? ` ${HOW}` : '');
}

/** Whether the body is a list of events. */
export const isBatch = (headers: RequestHeaders): boolean => mediaTypeOf(headers['content-type']) === BATCH;

const HOW = `Send an event as ${STRUCTURED}, several as ${BATCH}, or its attributes in ce- headers.`;

function batch(input: unknown, maxEvents: number, limits: BodyLimits): CloudEvent[] {
  if (!Array.isArray(input)) {
    const errors = [{ pointer: '', message: 'must be an array of CloudEvents' }];
    throw gatewayError('invalid_event', 'A batch is a JSON array of CloudEvents.', { errors });
  }
  if (input.length > maxEvents) {
    throw gatewayError(
      'too_many_events',
      `A batch may hold at most ${maxEvents} events; this one has ${input.length}.`,
    );
  }
  const inputs = input.map((each: unknown, index) => ({ input: each, pointer: `/${index}` }));
  return checked(inputs, limits);
}

function checked(inputs: { input: unknown; pointer: string }[], limits: BodyLimits, advice = ''): CloudEvent[] {
  const problems: FieldProblem[] = [];
  const events = inputs.map(({ input, pointer }) => {
    const result = checkCloudEvent(input, pointer);
    problems.push(...result.problems);
    return result.problems.length > 0 ? result.event : withDecodedData(result.event, pointer, problems, limits);
  });
  if (problems.length === 0) {
    requireOwnTypes(events, inputs);
    return events;
  }
  const detail = `${problems.length} problem${problems.length === 1 ? '' : 's'} in the events; none was accepted.${advice}`;
  throw gatewayError('invalid_event', detail, { errors: problems.slice(0, MAX_PROBLEMS) });
}

/** ET-10: whoever subscribes to `Flow.Executed`, or keeps an audit of `User.Created`, may rely on it that Sluice says so. */
function requireOwnTypes(events: readonly CloudEvent[], inputs: readonly { pointer: string }[]): void {
  const errors = events.flatMap(({ type }, index): FieldProblem[] =>
    isBuiltInEventType(type)
      ? [{ pointer: `${inputs[index]?.pointer ?? ''}/type`, message: `${type} is emitted by Sluice only` }]
      : [],
  );
  if (errors.length === 0) return;
  const detail = 'Built-in event types cannot be published; choose another type.';
  throw gatewayError('built_in_event_type', detail, { errors: errors.slice(0, MAX_PROBLEMS) });
}

/** Binary mode (§3.1): attributes in `ce-` headers, the data as the body. */
function binary(headers: RequestHeaders, body: Buffer, limits: BodyLimits): Record<string, unknown> {
  const attributes: [string, unknown][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(PREFIX)) attributes.push([name.slice(PREFIX.length), attributeValue(String(value))]);
  }
  const event = Object.fromEntries(attributes);
  if (body.length === 0) return event;
  const contentType = headers['content-type'];
  if (contentType !== undefined) event.datacontenttype = contentType;
  event.data = dataOf(contentType, body, limits);
  return event;
}

/** §3.1.3.2: quotes are taken off, then `%XX` is decoded as UTF-8. What does not decode stays as it was sent. */
function attributeValue(header: string): string {
  const quoted = header.length >= 2 && header.startsWith('"') && header.endsWith('"');
  const text = quoted ? header.slice(1, -1).replace(/\\(.)/g, '$1') : header;
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded UTF-8: the sender meant the characters themselves.
    return text;
  }
}

/** JSON becomes its value, text a string; without a type it is JSON, as in the JSON format. */
function dataOf(contentType: string | undefined, bytes: Buffer, limits: BodyLimits): unknown {
  const type = mediaTypeOf(contentType);
  if (type === '' || isJsonType(type)) return parseJson(bytes, limits);
  if (type.startsWith('text/') || type.endsWith('xml')) return textOf(bytes);
  throw new BodyProblem('unsupported_content_type', `Data of type ${type.slice(0, 100)} is neither JSON nor text.`);
}

/** `data_base64` of the JSON format becomes `data`. */
function withDecodedData(event: CloudEvent, pointer: string, problems: FieldProblem[], limits: BodyLimits): CloudEvent {
  const { data_base64: base64, ...rest } = event;
  if (typeof base64 !== 'string') return event;
  try {
    return { ...rest, data: dataOf(event.datacontenttype, Buffer.from(base64, 'base64'), limits) } as CloudEvent;
  } catch (error) {
    if (!(error instanceof BodyProblem)) throw error;
    problems.push({ pointer: `${pointer}/data_base64`, message: error.detail });
    return event;
  }
}
