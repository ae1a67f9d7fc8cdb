import { Injectable } from '@nestjs/common';
import { type StepStarted, firstIdAt, forwardedEventId, timeOfId } from '@sluice/contracts';
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
/** Of a request that was refused: nothing follows from it. */
export interface RejectionRow {
  id: string;
  app_id: string;
  received_at: Date;
  data: string;
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
  /** 32 digits, as a uuid; null when nobody traced. */
  trace_id: string | null;
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

/** Where the tree of an id begins, and the run in it that the id belongs to. */
export interface TimelinePlace {
  rootId: string;
  rootKind: 'request' | 'rejection' | 'event';
  runId: string | null;
}

/** Everything that one root led to, as flat rows. */
export interface TimelineRows {
  request: RequestRow | null;
  rejection: RejectionRow | null;
  runs: RunRow[];
  steps: StepRow[];
  events: EventRow[];
  deliveries: DeliveryRow[];
  attempts: AttemptRow[];
}

const DELIVERY_COLUMNS =
  'id, app_id, event_id, event_type, endpoint_id, endpoint_uuid, endpoint_name, run_id, status, attempts, created_at, next_attempt_at, reason';
const EVENT_COLUMNS = 'id, app_id, type, run_id, request_id, recorded_at, data';
/** A timeline is for a person: a fan-out beyond this is cut, and the page says so. */
export const TIMELINE_LIMIT = 1_000;

const RUN_COLUMNS = `id, app_id, number, flow_id, flow_version, request_id, status, queued_at, started_at, finished_at, result,
  error, trace_id`;

/** GW-11: a request that was handed on became an event without a run. */
function forwardedOf(request: RequestRow | null): string[] {
  if (request === null) return [];
  const { triggerId, flowId } = JSON.parse(request.data) as { triggerId: string; flowId: string | null };
  return flowId === null ? [forwardedEventId(request.id, triggerId)] : [];
}

/** The calls that a run waited for: they have the id that the receiver was told, and are deliveries without an event. */
function callsOf(steps: readonly StepRow[]): string[] {
  return steps.flatMap(({ kind, data }) => {
    if (kind !== 'StepStarted') return [];
    const { type, idempotencyKey } = JSON.parse(data) as StepStarted;
    return type === 'call_webhook' ? [idempotencyKey] : [];
  });
}

/** The ids that carry the millisecond of each: what derives from an id lies between them. */
function moments(ids: readonly string[]): [ids: readonly string[], from: string[], to: string[]] {
  const at = (id: string, more: number) => firstIdAt(timeOfId(id) + more);
  return [ids, ids.map((id) => at(id, 0)), ids.map((id) => at(id, 1))];
}

/**
 * Each statement names the ids that it wants, or the millisecond that they carry, so that of each table's partitions only
 * the one of that day is looked at. What has a time of its own (a retry, a late event) is found by its cause in `led_to`.
 */
@Injectable()
export class TimelineRowsQuery {
  constructor(@InjectPool('delivery-log') private readonly pool: Pool) {}

  /** Where the timeline of a request, run, event or delivery begins, or null when nothing has this id. */
  async rootOf(id: string): Promise<TimelinePlace | null> {
    const { rows } = await this.pool.query<{ root: string; kind: TimelinePlace['rootKind']; run: string | null }>(
      `select id as root, 'request' as kind, null::uuid as run from delivery_log.requests where id = $1
       union all select coalesce(request_id, id), 'request', id from delivery_log.runs where id = $1
       union all select coalesce(request_id, run_id, id), case when coalesce(request_id, run_id) is null then 'event' else 'request' end,
           run_id from delivery_log.domain_events where id = $1
       union all select coalesce(e.request_id, e.run_id, e.id, d.run_id, d.event_id),
           case when coalesce(e.request_id, e.run_id, d.run_id) is null then 'event' else 'request' end, d.run_id
         from delivery_log.deliveries d left join delivery_log.domain_events e on e.id = d.event_id where d.id = $1
       union all select id, 'rejection', null from delivery_log.rejected_requests where id = $1
       limit 1`,
      [id],
    );
    const row = rows[0];
    return row ? { rootId: row.root, rootKind: row.kind, runId: row.run } : null;
  }

