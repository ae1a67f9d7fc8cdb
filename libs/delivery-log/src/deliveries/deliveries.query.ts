import { Injectable } from '@nestjs/common';
import type { AttemptFinished } from '@sluice/contracts';
import { isUuid } from '@sluice/contracts';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { type CursorPlace, decodeCursor, encodeCursor, type Page } from '../read-model/page.ts';
import { AppFloors } from '../retention/app-floors.ts';
import { RING } from '../retention/endpoint-ring.ts';
import { Where } from '../read-model/where.ts';
import type { DeliveriesQuery } from './deliveries.requests.ts';

/** The shape of api.md; `verdict` is set for inline endpoints only. */
export interface DeliveryView {
  id: string;
  appId: string;
  eventId: string;
  eventType: string;
  endpointId: number;
  endpointName: string | null;
  runId: string | null;
  status: string;
  reason: string | null;
  createdAt: string;
  attempts: AttemptView[];
}
export interface AttemptView {
  number: number;
  at: string;
  durationMs: number;
  request: Omit<AttemptFinished['request'], 'payloadId'>;
  response: Omit<NonNullable<AttemptFinished['response']>, 'payloadId'> | null;
  error: AttemptFinished['error'];
  verdict: string | null;
  nextAttemptAt: string | null;
}

export interface RecordedDelivery {
  delivery: DeliveryView;
  attempts: AttemptFinished[];
}

interface Row {
  id: string;
  app_id: string;
  event_id: string;
  event_type: string;
  endpoint_id: number;
  endpoint_name: string | null;
  run_id: string | null;
  status: string;
  reason: string | null;
  created_at: Date;
  /** Their JSON, one after another; null when there are none. */
  attempts: string | null;
}

/** Eight attempts with two bodies of 64 KiB are 1 MiB: 200 such deliveries would be more than a process has. */
const MAX_PAGE_CHARACTERS = 16 * 1024 * 1024;
/** The usual page is read at once. */
const ROWS_AT_ONCE = 51;

/**
 * Attempts come as one text: PostgreSQL's arrays are parsed character by character, which for bodies of 64 KiB took 17 times as long and left
 * 12 times the garbage (200 deliveries: 100 MB).
 */
const SELECT = `select d.id, d.app_id, d.event_id, d.event_type, d.endpoint_id, d.endpoint_name, d.run_id, d.status, d.reason, d.created_at,
  (select string_agg(a.data, ',' order by a.number) from delivery_log.attempts a where a.delivery_id = d.id) as attempts
  from delivery_log.deliveries d`;

/** What was rescued from partitions that were dropped (ET-09). */
const SELECT_RING = `select d.id, d.app_id, d.event_id, d.event_type, d.endpoint_id, d.endpoint_name, d.run_id, d.status, d.reason, d.created_at,
  array_to_string(d.attempt_data, ',') as attempts from delivery_log.endpoint_ring d`;

function attemptView(data: AttemptFinished): AttemptView {
  const { number, at, durationMs, error, verdict = null, nextAttemptAt } = data;
  const { payloadId: _sent, ...request } = { truncated: false, ...data.request };
  const { payloadId: _answered, ...response } = data.response ?? {};
  const shown = data.response === null ? null : (response as AttemptView['response']);
  return { number, at, durationMs, request, response: shown, error, verdict, nextAttemptAt };
}

function attemptsOf(row: Row): AttemptFinished[] {
  return JSON.parse(`[${row.attempts ?? ''}]`) as AttemptFinished[];
}

function view(row: Row): DeliveryView {
  return {
    id: row.id,
    appId: row.app_id,
    eventId: row.event_id,
    eventType: row.event_type,
    endpointId: row.endpoint_id,
    endpointName: row.endpoint_name,
    runId: row.run_id,
    status: row.status,
    reason: row.reason,
    createdAt: row.created_at.toISOString(),
    attempts: attemptsOf(row).map(attemptView),
  };
}

@Injectable()
export class DeliveriesQueries {
  constructor(
    @InjectPool('delivery-log') private readonly pool: Pool,
    private readonly floors: AppFloors,
  ) {}

  async find(id: string): Promise<DeliveryView | null> {
    const { rows } = await this.pool.query<Row>(`${SELECT} where d.id = $1`, [id]);
    const row = rows[0];
    if (row && !(await this.floors.hides(row.app_id, row.id))) return view(row);
    const kept = await this.#rescued(id);
    return kept ? view(kept) : null;
  }

