import { isUtf8 } from 'node:buffer';
import type { BusEvent } from '@sluice/bus';
import { type EventPublished, forwardedEventId, type ForwardedRequest, type TriggerForwarded } from '@sluice/contracts';
import { fromCloudEvent } from './cloud-event.rules.ts';
import type { ReceivedEvent } from './received-event.ts';

/** What came by `POST /v1/events`, and requests that are handed on. */
export function fromGateway(event: BusEvent, publicUrl: string): ReceivedEvent[] {
  if (event.type === 'TriggerForwarded' && event.appId !== null) return [forwarded(event, event.appId, publicUrl)];
  if (event.type !== 'EventPublished' || event.appId === null) return [];
  const { cloudEvent } = event.data as EventPublished;
  return [
    fromCloudEvent(cloudEvent, {
      appId: event.appId,
      cause: event.streamId,
      publicUrl,
      correlationId: event.meta.correlationId,
      traceparent: event.meta.traceparent,
      receivedAt: event.occurredAt.toISOString(),
      hops: event.meta.hops,
    }),
  ];
}

/** The type of a request that is handed on; nobody can subscribe to it. */
const FORWARDED = 'Request.Forwarded';
/** Filters read bodies up to this size; a larger one is sent all the same. */
const MAX_READ_BODY = 64 * 1024;
/** Texts that JSON would make much larger go as base64, so that an event fits into a message of the bus. */
const MAX_ESCAPED = 350_000;

/** GW-11: the request as it came, and what filters may ask of it. */
function forwarded(event: BusEvent, appId: string, publicUrl: string): ReceivedEvent {
  const request = event.data as TriggerForwarded;
  const eventId = forwardedEventId(event.streamId, request.triggerId);
  const chosen = request.forwardHeaders.flatMap((name): [string, string][] => {
    const value = request.headers[name];
    return value === undefined ? [] : [[name, value]];
  });
  const headers = Object.fromEntries(chosen);
  const { method, query } = request;
  const body = event.body ?? Buffer.alloc(0);
  return {
    eventId,
    appId,
    type: FORWARDED,
    source: `/sluice/triggers/${request.triggerId}`,
    sourceId: event.streamId,
    subject: request.triggerId,
    time: request.receivedAt,
    data: { method, query, headers, body: jsonOrNull(body) },
    entityId: event.streamId,
    entityUrl: `${publicUrl}/v1/requests/${event.streamId}`,
    runId: null,
    requestId: event.streamId,
    correlationId: event.meta.correlationId,
    causationId: event.streamId,
    traceparent: event.meta.traceparent,
    hops: event.meta.hops,
    dedupeKey: null,
    targets: request.endpoints,
    forward: { contentType: request.contentType, headers, ...bodyOf(body, request.bodyPayloadId) },
  };
}

function bodyOf(body: Buffer, payloadId: string | null): Pick<ForwardedRequest, 'text' | 'base64' | 'payloadId'> {
  if (payloadId !== null) return { payloadId };
  const text = body.toString('utf8');
  const isText = isUtf8(body) && !text.includes('\0') && JSON.stringify(text).length <= MAX_ESCAPED;
  return isText ? { text } : { base64: body.toString('base64') };
}

function jsonOrNull(body: Buffer): unknown {
  if (body.length === 0 || body.length > MAX_READ_BODY) return null;
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
