import type { DomainEventRecorded, EndpointState } from '@sluice/contracts';
import type { EventMeta, StreamAppend } from '@sluice/event-store';
import type { ReceivedEvent } from './received-event.ts';

interface Target {
  endpoint: EndpointState;
  deliveryId: string;
}

/** The dispatcher's own event for what came in, with the deliveries that it leads to. */
export function recordingOf(
  event: ReceivedEvent,
  targets: readonly Target[],
  traceparent: string | undefined,
): { append: StreamAppend; recorded: DomainEventRecorded; meta: EventMeta } {
  const recorded = recordedOf(event, targets);
  const meta: EventMeta = {
    correlationId: event.correlationId,
    causationId: event.causationId,
    ...(traceparent ? { traceparent } : {}),
    ...(event.hops ? { hops: event.hops } : {}),
  };
  const events = [{ type: 'DomainEventRecorded', appId: event.appId, data: recorded, meta }];
  return { append: { streamId: event.eventId, expectedVersion: 0, events }, recorded, meta };
}

function recordedOf(event: ReceivedEvent, targets: readonly Target[]): DomainEventRecorded {
  return {
    eventId: event.eventId,
    type: event.type,
    source: event.source,
    sourceId: event.sourceId,
    subject: event.subject,
    time: event.time,
    data: event.data,
    ...(event.attributes ? { attributes: event.attributes } : {}),
    entityId: event.entityId,
    entityUrl: event.entityUrl,
    runId: event.runId,
    requestId: event.requestId,
    ...(event.actor ? { actor: event.actor } : {}),
    ...(event.forward ? { forward: event.forward } : {}),
    deliveries: targets.map(({ endpoint, deliveryId }) => ({
      deliveryId,
      endpointId: endpoint.id,
      endpointUuid: endpoint.uuid,
      endpointName: endpoint.name,
    })),
  };
}
