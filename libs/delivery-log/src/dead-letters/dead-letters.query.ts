import { Injectable } from '@nestjs/common';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import type { ListQuery } from '../read-model/list.requests.ts';
import { decodeCursor, encodeCursor, type Page } from '../read-model/page.ts';
import { Where } from '../read-model/where.ts';

/** An event that a consumer could not handle, or one that waits behind such an event. */
export interface DeadLetterView {
  id: string;
  service: string;
  group: string;
  topic: string;
  streamId: string;
  version: number;
  type: string;
  reason: string;
  error: unknown;
  appId: string | null;
  status: string;
  parkedAt: string;
  endedAt: string | null;
}

interface Row {
  id: string;
  service: string;
  consumer_group: string;
  topic: string;
  stream_id: string;
  version: number;
  type: string;
  reason: string;
  error: string | null;
  app_id: string | null;
  status: string;
  parked_at: Date;
  ended_at: Date | null;
}

function view(row: Row): DeadLetterView {
  return {
    id: row.id,
    service: row.service,
    group: row.consumer_group,
    topic: row.topic,
    streamId: row.stream_id,
    version: row.version,
    type: row.type,
    reason: row.reason,
    error: row.error === null ? null : JSON.parse(row.error),
    appId: row.app_id,
    status: row.status,
    parkedAt: row.parked_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
  };
}

@Injectable()
export class DeadLettersQueries {
  constructor(@InjectPool('delivery-log') private readonly pool: Pool) {}

  async find(id: string): Promise<DeadLetterView | null> {
    const { rows } = await this.pool.query<Row>('select * from delivery_log.dead_letter_list where id = $1', [id]);
    return rows[0] ? view(rows[0]) : null;
  }

  async list(query: ListQuery & { status?: string }): Promise<Page<DeadLetterView>> {
    const where = new Where()
      .addIf('status = ?', query.status)
      .between('parked_at', query)
      .before('parked_at, id', decodeCursor(query.cursor));
    const { rows } = await this.pool.query<Row>(
      `select * from delivery_log.dead_letter_list ${where.sql} order by parked_at desc, id desc limit ${query.limit + 1}`,
      where.values,
    );
    const items = rows.slice(0, query.limit).map(view);
    const last = items.at(-1);
    return {
      items,
      nextCursor: rows.length > query.limit && last ? encodeCursor({ at: last.parkedAt, id: last.id }) : null,
    };
  }
}