  /** A delivery of that endpoint (integer or uuid) with its attempts as they were recorded. */
  async findOfEndpoint(id: string, endpointId: string): Promise<RecordedDelivery | null> {
    const { rows } = await this.pool.query<Row & { endpoint_uuid: string }>(
      `${SELECT} where d.id = $1 and ($2 = d.endpoint_id::text or $2 = d.endpoint_uuid::text)`,
      [id, endpointId.toLowerCase()],
    );
    const row = rows[0] ?? (await this.#rescued(id, endpointId));
    return row ? { delivery: view(row), attempts: attemptsOf(row) } : null;
  }

  async #rescued(id: string, endpointId?: string): Promise<Row | null> {
    const { rows } = await this.pool.query<Row>(
      `${SELECT_RING} where d.id = $1 and ($2::text is null or $2 = d.endpoint_id::text or $2 = d.endpoint_uuid::text)`,
      [id, endpointId?.toLowerCase() ?? null],
    );
    return rows[0] ?? null;
  }

  /** Newest first; fewer than `limit`, with a cursor, where the attempts of as many are more than an answer may hold. */
  async list(appId: string, query: DeliveriesQuery): Promise<Page<DeliveryView>> {
    const rows: Row[] = [];
    let place = decodeCursor(query.cursor);
    let mayBeMore = true;
    for (let size = 0; mayBeMore && rows.length <= query.limit && size < MAX_PAGE_CHARACTERS; ) {
      const wanted = Math.min(query.limit + 1 - rows.length, ROWS_AT_ONCE);
      const read = await this.#newest(appId, query, place, wanted);
      rows.push(...read);
      mayBeMore = read.length === wanted;
      size += read.reduce((sum, { attempts }) => sum + (attempts?.length ?? 0), 0);
      const last = read.at(-1);
      if (last) place = { at: last.created_at.toISOString(), id: last.id };
    }
    const items = rows.slice(0, query.limit).map(view);
    const last = items.at(-1);
    return { items, nextCursor: mayBeMore && last ? encodeCursor({ at: last.createdAt, id: last.id }) : null };
  }

  async #newest(appId: string, query: DeliveriesQuery, place: CursorPlace | null, limit: number): Promise<Row[]> {
    const endpoint = query.endpointId;
    const where = new Where()
      .add('d.app_id = ?', appId)
      .addIf('d.id >= ?', await this.floors.of(appId))
      .addIf('d.status = ?', query.status)
      .addIf('d.event_type = ?', query.eventType)
      .between('d.created_at', query)
      .before('d.created_at, d.id', place);
    if (endpoint !== undefined) addEndpoint(where, endpoint);
    const { rows } = await this.pool.query<Row>(
      `${SELECT} ${where.sql} order by d.created_at desc, d.id desc limit ${limit}`,
      where.values,
    );
    return rows;
  }

  /**
   * ET-09: the last 100 of an endpoint, newest first: from the log, and what retention has rescued from it. The app's
   * floor does not count here.
   */
  async ring(appId: string, endpoint: string): Promise<DeliveryView[]> {
    const where = new Where().add('d.app_id = ?', appId);
    addEndpoint(where, endpoint);
    const newest = `${where.sql} order by d.created_at desc, d.id desc limit ${RING}`;
    const live = await this.pool.query<Row>(`${SELECT} ${newest}`, where.values);
    const views = live.rows.map(view);
    if (views.length >= RING) return views;
    const kept = await this.pool.query<Row>(`${SELECT_RING} ${newest}`, where.values);
    const known = new Set(views.map(({ id }) => id));
    const rescued = kept.rows.map(view).filter(({ id }) => !known.has(id));
    return [...views, ...rescued].sort(newestFirst).slice(0, RING);
  }
}

function newestFirst(a: DeliveryView, b: DeliveryView): number {
  return a.createdAt === b.createdAt ? (a.id < b.id ? 1 : -1) : a.createdAt < b.createdAt ? 1 : -1;
}

const MAX_INT4 = 2_147_483_647;

/** By uuid or by the integer of the wire; an integer that none can have finds nothing. */
function addEndpoint(where: Where, endpoint: string): void {
  if (isUuid(endpoint)) {
    where.add('d.endpoint_uuid = ?', endpoint);
    where.add('d.endpoint_id = (select endpoint_id from delivery_log.endpoint_ids where endpoint_uuid = ?)', endpoint);
    return;
  }
  const isPossible = /^\d{1,10}$/.test(endpoint) && Number(endpoint) <= MAX_INT4;
  where.add('d.endpoint_id = ?', isPossible ? Number(endpoint) : -1);
}
