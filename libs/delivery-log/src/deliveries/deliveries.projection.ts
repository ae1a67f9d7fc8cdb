import type { BusEvent } from '@sluice/bus';
import type { AttemptFinished, DispatcherEvents, DomainEventRecorded } from '@sluice/contracts';
import type { ClientBase } from 'pg';
import { type BulkTable, bulkWrite } from '../read-model/bulk-write.ts';

const DOMAIN_EVENTS: BulkTable = {
  table: 'delivery_log.domain_events',
  columns: {
    id: 'uuid',
    app_id: 'uuid',
    type: 'text',
    run_id: 'uuid',
    request_id: 'uuid',
    recorded_at: 'timestamptz',
    data: 'text',
  },
  onConflict: 'on conflict (id) do nothing',
};

/** Attempts may come before the event that planned them (other partition), so both sides write the whole row. */
const DELIVERIES: BulkTable = {
  table: 'delivery_log.deliveries',
  columns: {
    id: 'uuid',
    app_id: 'uuid',
    event_id: 'uuid',
    event_type: 'text',
    endpoint_id: 'int4',
    endpoint_uuid: 'uuid',
    endpoint_name: 'text',
    run_id: 'uuid',
    status: 'text',
    attempts: 'int4',
    created_at: 'timestamptz',
    next_attempt_at: 'timestamptz',
    reason: 'text',
  },
  onConflict: `on conflict (id) do update set
    endpoint_name = coalesce(excluded.endpoint_name, deliveries.endpoint_name),
    status = case when excluded.attempts > deliveries.attempts or excluded.status = 'discarded' then excluded.status else deliveries.status end,
    next_attempt_at = case when excluded.attempts > deliveries.attempts or excluded.status = 'discarded' then excluded.next_attempt_at else deliveries.next_attempt_at end,
    reason = coalesce(excluded.reason, deliveries.reason),
    attempts = greatest(excluded.attempts, deliveries.attempts)`,
};

const ATTEMPTS: BulkTable = {
  table: 'delivery_log.attempts',
  columns: { delivery_id: 'uuid', number: 'int4', at: 'timestamptz', data: 'text' },
  onConflict: 'on conflict (delivery_id, number) do nothing',
};

interface DeliveryRow {
  id: string;
  appId: string | null;
  eventId: string;
  eventType: string;
  endpointId: number;
  endpointUuid: string;
  endpointName: string | null;
  runId: string | null;
  status: string;
  attempts: number;
  createdAt: string;
  nextAttemptAt: string | null;
  reason: string | null;
}

const STATUS_OF = { succeeded: 'succeeded', retry: 'pending', failed: 'failed', discarded: 'discarded' } as const;

function plannedRows(event: BusEvent): DeliveryRow[] {
  const data = event.data as DomainEventRecorded;
  return data.deliveries.map((planned) => ({
    id: planned.deliveryId,
    appId: event.appId,
    eventId: data.eventId,
    eventType: data.type,
    endpointId: planned.endpointId,
    endpointUuid: planned.endpointUuid,
    endpointName: planned.endpointName,
    runId: data.runId,
    status: 'pending',
    attempts: 0,
    createdAt: event.occurredAt.toISOString(),
    nextAttemptAt: null,
    reason: null,
  }));
}

function attemptRow(event: BusEvent): DeliveryRow {
  const data = event.data as AttemptFinished;
  return {
    id: data.deliveryId,
    appId: event.appId,
    eventId: data.eventId,
    eventType: data.eventType,
    endpointId: data.endpointId,
    endpointUuid: data.endpointUuid,
    endpointName: null,
    runId: data.runId,
    status: STATUS_OF[data.outcome],
    attempts: data.number,
    createdAt: data.at,
    nextAttemptAt: data.nextAttemptAt,
    reason: null,
  };
}

function merge(rows: Map<string, DeliveryRow>, row: DeliveryRow): void {
  const known = rows.get(row.id);
  if (!known) {
    rows.set(row.id, row);
    return;
  }
  known.endpointName ??= row.endpointName;
  known.createdAt = known.createdAt < row.createdAt ? known.createdAt : row.createdAt;
  if (row.attempts < known.attempts) return;
  known.status = row.status;
  known.attempts = row.attempts;
  known.nextAttemptAt = row.nextAttemptAt;
}

async function writeDiscarded(client: ClientBase, events: readonly BusEvent[]): Promise<void> {
  for (const event of events.filter((each) => each.type === 'DeliveryDiscarded')) {
    const data = event.data as DispatcherEvents['DeliveryDiscarded'];
    await client.query(
      `insert into delivery_log.deliveries (id, app_id, event_id, event_type, endpoint_id, endpoint_uuid, status, created_at, reason)
       values ($1, $2, $3, '', $4, $5, 'discarded', $6, $7)
       on conflict (id) do update set status = 'discarded', next_attempt_at = null, reason = excluded.reason`,
      [data.deliveryId, event.appId, data.eventId, data.endpointId, data.endpointUuid, data.at, data.reason],
    );
  }
}

export async function writeDeliveries(client: ClientBase, events: readonly BusEvent[]): Promise<void> {
  const recorded = events.filter((event) => event.type === 'DomainEventRecorded');
  const attempts = events.filter((event) => event.type === 'AttemptFinished');
  const rows = new Map<string, DeliveryRow>();
  for (const event of recorded) for (const row of plannedRows(event)) merge(rows, row);
  for (const event of attempts) merge(rows, attemptRow(event));
  await bulkWrite(
    client,
    DOMAIN_EVENTS,
    recorded.map((event) => {
      const data = event.data as DomainEventRecorded;
      return [
        event.streamId,
        event.appId,
        data.type,
        data.runId,
        data.requestId,
        event.occurredAt.toISOString(),
        event.dataJson,
      ];
    }),
  );
  await bulkWrite(
    client,
    DELIVERIES,
    [...rows.values()].map((row) => Object.values(row)),
  );
  await bulkWrite(
    client,
    ATTEMPTS,
    attempts.map((event) => {
      const data = event.data as AttemptFinished;
      return [data.deliveryId, data.number, data.at, event.dataJson];
    }),
  );
  await writeDiscarded(client, events);
}
