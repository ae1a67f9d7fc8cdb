import { Injectable } from '@nestjs/common';
import type { DomainEventRecorded, ProducerAttributes } from '@sluice/contracts';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import type { ListQuery } from '../read-model/list.requests.ts';
import { decodeCursor, encodeCursor, type Page } from '../read-model/page.ts';
import { AppFloors } from '../retention/app-floors.ts';
import { Where } from '../read-model/where.ts';

/**
 * Ids carry the time of the cause. What comes of it more than a day later gets a time of its own (decision 0271), so that only a
 * dispatcher that was away for a week records an event later than this.
 */
const RECORDED_LATER_MS = 7 * 86_400_000;

/** One domain event and the deliveries it was matched to. */
export interface EventView {
  id: string;
  appId: string;
  type: string;
  source: string;
  subject: string | null;
  time: string;
  data: unknown;
  /** What else its producer said of it: `dataschema`, `datacontenttype`, `extensions`. */
  attributes: ProducerAttributes | null;
  runId: string | null;
  requestId: string | null;
  recordedAt: string;
  deliveries: DomainEventRecorded['deliveries'];
}

interface Row {
  id: string;
  app_id: string;
  recorded_at: Date;
  data: string;
}

function view(row: Row): EventView {
  const data = JSON.parse(row.data) as DomainEventRecorded;
  return {
    id: row.id,
    appId: row.app_id,
    type: data.type,
    source: data.source,
    subject: data.subject,
    time: data.time,
    data: data.data,
    attributes: data.attributes ?? null,
    runId: data.runId,
    requestId: data.requestId,
    recordedAt: row.recorded_at.toISOString(),
    deliveries: data.deliveries,
  };
}

@Injectable()
export class EventsQueries {
  constructor(
    @InjectPool('delivery-log') private readonly pool: Pool,
    private readonly floors: AppFloors,
  ) {}

  async find(id: string): Promise<EventView | null> {
    const { rows } = await this.pool.query<Row>(
      'select id, app_id, recorded_at, data from delivery_log.domain_events where id = $1',
      [id],
    );
    const row = rows[0];
    return row && !(await this.floors.hides(row.app_id, row.id)) ? view(row) : null;
  }

  async list(appId: string, query: ListQuery): Promise<Page<EventView>> {
    const cursor = decodeCursor(query.cursor);
    const where = new Where()
      .add('app_id = ?', appId)
      .addIf('id >= ?', await this.floors.of(appId))
      .between('recorded_at', query)
      .idsBetween('id', query, RECORDED_LATER_MS)
      .addIf('id < ?', cursor?.id);
    const { rows } = await this.pool.query<Row>(
      `select id, app_id, recorded_at, data from delivery_log.domain_events ${where.sql} order by id desc limit ${query.limit + 1}`,
      where.values,
    );
    const items = rows.slice(0, query.limit).map(view);
    const last = items.at(-1);
    return {
      items,
      nextCursor: rows.length > query.limit && last ? encodeCursor({ at: last.recordedAt, id: last.id }) : null,
    };
  }
}
