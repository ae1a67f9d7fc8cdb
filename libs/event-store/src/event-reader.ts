import type { Topic } from '@sluice/contracts';
import type { Position, StoredEvent } from './event-store.contract.ts';
import { topicTables } from './event-tables.ts';
import { eventsAfter, eventsFrom, MOST_PACKED } from './packing.ts';
import type { StoreConnections } from './store-connections.ts';
import { bodyColumn, type EventRow, eventColumns } from './stored-event.ts';

const FROM_THE_BEGINNING: Position = { epoch: 0, transactionId: 0n, position: 0n };

/**
 * Below every transaction that still runs: a slow writer's events come later in the order than all that is read now.
 * Both bounds are row comparisons, which the index (epoch, transaction_id, position) answers from its ends; an
 * equality before the comparison, or a filter, walks the index from its beginning (33–37 ms per batch at 90 % of 1 M
 * events). The transaction ids of older epochs come from another history and are below the bound as a whole.
 */
const READABLE = '(e.epoch, e.transaction_id) < ($1::smallint, pg_snapshot_xmin(pg_current_snapshot()))';

function rowColumns(topic: Topic): string {
  const { bodies, packed } = topicTables(topic);
  return `${eventColumns('e')}, ${bodyColumn('e', bodies)}${packed ? ', e.heads' : ''}`;
}

/**
 * The query behind `readAfter`: parameters are epoch of the connection, position, limit and the bound in bytes. Its rows
 * are for `eventsAfter`: the first may hold events up to the position, too, the last may exceed the limit.
 */
export function readAfterSql(topic: Topic): string {
  const { events, packed } = topicTables(topic);
  const sums = packed ? ', sum(coalesce(e.events, 1)) over w as events_with' : '';
  return `select ${rowColumns(topic)}
    from (
      select e.*, sum(octet_length(e.data) + coalesce(e.body_size, 0)) over w as bytes_with${sums}
      from ${events} e
      where (e.epoch, e.transaction_id, e.position) > ($2::smallint, $3::xid8, $4::bigint) and ${READABLE}
      window w as (order by e.epoch, e.transaction_id, e.position rows unbounded preceding)
      order by e.epoch, e.transaction_id, e.position
      limit $5
    ) e
    where e.bytes_with - octet_length(e.data) - coalesce(e.body_size, 0) < $6::bigint
      ${packed ? 'and e.events_with - coalesce(e.events, 1) < $5' : ''}
    order by e.epoch, e.transaction_id, e.position`;
}

/** The query behind `head`; its parameter is the epoch of the connection. */
export function headSql(topic: Topic): string {
  return `select e.epoch, e.transaction_id::text as xid, e.position::text as place from ${topicTables(topic).events} e
    where ${READABLE} order by e.epoch desc, e.transaction_id desc, e.position desc limit 1`;
}

function readStreamSql(topic: Topic): string {
  const { events, packed } = topicTables(topic);
  const from = packed
    ? `e.version > $2::int - ${MOST_PACKED} and e.version + coalesce(e.events, 1) > $2::int`
    : 'e.version >= $2::int';
  return `select ${rowColumns(topic)} from ${events} e
    where e.stream_id = $1::uuid and ${from} order by e.version limit $3::int`;
}

/** Reads events; each query is prepared once per connection. */
export class EventReader {
  readonly #connections: StoreConnections;
  readonly #maxBytes: number;

  constructor(connections: StoreConnections, maxBytes: number) {
    this.#connections = connections;
    this.#maxBytes = maxBytes;
  }

  /** @param limit null: all of them. */
  async read(topic: Topic, streamId: string, fromVersion: number, limit: number | null): Promise<StoredEvent[]> {
    const rows = await this.#connections.use(async ({ client }) => {
      const result = await client.query<EventRow>({
        name: `read_stream ${topic}`,
        text: readStreamSql(topic),
        values: [streamId, fromVersion, limit],
        rowMode: 'array',
      });
      return result.rows;
    });
    return eventsFrom(topic, rows, fromVersion, limit);
  }

  async readAfter(topic: Topic, after: Position | null, limit: number): Promise<StoredEvent[]> {
    const from = after ?? FROM_THE_BEGINNING;
    const rows = await this.#connections.use(async ({ client, epoch }) => {
      const place = [from.epoch, from.transactionId.toString(), from.position.toString()];
      const result = await client.query<EventRow>({
        name: `read_after ${topic}`,
        text: readAfterSql(topic),
        values: [epoch, ...place, limit, this.#maxBytes],
        rowMode: 'array',
      });
      return result.rows;
    });
    return eventsAfter(topic, rows, from, limit);
  }

  async head(topic: Topic): Promise<Position | null> {
    const row = await this.#connections.use(async ({ client, epoch }) => {
      const result = await client.query<{ epoch: number; xid: string; place: string }>({
        name: `head ${topic}`,
        text: headSql(topic),
        values: [epoch],
      });
      return result.rows[0];
    });
    return row ? { epoch: row.epoch, transactionId: BigInt(row.xid), position: BigInt(row.place) } : null;
  }
}
