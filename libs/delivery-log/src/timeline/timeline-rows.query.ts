import { Injectable } from '@nestjs/common';
import { forwardedEventId } from '@sluice/contracts';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';

export interface RequestRow {
  id: string;
  app_id: string;
  received_at: Date;
  data: string;
  body: Buffer | null;
  body_truncated: boolean;
  trace_id: string | null;
}
export interface RunRow {
  id: string;
  app_id: string;
  number: string | null;
  flow_id: string | null;
  flow_version: number | null;
  request_id: string | null;
  status: string;
  queued_at: Date | null;
  started_at: Date | null;
  finished_at: Date | null;
  result: string | null;
  error: string | null;
}
export interface StepRow {
  run_id: string;
  version: number;
  kind: string;
  ref: string;
  data: string;
}
export interface EventRow {
  id: string;
  app_id: string;
  type: string;
  run_id: string | null;
  request_id: string | null;
  recorded_at: Date;
  data: string;
}
export interface DeliveryRow {
  id: string;
  app_id: string;
  event_id: string;
  event_type: string;
  endpoint_id: number;
  endpoint_uuid: string;
  endpoint_name: string | null;
  run_id: string | null;
  status: string;
  attempts: number;
  created_at: Date;
  next_attempt_at: Date | null;
  reason: string | null;
}
export interface AttemptRow {
  delivery_id: string;
  number: number;
  at: Date;
  data: string;
}

/** Everything that one root led to, as flat rows. */
export interface TimelineRows {
  request: RequestRow | null;
  runs: RunRow[];
  steps: StepRow[];
  events: EventRow[];
  deliveries: DeliveryRow[];
  attempts: AttemptRow[];
}

const DELIVERY_COLUMNS =
  'id, app_id, event_id, event_type, endpoint_id, endpoint_uuid, endpoint_name, run_id, status, attempts, created_at, next_attempt_at, reason';
/** A timeline is for a person: a fan-out beyond this is cut, and the page says so. */
export const TIMELINE_LIMIT = 1_000;

/** GW-11: a request that was handed on became an event without a run. */
function forwardedOf(request: RequestRow | null): string[] {
  if (request === null) return [];
  const { triggerId, flowId } = JSON.parse(request.data) as { triggerId: string; flowId: string | null };
  return flowId === null ? [forwardedEventId(request.id, triggerId)] : [];
}

@Injectable()
export class TimelineRowsQuery {
  constructor(@InjectPool('delivery-log') private readonly pool: Pool) {}

  /** The id that a request's, run's, event's or delivery's timeline begins at, or null when nothing has this id. */
  async rootOf(id: string): Promise<{ rootId: string; rootKind: 'request' | 'event' } | null> {
    const { rows } = await this.pool.query<{ root: string; kind: 'request' | 'event' }>(
      `select id as root, 'request' as kind from delivery_log.requests where id = $1
       union all select coalesce(request_id, id), 'request' from delivery_log.runs where id = $1
       union all select coalesce(request_id, run_id, id), case when coalesce(request_id, run_id) is null then 'event' else 'request' end
         from delivery_log.domain_events where id = $1
       union all select coalesce(e.request_id, e.run_id, e.id, d.run_id, d.event_id),
           case when coalesce(e.request_id, e.run_id, d.run_id) is null then 'event' else 'request' end
         from delivery_log.deliveries d left join delivery_log.domain_events e on e.id = d.event_id where d.id = $1
       limit 1`,
      [id],
    );
    const row = rows[0];
    return row ? { rootId: row.root, rootKind: row.kind } : null;
  }

  async rowsOf(rootId: string, rootKind: 'request' | 'event'): Promise<TimelineRows> {
    const fromRequest = rootKind === 'request';
    const request = fromRequest ? await this.requestOf(rootId) : null;
    const runs = fromRequest ? await this.runsOf(rootId) : [];
    const runIds = runs.map((run) => run.id);
    const steps = runIds.length > 0 ? await this.stepsOf(runIds) : [];
    const events = await this.eventsOf(fromRequest ? runIds : [], fromRequest ? forwardedOf(request) : [rootId]);
    const deliveries = await this.deliveriesOf(events.map((event) => event.id));
    const attempts = await this.attemptsOf(deliveries.map((delivery) => delivery.id));
    return { request, runs, steps, events, deliveries, attempts };
  }

  private async requestOf(id: string): Promise<RequestRow | null> {
    const { rows } = await this.pool.query<RequestRow>(
      'select id, app_id, received_at, data, body, body_truncated, trace_id from delivery_log.requests where id = $1',
      [id],
    );
    return rows[0] ?? null;
  }

  private async runsOf(requestId: string): Promise<RunRow[]> {
    const columns =
      'id, app_id, number, flow_id, flow_version, request_id, status, queued_at, started_at, finished_at, result, error';
    const { rows } = await this.pool.query<RunRow>(
      `select ${columns} from delivery_log.runs where id = $1
       union all select ${columns} from delivery_log.runs where request_id = $1 and request_id <> id order by id limit ${TIMELINE_LIMIT}`,
      [requestId],
    );
    return rows;
  }

  private async stepsOf(runIds: readonly string[]): Promise<StepRow[]> {
    const { rows } = await this.pool.query<StepRow>(
      `select run_id, version, kind, ref, data from delivery_log.steps where run_id = any($1) order by run_id, version limit ${TIMELINE_LIMIT * 4}`,
      [runIds],
    );
    return rows;
  }

  private async eventsOf(runIds: readonly string[], eventIds: readonly string[]): Promise<EventRow[]> {
    const { rows } = await this.pool.query<EventRow>(
      `select id, app_id, type, run_id, request_id, recorded_at, data from delivery_log.domain_events
       where run_id = any($1) or id = any($2) order by recorded_at, id limit ${TIMELINE_LIMIT}`,
      [runIds, eventIds],
    );
    return rows;
  }

  private async deliveriesOf(eventIds: readonly string[]): Promise<DeliveryRow[]> {
    if (eventIds.length === 0) return [];
    const { rows } = await this.pool.query<DeliveryRow>(
      `select ${DELIVERY_COLUMNS} from delivery_log.deliveries where event_id = any($1) order by created_at, id limit ${TIMELINE_LIMIT}`,
      [eventIds],
    );
    return rows;
  }

  private async attemptsOf(deliveryIds: readonly string[]): Promise<AttemptRow[]> {
    if (deliveryIds.length === 0) return [];
    const { rows } = await this.pool.query<AttemptRow>(
      `select delivery_id, number, at, data from delivery_log.attempts where delivery_id = any($1) order by delivery_id, number limit ${TIMELINE_LIMIT * 8}`,
      [deliveryIds],
    );
    return rows;
  }
}
