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
const MAX_PAGE_BYTES = 16 * 1024 * 1024;

/**
 * Attempts come as one text: PostgreSQL's arrays are parsed character by character, which for bodies of 64 KiB took 17 times as long and left
 * 12 times the garbage (200 deliveries: 100 MB).
 */
const COLUMNS = `d.id, d.app_id, d.event_id, d.event_type, d.endpoint_id, d.endpoint_name, d.run_id, d.status, d.reason, d.created_at`;
const ATTEMPTS = `(select string_agg(a.data, ',' order by a.number) from delivery_log.attempts a where a.delivery_id = d.id) as attempts`;
const SELECT = `select ${COLUMNS}, ${ATTEMPTS} from delivery_log.deliveries d`;
/** How long they are is known without reading them. */
const BYTES = `(select sum(octet_length(a.data)) from delivery_log.attempts a where a.delivery_id = d.id) as bytes`;

/** What was rescued from partitions that were dropped (ET-09). */
const SELECT_RING = `select ${COLUMNS}, array_to_string(d.attempt_data, ',') as attempts from delivery_log.endpoint_ring d`;

/** ET-09: failed attempts are listed with their error, also those that were answered. */
export function errorOf({ error, outcome, response }: AttemptFinished): AttemptFinished['error'] {
  if (error !== null || response === null || outcome === 'succeeded') return error;
  const { status } = response;
  if (status >= 200 && status < 300) return error;
  return { stage: 'response', code: `http_${status}`, message: `the endpoint answered ${status}` };
}

function attemptView(data: AttemptFinished): AttemptView {
  const { number, at, durationMs, verdict = null, nextAttemptAt } = data;
  const error = errorOf(data);
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
    const rows = await this.#newest(appId, query);
    const items = rows.map(view);
    const last = items.at(-1);
    const isMore = items.length < Number(rows[0]?.found ?? 0);
    return { items, nextCursor: isMore && last ? encodeCursor({ at: last.createdAt, id: last.id }) : null };
  }

  /** One statement: what is cut off by its length is what the same snapshot shows. */
  async #newest(appId: string, query: DeliveriesQuery): Promise<(Row & { found: string })[]> {
    const endpoint = query.endpointId;
    const where = new Where()
      .add('d.app_id = ?', appId)
      .addIf('d.id >= ?', await this.floors.of(appId))
      .addIf('d.status = ?', query.status)
      .addIf('d.event_type = ?', query.eventType)
      .between('d.created_at', query)
      .before('d.created_at, d.id', decodeCursor(query.cursor));
    if (endpoint !== undefined) addEndpoint(where, endpoint);
    const { rows } = await this.pool.query<Row & { found: string }>(
      `select ${COLUMNS}, d.found, ${ATTEMPTS} from (
         select n.*, count(*) over () as found, row_number() over newest as place, sum(n.bytes) over newest as so_far
           from (select ${COLUMNS}, ${BYTES} from delivery_log.deliveries d
             ${where.sql} order by d.created_at desc, d.id desc limit ${query.limit + 1}) n
           window newest as (order by n.created_at desc, n.id desc rows unbounded preceding)
         ) d where d.place <= ${query.limit} and (d.place = 1 or d.so_far is null or d.so_far <= ${MAX_PAGE_BYTES})
         order by d.created_at desc, d.id desc`,
      where.values,
    );
    return rows;
  }

  /**
   * ET-09: the last 100 of an endpoint, newest first: from the log, and what retention has rescued from it. The app's
   * floor does not count here. Ends earlier, with a cursor, where their attempts are more than an answer may hold.
   */
  async ring(appId: string, endpoint: string, query: RingPage = { limit: RING }): Promise<Page<DeliveryView>> {
    const after = decodeCursor(query.cursor);
    const left = (await this.#ringPlaces(appId, endpoint)).filter((place) => !after || newestFirst(after, place) < 0);
    const shown = left.slice(0, Math.min(query.limit, countThatFits(left)));
    const items = await this.#ofRing(shown);
    const last = shown.at(-1);
    return { items, nextCursor: last && shown.length < left.length ? encodeCursor(last) : null };
  }

  /** Which they are and how long: a hundred with their bodies would be as many MiB. */
  async #ringPlaces(appId: string, endpoint: string): Promise<RingPlace[]> {
    const where = new Where().add('d.app_id = ?', appId);
    addEndpoint(where, endpoint);
    const newest = `${where.sql} order by d.created_at desc, d.id desc limit ${RING}`;
    const live = await this.pool.query<PlaceRow>(
      `select d.id, d.created_at, ${BYTES} from delivery_log.deliveries d ${newest}`,
      where.values,
    );
    const places = live.rows.map((row) => placeOf(row, false));
    if (places.length >= RING) return places;
    const kept = await this.pool.query<PlaceRow>(
      `select d.id, d.created_at, (select sum(octet_length(x)) from unnest(d.attempt_data) x) as bytes
         from delivery_log.endpoint_ring d ${newest}`,
      where.values,
    );
    const known = new Set(places.map(({ id }) => id));
    const rescued = kept.rows.map((row) => placeOf(row, true)).filter(({ id }) => !known.has(id));
    return [...places, ...rescued].sort(newestFirst).slice(0, RING);
  }

  async #ofRing(places: readonly RingPlace[]): Promise<DeliveryView[]> {
    const views = new Map<string, DeliveryView>();
    for (const [select, isRescued] of [[SELECT_RING, true] as const, [SELECT, false] as const]) {
      const ids = places.filter((place) => place.isRescued === isRescued).map(({ id }) => id);
      if (ids.length === 0) continue;
      const { rows } = await this.pool.query<Row>(`${select} where d.id = any($1)`, [ids]);
      for (const row of rows) views.set(row.id, view(row));
    }
    return places.flatMap(({ id }) => views.get(id) ?? []);
  }
}

export interface RingPage {
  limit: number;
  cursor?: string;
}

interface RingPlace extends CursorPlace {
  bytes: number;
  isRescued: boolean;
}

interface PlaceRow {
  id: string;
  created_at: Date;
  /** A bigint's text; null where nothing was attempted. */
  bytes: string | null;
}

function placeOf({ id, created_at, bytes }: PlaceRow, isRescued: boolean): RingPlace {
  return { id, at: created_at.toISOString(), bytes: Number(bytes ?? 0), isRescued };
}

/** At least one, however large. */
function countThatFits(places: readonly RingPlace[]): number {
  let bytes = 0;
  const over = places.findIndex((place) => (bytes += place.bytes) > MAX_PAGE_BYTES);
  return over === -1 ? places.length : Math.max(1, over);
}

function newestFirst(a: CursorPlace, b: CursorPlace): number {
  return a.at === b.at ? (a.id < b.id ? 1 : a.id > b.id ? -1 : 0) : a.at < b.at ? 1 : -1;
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
