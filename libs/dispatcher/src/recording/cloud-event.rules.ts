import { createHash } from 'node:crypto';
import { type CloudEvent, derivedId, extensionsOf, type ProducerAttributes } from '@sluice/contracts';
import type { ReceivedEvent } from './received-event.ts';

/**
 * W3C Trace Context, level 1. It becomes a header of every delivery: a malformed one, which Kafka may bring, would make them
 * all fail.
 */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** SHA-256 over source and id: a key of fixed size within the app, whatever the producer calls its events. */
export function dedupeKeyOf(source: string, id: string): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([source, id]))
    .digest();
}

/** DL-02: what an endpoint in format `cloudevents` is told besides; undefined for most events, which say nothing more. */
function attributesOf(event: CloudEvent): ProducerAttributes | undefined {
  const { dataschema, datacontenttype } = event;
  const extensions = extensionsOf(event);
  const attributes = {
    ...(dataschema === undefined ? {} : { dataschema }),
    ...(datacontenttype === undefined || datacontenttype === 'application/json' ? {} : { datacontenttype }),
    ...(extensions === undefined ? {} : { extensions }),
  };
  return Object.keys(attributes).length === 0 ? undefined : attributes;
}

/**
 * A CloudEvent as the dispatcher's own; ET-05: `entity` is its data, `entityId` its subject or else the event's id.
 * `cause` is the id of what brought it, and carries the time that decides its partition.
 */
export function fromCloudEvent(
  event: CloudEvent,
  place: {
    appId: string;
    cause: string;
    publicUrl: string;
    correlationId: string;
    traceparent: string | undefined;
    receivedAt: string;
    hops?: number | undefined;
  },
): ReceivedEvent {
  const eventId = derivedId('domain-event', place.cause, JSON.stringify([place.appId, event.source, event.id]));
  return {
    eventId,
    appId: place.appId,
    type: event.type,
    source: event.source,
    sourceId: event.id,
    subject: event.subject ?? null,
    time: event.time ?? place.receivedAt,
    data: event.data ?? null,
    attributes: attributesOf(event),
    entityId: event.subject ?? eventId,
    entityUrl: `${place.publicUrl}/v1/events/${eventId}`,
    runId: null,
    requestId: null,
    correlationId: place.correlationId,
    causationId: place.cause,
    traceparent: TRACEPARENT.test(place.traceparent ?? '') ? place.traceparent : undefined,
    hops: place.hops,
    dedupeKey: dedupeKeyOf(event.source, event.id),
  };
}
