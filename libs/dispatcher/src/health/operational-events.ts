import { type EndpointState, newId } from '@sluice/contracts';
import { endpointEntity } from '../recording/from-registry.ts';
import type { ReceivedEvent } from '../recording/received-event.ts';

/** DL-10: what the dispatcher itself has to tell. */
export type OperationalType =
  | 'Endpoint.Failing'
  | 'Endpoint.Disabled'
  | 'Endpoint.Recovered'
  | 'Endpoint.Paused'
  | 'Endpoint.Resumed'
  | 'Endpoint.Backlog';

/** DL-10: an ordinary domain event about an endpoint: its data is the endpoint and what there is to tell of it. */
export function operationalEvent(
  type: OperationalType,
  endpoint: EndpointState,
  more: Record<string, unknown>,
  options: { nowMs: number; publicUrl: string },
): ReceivedEvent {
  const eventId = newId();
  return {
    eventId,
    appId: endpoint.appId,
    type,
    source: '/sluice/dispatcher',
    sourceId: eventId,
    subject: String(endpoint.id),
    time: new Date(options.nowMs).toISOString(),
    data: { ...endpointEntity(endpoint), ...more },
    entityId: String(endpoint.id),
    entityUrl: `${options.publicUrl}/rest/v1/webhooks/${endpoint.id}`,
    runId: null,
    requestId: null,
    correlationId: eventId,
    causationId: null,
    traceparent: undefined,
    dedupeKey: null,
  };
}
