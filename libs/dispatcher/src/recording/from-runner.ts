import type { BusEvent } from '@sluice/bus';
import { causeAt, derivedId, type EventEmitted, type RunFinished } from '@sluice/contracts';
import { dedupeKeyOf } from './cloud-event.rules.ts';
import type { ReceivedEvent } from './received-event.ts';

const SOURCE = '/sluice/runs';

function emitted(event: BusEvent, publicUrl: string): ReceivedEvent {
  const data = event.data as EventEmitted;
  return {
    ...originOf(event),
    eventId: data.eventId,
    type: data.type,
    source: SOURCE,
    sourceId: data.id ?? data.eventId,
    dedupeKey: data.id === undefined ? null : dedupeKeyOf(SOURCE, data.id),
    subject: data.subject,
    time: data.emittedAt,
    data: data.data,
    entityId: data.subject ?? data.eventId,
    entityUrl: `${publicUrl}/v1/events/${data.eventId}`,
  };
}

/** ET-10, ET-11: `Flow.Executed` and `Flow.Failed` are about the run; their entity is its outcome. */
function finished(event: BusEvent, publicUrl: string): ReceivedEvent {
  const data = event.data as RunFinished;
  const eventId = derivedId('built-in', causeAt(event.streamId, event.occurredAt.getTime()), 'run-finished');
  return {
    ...originOf(event),
    eventId,
    type: data.status === 'succeeded' ? 'Flow.Executed' : 'Flow.Failed',
    source: SOURCE,
    sourceId: eventId,
    subject: String(data.flowNumber),
    time: data.finishedAt,
    data: { runId: event.streamId, ...data },
    entityId: String(data.number),
    entityUrl: `${publicUrl}/rest/v1/flows/${data.flowNumber}?auditId=${data.number}`,
  };
}

function originOf(event: BusEvent) {
  return {
    appId: event.appId as string,
    runId: event.streamId,
    requestId: event.meta.correlationId,
    correlationId: event.meta.correlationId,
    causationId: event.streamId,
    traceparent: event.meta.traceparent,
    hops: event.meta.hops,
    dedupeKey: null,
  };
}

/** What runs emit, and that they ended. A cancelled run is neither executed nor failed. */
export function fromRunner(event: BusEvent, publicUrl: string): ReceivedEvent[] {
  if (event.appId === null) return [];
  if (event.type === 'EventEmitted') return [emitted(event, publicUrl)];
  if (event.type !== 'RunFinished' || (event.data as RunFinished).status === 'cancelled') return [];
  return [finished(event, publicUrl)];
}
