import type { Topic } from '@sluice/contracts';
import { arrayParameter, elementType } from './binary-array.ts';
import type { AlongsideStatement } from './event-store.contract.ts';
import { topicTables } from './event-tables.ts';
import type { PendingUnit, PreparedEvent } from './pending-unit.ts';

/** The events of one topic in the order in which they are inserted, and get their positions. */
export interface TopicEvents {
  topic: Topic;
  events: PreparedEvent[];
  withBodies: boolean;
}
/** The rows of every unit of a batch for one alongside statement. */
interface MergedAlongside {
  statement: AlongsideStatement;
  rows: (readonly unknown[])[];
}
export interface Batch {
  topics: TopicEvents[];
  alongside: MergedAlongside[];
}
export interface AppendQuery {
  text: string;
  /** Absent when the store has prepared too many different statements already. */
  name?: string;
  values: unknown[];
}

interface Column {
  name: string;
  type: string;
  value(event: PreparedEvent): unknown;
}

const COLUMNS: readonly Column[] = [
  { name: 'stream_id', type: 'uuid', value: (event) => event.streamId },
  { name: 'version', type: 'int4', value: (event) => event.version },
  { name: 'predecessor', type: 'int4', value: (event) => event.predecessor },
  { name: 'partition_key', type: 'text', value: (event) => event.partitionKey },
  { name: 'type', type: 'text', value: (event) => event.type },
  { name: 'type_version', type: 'int2', value: (event) => event.typeVersion },
  { name: 'app_id', type: 'text', value: (event) => event.appId },
  { name: 'occurred_at', type: 'timestamptz', value: (event) => event.occurredAt },
  { name: 'body_size', type: 'int4', value: (event) => event.body?.length ?? null },
  { name: 'data', type: 'text', value: (event) => event.dataJson },
  { name: 'meta', type: 'text', value: (event) => event.metaJson },
];

const BODY_COLUMNS: readonly Column[] = [
  { name: 'stream_id', type: 'uuid', value: (event) => event.streamId },
  { name: 'version', type: 'int4', value: (event) => event.version },
  { name: 'bytes', type: 'bytea', value: (event) => event.body },
];

function inStreamOrder(a: PreparedEvent, b: PreparedEvent): number {
  if (a.streamId !== b.streamId) return a.streamId < b.streamId ? -1 : 1;
  return a.version - b.version;
}

/**
 * What a set of units writes together. Events are sorted by stream: two processes that insert the same streams in the
 * same order wait for each other instead of dying in a deadlock.
 */
export function batchOf(units: readonly PendingUnit[], topicOrder: readonly Topic[]): Batch {
  const events = new Map<Topic, PreparedEvent[]>();
  const alongside = new Map<string, MergedAlongside>();
  for (const unit of units) {
    for (const event of unit.events) {
      const list = events.get(event.topic);
      if (list) list.push(event);
      else events.set(event.topic, [event]);
    }
    for (const { statement, rows } of unit.alongside) {
      const merged = alongside.get(statement.name);
      if (merged) merged.rows.push(...rows);
      else alongside.set(statement.name, { statement, rows: [...rows] });
    }
  }
  const topics: TopicEvents[] = [];
  for (const topic of topicOrder) {
    const list = events.get(topic);
    if (list) topics.push({ topic, events: list.sort(inStreamOrder), withBodies: list.some((event) => event.body) });
  }
  return { topics, alongside: [...alongside.values()].sort((a, b) => (a.statement.name < b.statement.name ? -1 : 1)) };
}

class Parameters {
  readonly values: unknown[] = [];
  /** The SQL of the next parameter. */
  add(value: unknown, type: string): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }
}

function unnested(columns: readonly Column[], arrays: readonly string[]): string {
  return `unnest(${arrays.join(', ')}) as t(${columns.map((column) => column.name).join(', ')})`;
}

/**
 * The predecessor is fetched by a scalar subquery, which is always a lookup by key: `exists` may be planned as a hash
 * of the whole table. A missing predecessor makes the version null, which the table refuses: a gap is an error.
 */
function insertEvents(topic: Topic, epoch: string, arrays: readonly string[]): string {
  const { events } = topicTables(topic);
  return `insert into ${events}
    (epoch, stream_id, version, partition_key, type, type_version, app_id, occurred_at, body_size, data, meta)
    select ${epoch}, t.stream_id,
      case when t.predecessor = 0 then t.version else
        (select t.version from ${events} p where p.stream_id = t.stream_id and p.version = t.predecessor) end,
      t.partition_key, t.type, t.type_version, t.app_id, t.occurred_at, t.body_size, t.data, t.meta
    from ${unnested(COLUMNS, arrays)} returning position`;
}

function insertBodies(topic: Topic, arrays: readonly string[]): string {
  return `insert into ${topicTables(topic).bodies} (stream_id, version, sha256, bytes)
    select t.stream_id, t.version, sha256(t.bytes), t.bytes from ${unnested(BODY_COLUMNS, arrays)}`;
}

/**
 * One statement, and so one transaction and one round trip, for a whole batch. Its only row holds the transaction id
 * and, per topic, the positions in insertion order.
 * @throws TypeError when a value does not fit its column; nothing was sent then.
 */
function buildQuery(batch: Batch, epoch: number): { text: string; values: unknown[] } {
  const parameters = new Parameters();
  const ctes: string[] = [];
  const results: string[] = [];
  const epochSql = batch.topics.length > 0 ? parameters.add(String(epoch), 'smallint') : '';
  batch.topics.forEach(({ topic, events, withBodies }, index) => {
    const arrays = COLUMNS.map(({ type, value }) =>
      parameters.add(arrayParameter(type, events.map(value)), `${type}[]`),
    );
    ctes.push(`e${index} as (${insertEvents(topic, epochSql, arrays)})`);
    results.push(`(select string_agg(position::text, ',') from e${index})`);
    if (!withBodies) return;
    const bodies = events.filter((event) => event.body);
    const bodyArrays = BODY_COLUMNS.map(({ type, value }) =>
      parameters.add(arrayParameter(type, bodies.map(value)), `${type}[]`),
    );
    ctes.push(`b${index} as (${insertBodies(topic, bodyArrays)})`);
  });
  batch.alongside.forEach(({ statement, rows }, index) => {
    const arrays = statement.columns.map((type, column) =>
      parameters.add(
        arrayParameter(
          type,
          rows.map((row) => row[column]),
        ),
        `${elementType(type)}[]`,
      ),
    );
    ctes.push(`a${index} as (${statement.sql(arrays)})`);
  });
  const text = `with ${ctes.join(',\n')}\nselect ${['pg_current_xact_id()::text', ...results].join(', ')}`;
  return { text, values: parameters.values };
}

const MAX_PREPARED = 256;

/** Builds the query of a batch and names it, the same text always by the same name, for the life of a store. */
export class AppendStatements {
  readonly #names = new Map<string, string>();

  query(batch: Batch, epoch: number): AppendQuery {
    const { text, values } = buildQuery(batch, epoch);
    let name = this.#names.get(text);
    if (name === undefined && this.#names.size < MAX_PREPARED) {
      name = `append_${this.#names.size + 1}`;
      this.#names.set(text, name);
    }
    return name === undefined ? { text, values } : { name, text, values };
  }
}
