import { Injectable } from '@nestjs/common';
import type { TriggerAccepted } from '@sluice/contracts';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import type { ListQuery } from '../read-model/list.requests.ts';
import { decodeCursor, encodeCursor, type Page } from '../read-model/page.ts';
import { AppFloors } from '../retention/app-floors.ts';
import { Where } from '../read-model/where.ts';

/** A received request with the state of the run it started. */
export interface RequestView {
  id: string;
  appId: string;
  triggerId: string;
  flowId: string | null;
  receivedAt: string;
  method: string;
  remoteAddress: string;
  contentType: string | null;
  bodySize: number;
  bodySha256: string;
  body: string | null;
  bodyTruncated: boolean;
  headers: Record<string, string>;
  query: Record<string, string | string[]>;
  traceId: string | null;
  run: { id: string; number: number | null; status: string } | null;
}

interface Row {
  id: string;
  app_id: string;
  trigger_id: string;
  flow_id: string | null;
  received_at: Date;
  data: string;
  body: Buffer | null;
  body_truncated: boolean;
  trace_id: string | null;
  run_number: string | null;
  run_status: string | null;
}

function view(row: Row): RequestView {
  const data = JSON.parse(row.data) as TriggerAccepted;
  return {
    id: row.id,
    appId: row.app_id,
    triggerId: row.trigger_id,
    flowId: row.flow_id,
    receivedAt: row.received_at.toISOString(),
    method: data.method,
    remoteAddress: data.remoteAddress,
    contentType: data.contentType,
    bodySize: data.bodySize,
    bodySha256: data.bodySha256,
    body: row.body?.toString('utf8') ?? null,
    bodyTruncated: row.body_truncated,
    headers: data.headers,
    query: data.query,
    traceId: row.trace_id,
    run:
      row.run_status === null
        ? null
        : { id: row.id, number: row.run_number === null ? null : Number(row.run_number), status: row.run_status },
  };
}

const SELECT = `select q.id, q.app_id, q.trigger_id, q.flow_id, q.received_at, q.data, q.body, q.body_truncated, q.trace_id,
  r.number as run_number, r.status as run_status
  from delivery_log.requests q left join delivery_log.runs r on r.id = q.id`;

@Injectable()
export class RequestsQueries {
  constructor(
    @InjectPool('delivery-log') private readonly pool: Pool,
    private readonly floors: AppFloors,
  ) {}

  async find(id: string): Promise<RequestView | null> {
    const { rows } = await this.pool.query<Row>(`${SELECT} where q.id = $1`, [id]);
    const row = rows[0];
    return row && !(await this.floors.hides(row.app_id, row.id)) ? view(row) : null;
  }

  async list(appId: string, query: ListQuery): Promise<Page<RequestView>> {
    const views = await this.newest(appId, query, query.limit + 1);
    const items = views.slice(0, query.limit);
    const last = items.at(-1);
    return {
      items,
      nextCursor: views.length > query.limit && last ? encodeCursor({ at: last.receivedAt, id: last.id }) : null,
    };
  }

  /** Newest first: the id carries the time of acceptance. */
  async newest(appId: string, query: ListQuery, limit: number, triggerId?: string): Promise<RequestView[]> {
    const where = new Where()
      .add('q.app_id = ?', appId)
      .addIf('q.id >= ?', await this.floors.of(appId))
      .addIf('q.trigger_id = ?', triggerId)
      .between('q.received_at', query)
      .idsBetween('q.id', query)
      .addIf('q.id < ?', decodeCursor(query.cursor)?.id);
    const { rows } = await this.pool.query<Row>(
      `${SELECT} ${where.sql} order by q.id desc limit ${limit}`,
      where.values,
    );
    return rows.map(view);
  }
}
