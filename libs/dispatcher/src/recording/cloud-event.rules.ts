import { createHash } from 'node:crypto';
import { type CloudEvent, derivedId } from '@sluice/contracts';
import type { ReceivedEvent } from './received-event.ts';

/** SHA-256 over source and id: a key of fixed size within the app, whatever the producer calls its events. */
export function dedupeKeyOf(source: string, id: string): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([source, id]))
    .digest();
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
    entityId: event.subject ?? eventId,
    entityUrl: `${place.publicUrl}/v1/events/${eventId}`,
    runId: null,
    requestId: null,
    correlationId: place.correlationId,
    causationId: place.cause,
    traceparent: place.traceparent,
    hops: place.hops,
    dedupeKey: dedupeKeyOf(event.source, event.id),
  };
}
