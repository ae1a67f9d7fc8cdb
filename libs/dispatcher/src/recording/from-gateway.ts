import type { BusEvent } from '@sluice/bus';
import type { EventPublished } from '@sluice/contracts';
import { fromCloudEvent } from './cloud-event.rules.ts';
import type { ReceivedEvent } from './received-event.ts';

/** What came by `POST /v1/events`. */
export function fromGateway(event: BusEvent, publicUrl: string): ReceivedEvent[] {
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