  async rowsOf({ rootId, rootKind, runId }: TimelinePlace): Promise<TimelineRows> {
    if (rootKind === 'rejection') return this.rejectedRows(rootId);
    const fromRequest = rootKind === 'request';
    const request = fromRequest ? await this.requestOf(rootId) : null;
    const later = fromRequest ? await this.ledTo([rootId]) : [];
    const runs = fromRequest ? await this.runsOf(rootId, runId === null ? later : [...later, runId]) : [];
    const runIds = runs.map((run) => run.id);
    const steps = await this.stepsOf(runIds);
    const events = await this.eventsOf(
      runIds,
      fromRequest ? [...forwardedOf(request), ...later, ...(await this.ledTo(runIds))] : [rootId],
    );
    const deliveries = await this.deliveriesOf([...events.map((event) => event.id), ...callsOf(steps)]);
    const attempts = await this.attemptsOf(deliveries.map((delivery) => delivery.id));
    return { request, rejection: null, runs, steps, events, deliveries, attempts };
  }

  private async rejectedRows(id: string): Promise<TimelineRows> {
    const { rows } = await this.pool.query<RejectionRow>(
      'select id, app_id, received_at, data from delivery_log.rejected_requests where id = $1',
      [id],
    );
    const nothing = { runs: [], steps: [], events: [], deliveries: [], attempts: [] };
    return { request: null, rejection: rows[0] ?? null, ...nothing };
  }

  /** Runs and events that have a time of their own. */
  private async ledTo(causes: readonly string[]): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>(
      `select id from delivery_log.led_to where cause_id = any($1) order by id limit ${TIMELINE_LIMIT}`,
      [causes],
    );
    return rows.map(({ id }) => id);
  }

  private async requestOf(id: string): Promise<RequestRow | null> {
    const { rows } = await this.pool.query<RequestRow>(
      'select id, app_id, received_at, data, body, body_truncated, trace_id from delivery_log.requests where id = $1',
      [id],
    );
    return rows[0] ?? null;
  }

  /** The run of the request, those that its steps started, and later ones by their ids. */
  private async runsOf(requestId: string, ids: readonly string[]): Promise<RunRow[]> {
    const [, [first], [next]] = moments([requestId]);
    const { rows } = await this.pool.query<RunRow>(
      `select ${RUN_COLUMNS} from delivery_log.runs where id = any($1)
       union select ${RUN_COLUMNS} from delivery_log.runs where id >= $2 and id < $3 and (id = $4 or request_id = $4)
       order by id limit ${TIMELINE_LIMIT}`,
      [ids, first, next, requestId],
    );
    return rows;
  }

  private async stepsOf(runIds: readonly string[]): Promise<StepRow[]> {
    if (runIds.length === 0) return [];
    const { rows } = await this.pool.query<StepRow>(
      `select run_id, version, kind, ref, data from delivery_log.steps where run_id = any($1) order by run_id, version limit ${TIMELINE_LIMIT * 4}`,
      [runIds],
    );
    return rows;
  }

  private async eventsOf(runIds: readonly string[], eventIds: readonly string[]): Promise<EventRow[]> {
    const { rows } = await this.pool.query<EventRow>(
      `select * from (
         select e.* from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as r(id, first, next) cross join lateral (
           select ${EVENT_COLUMNS} from delivery_log.domain_events
           where id >= r.first and id < r.next and run_id = r.id limit ${TIMELINE_LIMIT}) e
         union select ${EVENT_COLUMNS} from delivery_log.domain_events where id = any($4)) e
       order by recorded_at, id limit ${TIMELINE_LIMIT}`,
      [...moments(runIds), eventIds],
    );
    return rows;
  }

  private async deliveriesOf(eventIds: readonly string[]): Promise<DeliveryRow[]> {
    if (eventIds.length === 0) return [];
    const { rows } = await this.pool.query<DeliveryRow>(
      `select d.* from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as e(id, first, next) cross join lateral (
         select ${DELIVERY_COLUMNS} from delivery_log.deliveries
         where id >= e.first and id < e.next and event_id = e.id limit ${TIMELINE_LIMIT}) d
       order by created_at, id limit ${TIMELINE_LIMIT}`,
      moments(eventIds) as unknown[],
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
