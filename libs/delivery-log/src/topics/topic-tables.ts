import { schemaOf, serviceOf, type Topic } from '@sluice/contracts';
import {
  type EventRow,
  eventsAfter,
  headSql,
  type Position,
  readAfterSql,
  type StoredEvent,
} from '@sluice/event-store';
import type { Pool, PoolClient } from 'pg';

/** Most bytes of data and bodies of one read (but always one event). */
const MAX_READ_BYTES = 4 * 1024 * 1024;

export const BEGINNING: Position = { epoch: 0, transactionId: 0n, position: 0n };

/**
 * Reads the event tables of all services, in the order of their topics: for what the bus cannot tell, because it only
 * goes forward and gives each event to one process. Nothing is written there.
 */
export class TopicTables {
  constructor(private readonly db: Pool | PoolClient) {}

  /** What follows the position, in order; below the oldest transaction that still runs. */
  async readAfter(topic: Topic, after: Position, limit: number): Promise<StoredEvent[]> {
    const place = [after.epoch, after.transactionId.toString(), after.position.toString()];
    const { rows } = await this.db.query<EventRow>({
      text: readAfterSql(topic),
      values: [await this.#epochOf(topic), ...place, limit, MAX_READ_BYTES],
      rowMode: 'array',
    });
    return eventsAfter(topic, rows, after, limit);
  }

  /** The last event that can be read; the beginning when there is none. */
  async head(topic: Topic): Promise<Position> {
    const { rows } = await this.db.query<{ epoch: number; xid: string; place: string }>({
      text: headSql(topic),
      values: [await this.#epochOf(topic)],
    });
    const row = rows[0];
    return row ? { epoch: row.epoch, transactionId: BigInt(row.xid), position: BigInt(row.place) } : BEGINNING;
  }

  async #epochOf(topic: Topic): Promise<number> {
    const { rows } = await this.db.query<{ epoch: number | null }>(
      `select max(epoch) as epoch from ${schemaOf(serviceOf(topic))}.epochs`,
    );
    return rows[0]?.epoch ?? 1;
  }
}
