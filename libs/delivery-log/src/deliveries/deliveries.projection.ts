import type { BusEvent } from '@sluice/bus';
import type { AttemptFinished, DispatcherEvents, DomainEventRecorded } from '@sluice/contracts';
import type { Alongside } from '@sluice/event-store';
import { type BulkTable, bulkWrite } from '../read-model/bulk-write.ts';
import { ledToWrite } from '../timeline/led-to.projection.ts';
import { wholeBodyWrites } from './whole-bodies.projection.ts';

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
  comesOnce: true,
};

/**
 * An attempt that was on its way while its delivery was discarded may be told last: it does not revive it. One that a
 * person asked for since does.
 */
const NEWER = `(excluded.status = 'discarded' or (excluded.attempts > deliveries.attempts
  and not (deliveries.status = 'discarded' and excluded.status = 'pending'
    and coalesce(excluded.begun_again, 0) <= coalesce(deliveries.begun_again, 0))))`;

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
    last_status: 'int4',
    begun_again: 'int4',
  },
  onConflict: `on conflict (id) do update set
    endpoint_name = coalesce(excluded.endpoint_name, deliveries.endpoint_name),
    event_type = coalesce(nullif(deliveries.event_type, ''), excluded.event_type),
    run_id = coalesce(deliveries.run_id, excluded.run_id),
    status = case when ${NEWER} then excluded.status else deliveries.status end,
    next_attempt_at = case when ${NEWER} then excluded.next_attempt_at else deliveries.next_attempt_at end,
    reason = case when excluded.status = 'discarded' then excluded.reason when ${NEWER} then null else deliveries.reason end,
    last_status = case when excluded.attempts > deliveries.attempts then excluded.last_status else deliveries.last_status end,
    created_at = least(excluded.created_at, deliveries.created_at),
    attempts = greatest(excluded.attempts, deliveries.attempts),
    begun_again = greatest(excluded.begun_again, deliveries.begun_again)`,
};

/** Which uuid and which integer are the same endpoint: the index of deliveries knows the integer. */
const ENDPOINT_IDS: BulkTable = {
  table: 'delivery_log.endpoint_ids',
  columns: { endpoint_uuid: 'uuid', endpoint_id: 'int4' },
  onConflict: 'on conflict (endpoint_uuid) do nothing',
};

const ATTEMPTS: BulkTable = {
  table: 'delivery_log.attempts',
  columns: { delivery_id: 'uuid', number: 'int4', at: 'timestamptz', data: 'text' },
  onConflict: 'on conflict (delivery_id, number) do nothing',
  comesOnce: true,
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
  /** HTTP status of the last attempt; null when it had no answer. */
  lastStatus: number | null;
  /** The attempt that began the last round; null when there was but one. */
  begunAgain: number | null;
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
    lastStatus: null,
    begunAgain: null,
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
    endpointName: data.endpointName ?? null,
    runId: data.runId,
    status: STATUS_OF[data.outcome],
    attempts: data.number,
    createdAt: data.at,
    nextAttemptAt: data.nextAttemptAt,
    reason: null,
    lastStatus: data.response?.status ?? null,
    begunAgain: data.again ? data.number : null,
  };
}

/** Once, its event type was not in the event: the row of the plan has it, whichever comes first. */
function discardedRow(event: BusEvent): DeliveryRow {
  const data = event.data as DispatcherEvents['DeliveryDiscarded'];
  return {
    id: data.deliveryId,
    appId: event.appId,
    eventId: data.eventId,
    eventType: data.eventType ?? '',
    endpointId: data.endpointId,
    endpointUuid: data.endpointUuid,
    endpointName: data.endpointName ?? null,
    runId: null,
    status: 'discarded',
    attempts: 0,
    createdAt: data.at,
    nextAttemptAt: null,
    reason: data.reason,
    lastStatus: null,
    begunAgain: null,
  };
}

function mergeDiscarded(rows: Map<string, DeliveryRow>, row: DeliveryRow): void {
  const known = rows.get(row.id);
  if (known) Object.assign(known, { status: 'discarded', nextAttemptAt: null, reason: row.reason });
  else rows.set(row.id, row);
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
  known.attempts = row.attempts;
  known.lastStatus = row.lastStatus;
  if (known.status === 'discarded' && row.status === 'pending' && row.begunAgain === null) return;
  known.begunAgain = row.begunAgain ?? known.begunAgain;
  known.status = row.status;
  known.nextAttemptAt = row.nextAttemptAt;
  known.reason = row.reason;
}

/** Every delivery that the batch tells of, merged to one row each. */
function deliveryRows(events: readonly BusEvent[]): DeliveryRow[] {
  const rows = new Map<string, DeliveryRow>();
  for (const event of events)
    if (event.type === 'DomainEventRecorded') for (const row of plannedRows(event)) merge(rows, row);
  // Of one delivery they are in their order: its stream is of one partition.
  for (const event of events) {
    if (event.type === 'AttemptFinished') merge(rows, attemptRow(event));
    else if (event.type === 'DeliveryDiscarded') mergeDiscarded(rows, discardedRow(event));
  }
  return [...rows.values()];
}

function endpointIdRows(rows: readonly DeliveryRow[]): unknown[][] {
  const known = new Map(rows.map(({ endpointUuid, endpointId }) => [endpointUuid, endpointId]));
  // 0 stands for an endpoint that was gone before its delivery was.
  return [...known].filter(([, id]) => id > 0);
}

export function deliveryWrites(events: readonly BusEvent[]): Alongside[] {
  const recorded = events.filter((event) => event.type === 'DomainEventRecorded');
  const attempts = events.filter((event) => event.type === 'AttemptFinished');
  const deliveries = deliveryRows(events);
  return [
    bulkWrite(
      DOMAIN_EVENTS,
      recorded.map((event) => {
        const data = event.data as DomainEventRecorded;
        const { type, runId, requestId } = data;
        return [event.streamId, event.appId, type, runId, requestId, event.occurredAt.toISOString(), event.dataJson];
      }),
    ),
    bulkWrite(
      DELIVERIES,
      deliveries.map((row) => Object.values(row)),
    ),
    bulkWrite(ENDPOINT_IDS, endpointIdRows(deliveries)),
    bulkWrite(
      ATTEMPTS,
      attempts.map((event) => {
        const data = event.data as AttemptFinished;
        return [data.deliveryId, data.number, data.at, event.dataJson];
      }),
    ),
    ledToWrite(
      recorded.map((event) => {
        const { runId, requestId, eventId } = event.data as DomainEventRecorded;
        return [runId ?? requestId, eventId];
      }),
    ),
    ...wholeBodyWrites(attempts),
  ];
}
