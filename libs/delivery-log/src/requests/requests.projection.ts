import type { BusEvent } from '@sluice/bus';
import type { RequestRejected, TriggerAccepted, TriggerForwarded } from '@sluice/contracts';
import type { Alongside } from '@sluice/event-store';
import { type BulkTable, bulkWrite, keptBody } from '../read-model/bulk-write.ts';

const REQUESTS: BulkTable = {
  table: 'delivery_log.requests',
  columns: {
    id: 'uuid',
    app_id: 'uuid',
    trigger_id: 'uuid',
    flow_id: 'uuid',
    received_at: 'timestamptz',
    data: 'text',
    body: 'bytea',
    body_truncated: 'boolean',
    trace_id: 'text',
  },
  onConflict: 'on conflict (id) do nothing',
  comesOnce: true,
};

const REJECTED: BulkTable = {
  table: 'delivery_log.rejected_requests',
  columns: { id: 'uuid', app_id: 'uuid', trigger_id: 'uuid', received_at: 'timestamptz', data: 'text' },
  onConflict: 'on conflict (id) do nothing',
  comesOnce: true,
};

/** The 32-digit trace id of a W3C traceparent, or null. */
export function traceIdOf(traceparent: string | undefined): string | null {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceparent ?? '')?.[1] ?? null;
}

function rowOf(event: BusEvent): unknown[] {
  const data = event.data as TriggerAccepted | TriggerForwarded;
  const kept = keptBody(event.body);
  return [
    event.streamId,
    event.appId,
    data.triggerId,
    data.flowId,
    data.receivedAt,
    event.dataJson,
    kept.body,
    kept.truncated,
    traceIdOf(event.meta.traceparent),
  ];
}

function rejectedRowOf(event: BusEvent): unknown[] {
  const { triggerId, receivedAt } = event.data as RequestRejected;
  return [event.streamId, event.appId, triggerId, receivedAt, event.dataJson];
}

export function requestWrites(events: readonly BusEvent[]): Alongside[] {
  return [
    bulkWrite(
      REQUESTS,
      events.filter(({ type }) => type === 'TriggerAccepted' || type === 'TriggerForwarded').map(rowOf),
    ),
    bulkWrite(REJECTED, events.filter((event) => event.type === 'RequestRejected').map(rejectedRowOf)),
  ];
}
