import type { Topic } from '@sluice/contracts';
import type { PoolClient } from 'pg';
import { AppendStatements, type Batch, batchOf, columnsOf } from './append-statement.ts';
import { BatchQuery, writeBind } from './batch-query.ts';
import type { Position, StoredEvent } from './event-store.contract.ts';
import { InvalidAppendError } from './event-store.errors.ts';
import { topicTables } from './event-tables.ts';
import { dataOf, headsOf, lastOf, type PackedEvents, positionWithin } from './packing.ts';
import type { PendingUnit, PreparedEvent } from './pending-unit.ts';
import type { StoreClient } from './store-connections.ts';
import { storedEvent } from './stored-event.ts';
import { WireBuffer } from './wire-buffer.ts';

/** What a committed batch became, in table order. */
export interface WrittenBatch {
  stored: ReadonlyMap<PreparedEvent, StoredEvent>;
}

function toStored(event: PreparedEvent, position: Position): StoredEvent {
  return storedEvent({
    topic: event.topic,
    position,
    streamId: event.streamId,
    version: event.version,
    partitionKey: event.partitionKey ?? event.streamId,
    type: event.type,
    typeVersion: event.typeVersion,
    appId: event.appId,
    dataJson: event.dataJson,
    meta: event.meta,
    occurredAt: event.occurredAt,
    body: event.body,
  });
}

function addStored(stored: Map<PreparedEvent, StoredEvent>, row: PackedEvents, last: Position): void {
  row.forEach((event, index) => {
    stored.set(event, toStored(event, positionWithin(last, row.length, index)));
  });
}

/** @param row the transaction id, and the positions per topic. */
function written(batch: Batch, epoch: number, row: readonly (string | null)[]): WrittenBatch {
  const stored = new Map<PreparedEvent, StoredEvent>();
  const transactionId = BigInt(row[0] as string);
  batch.topics.forEach(({ topic, rows }, index) => {
    const positions = row[index + 1]?.split(',') ?? [];
    if (positions.length !== rows.length) {
      throw new Error(`${topic}: ${rows.length} rows were inserted and ${positions.length} positions came back`);
    }
    rows.forEach((events, place) => {
      addStored(stored, events, { epoch, transactionId, position: BigInt(positions[place] as string) });
    });
  });
  return { stored };
}

type FoundRow = [
  epoch: number,
  xid: string,
  position: string,
  type: string,
  data: string,
  meta: string,
  at: Date,
  heads: string | null,
];

function isOf(row: PackedEvents, [, , , type, data, meta, at, heads]: FoundRow): boolean {
  const last = lastOf(row);
  const isSame = type === last.type && data === dataOf(row) && meta === last.metaJson && heads === headsOf(row);
  return isSame && at.getTime() === last.occurredAt.getTime();
}

/** The unit's own SQL failed and its transaction was rolled back: nothing was committed. */
export class RolledBackError extends Error {
  constructor(cause: unknown) {
    super('rolled back', { cause });
    this.name = 'RolledBackError';
  }
}

/** Writes a batch of units: one statement, or an explicit transaction for a unit that brings SQL of its own. */
export class BatchWriter {
  readonly #topics: readonly Topic[];
  readonly #statements = new AppendStatements();
  /** Used again once a batch is answered, because the server has read it then. */
  #message = new WireBuffer();

  constructor(topics: readonly Topic[]) {
    this.#topics = topics;
  }

  /**
   * @throws InvalidAppendError when a value does not fit its column, RolledBackError when the unit's own SQL failed,
   *   the server's answer as a DatabaseError; after anything else the outcome is unknown.
   */
  async write(connected: StoreClient, units: readonly PendingUnit[]): Promise<WrittenBatch> {
    const alone = units[0]?.alone;
    return alone ? await this.#writeAlone(connected, units, alone) : await this.#insert(connected, units);
  }

  /** When the rollback fails, too, the connection is gone and the outcome unknown: that is what is thrown then. */
  async #writeAlone(
    connected: StoreClient,
    units: readonly PendingUnit[],
    alone: NonNullable<PendingUnit['alone']>,
  ): Promise<WrittenBatch> {
    const { client } = connected;
    await client.query('begin');
    let result: WrittenBatch;
    try {
      result = await this.#insert(connected, units);
    } catch (error) {
      await client.query('rollback');
      throw error;
    }
    try {
      await alone(client);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback');
      throw new RolledBackError(error);
    }
    return result;
  }

  async #insert(connected: StoreClient, units: readonly PendingUnit[]): Promise<WrittenBatch> {
    const batch = batchOf(units, this.#topics);
    if (batch.topics.length === 0 && batch.alongside.length === 0) return { stored: new Map() };
    const { client, epoch } = connected;
    const statement = this.#statements.of(batch, epoch);
    const message = this.#messageOf(batch, statement.name);
    try {
      const row = await new Promise<(string | null)[]>((resolve, reject) => {
        client.query(new BatchQuery(statement, message, { resolve, reject }));
      });
      return written(batch, epoch, row);
    } catch (error) {
      // The connection may have broken with a part of the message in its hands.
      this.#message = new WireBuffer();
      throw error;
    }
  }

  #messageOf(batch: Batch, name = ''): Buffer {
    try {
      writeBind(this.#message, name, columnsOf(batch));
      return this.#message.view();
    } catch (error) {
      throw new InvalidAppendError('a value does not fit its column', error);
    }
  }

  /**
   * Whether a batch whose answer was lost has been committed after all; null when it has not. All or nothing was
   * written, so its first event decides; equal content by another process counts, because it means the same.
   */
  async findWritten(client: PoolClient, units: readonly PendingUnit[]): Promise<WrittenBatch | null> {
    const stored = new Map<PreparedEvent, StoredEvent>();
    for (const { topic, rows } of batchOf(units, this.#topics).topics) {
      const { events, packed } = topicTables(topic);
      const { rows: found } = await client.query<FoundRow>({
        text: `select e.epoch, e.transaction_id::text, e.position::text, e.type, e.data, e.meta, e.occurred_at,
            ${packed ? 'e.heads' : 'null'}
          from unnest($1::uuid[], $2::int4[]) with ordinality as t(stream_id, version, place)
          join ${events} e on e.stream_id = t.stream_id and e.version = t.version order by t.place`,
        values: [rows.map(([event]) => event.streamId), rows.map(([event]) => event.version)],
        rowMode: 'array',
      });
      if (found.length !== rows.length) return null;
      for (let index = 0; index < rows.length; index++) {
        const row = rows[index] as PackedEvents;
        const one = found[index] as FoundRow;
        if (!isOf(row, one)) return null;
        addStored(stored, row, { epoch: one[0], transactionId: BigInt(one[1]), position: BigInt(one[2]) });
      }
    }
    return { stored };
  }
}
