import type { Topic } from '@sluice/contracts';
import { type ArrayColumn, elementType } from './binary-array.ts';
import type { AlongsideStatement } from './event-store.contract.ts';
import { lastVersionSql, topicTables } from './event-tables.ts';
import { dataOf, headsOf, lastOf, type PackedEvents, rowsOf } from './packing.ts';
import type { PendingUnit, PreparedEvent } from './pending-unit.ts';

/** The rows of one topic in the order in which they are inserted, and get their positions. */
export interface TopicEvents {
  topic: Topic;
  rows: readonly PackedEvents[];
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
/** The text of a statement, and the name under which it is prepared. */
export interface AppendStatement {
  text: string;
  /** Absent when the store has prepared too many different statements already. */
  name: string | undefined;
}

interface Column {
  name: string;
  type: string;
  value(row: PackedEvents): unknown;
}

const COLUMNS: readonly Column[] = [
  { name: 'stream_id', type: 'uuid', value: ([event]) => event.streamId },
  { name: 'version', type: 'int4', value: ([event]) => event.version },
  { name: 'predecessor', type: 'int4', value: ([event]) => event.predecessor },
  { name: 'partition_key', type: 'text', value: (row) => lastOf(row).partitionKey },
  { name: 'type', type: 'text', value: (row) => lastOf(row).type },
  { name: 'type_version', type: 'int2', value: (row) => lastOf(row).typeVersion },
  { name: 'app_id', type: 'text', value: ([event]) => event.appId },
  { name: 'occurred_at', type: 'timestamptz', value: (row) => lastOf(row).occurredAt },
  { name: 'body_size', type: 'int4', value: ([event]) => event.body?.length ?? null },
  { name: 'data', type: 'text', value: dataOf },
  { name: 'meta', type: 'text', value: ([event]) => event.metaJson },
];

const PACKED_COLUMNS: readonly Column[] = [
  ...COLUMNS,
  { name: 'events', type: 'int2', value: ({ length }) => (length > 1 ? length : null) },
  { name: 'heads', type: 'text', value: headsOf },
];

const BODY_COLUMNS: readonly Column[] = [
  { name: 'stream_id', type: 'uuid', value: ([event]) => event.streamId },
  { name: 'version', type: 'int4', value: ([event]) => event.version },
  { name: 'bytes', type: 'bytea', value: ([event]) => event.body },
];

function columnsFor(topic: Topic): readonly Column[] {
  return topicTables(topic).packed ? PACKED_COLUMNS : COLUMNS;
}

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
    if (!list) continue;
    const rows = rowsOf(topic, list.sort(inStreamOrder));
    topics.push({ topic, rows, withBodies: list.some((event) => event.body) });
  }
  return { topics, alongside: [...alongside.values()].sort((a, b) => (a.statement.name < b.statement.name ? -1 : 1)) };
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

/**
 * The same for rows of several events. Each event has a position, drawn here, and the row the last one: what has come as
 * far as an event within the row finds the row again behind it. The predecessor is the last event of the row before.
 */
function insertPacked(topic: Topic, epoch: string, arrays: readonly string[]): string {
  const { events, positions } = topicTables(topic);
  const draw = `nextval('${positions}'::regclass)`;
  return `insert into ${events} (position, epoch, stream_id, version, partition_key, type, type_version, app_id,
      occurred_at, body_size, data, meta, events, heads) overriding system value
    select case when t.events is null then ${draw} else (select max(${draw}) from generate_series(1, t.events)) end,
      ${epoch}, t.stream_id,
      case when t.predecessor = 0 then t.version else
        (select case when ${lastVersionSql(topic, 'p')} = t.predecessor then t.version end from ${events} p
          where p.stream_id = t.stream_id and p.version <= t.predecessor order by p.version desc limit 1) end,
      t.partition_key, t.type, t.type_version, t.app_id, t.occurred_at, t.body_size, t.data, t.meta, t.events, t.heads
    from ${unnested(PACKED_COLUMNS, arrays)} returning position`;
}

function insertBodies(topic: Topic, arrays: readonly string[]): string {
  return `insert into ${topicTables(topic).bodies} (stream_id, version, sha256, bytes)
    select t.stream_id, t.version, sha256(t.bytes), t.bytes from ${unnested(BODY_COLUMNS, arrays)}`;
}

function columnsOfRows(columns: readonly Column[], rows: readonly PackedEvents[]): ArrayColumn[] {
  const { length } = rows;
  return columns.map(({ type, value }) => ({ type, length, value: (index) => value(rows[index] as PackedEvents) }));
}

/** The arrays of a batch, in the order of the statement's parameters. */
export function columnsOf({ topics, alongside }: Batch): ArrayColumn[] {
  const columns: ArrayColumn[] = [];
  for (const { topic, rows, withBodies } of topics) {
    columns.push(...columnsOfRows(columnsFor(topic), rows));
    if (withBodies) {
      const bodies = rows.filter(([event]) => event.body);
      columns.push(...columnsOfRows(BODY_COLUMNS, bodies));
    }
  }
  for (const { statement, rows } of alongside) {
    statement.columns.forEach((type, place) => {
      columns.push({ type, length: rows.length, value: (index) => rows[index]?.[place] });
    });
  }
  return columns;
}

/**
 * One statement, and so one transaction and one round trip, for a whole batch. Its only row holds the transaction id
 * and, per topic, the positions in insertion order.
 */
function textOf({ topics, alongside }: Batch, epoch: number): string {
  const ctes: string[] = [];
  const results: string[] = [];
  let parameters = 0;
  const arraysOf = (types: readonly string[]): string[] =>
    types.map((type) => `$${++parameters}::${elementType(type)}[]`);
  const typesOf = (columns: readonly Column[]): string[] => columns.map(({ type }) => type);
  topics.forEach(({ topic, withBodies }, index) => {
    const insert = topicTables(topic).packed ? insertPacked : insertEvents;
    ctes.push(`e${index} as (${insert(topic, `${epoch}::smallint`, arraysOf(typesOf(columnsFor(topic))))})`);
    results.push(`(select string_agg(position::text, ',') from e${index})`);
    if (withBodies) ctes.push(`b${index} as (${insertBodies(topic, arraysOf(typesOf(BODY_COLUMNS)))})`);
  });
  alongside.forEach(({ statement }, index) => {
    ctes.push(`a${index} as (${statement.sql(arraysOf(statement.columns))})`);
  });
  return `with ${ctes.join(',\n')}\nselect ${['pg_current_xact_id()::text', ...results].join(', ')}`;
}

const MAX_PREPARED = 256;

/** The statements of batches. What a batch consists of decides the text; the same text has always the same name. */
export class AppendStatements {
  readonly #known = new Map<string, AppendStatement>();

  of(batch: Batch, epoch: number): AppendStatement {
    const events = batch.topics.map(({ topic, withBodies }) => (withBodies ? `${topic}+` : topic));
    const shape = [epoch, ...events, ...batch.alongside.map(({ statement }) => `&${statement.name}`)].join(' ');
    const known = this.#known.get(shape);
    if (known) return known;
    const isFull = this.#known.size >= MAX_PREPARED;
    const statement = { text: textOf(batch, epoch), name: isFull ? undefined : `append_${this.#known.size + 1}` };
    if (!isFull) this.#known.set(shape, statement);
    return statement;
  }
}
