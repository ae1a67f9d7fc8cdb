import { type ServiceName, schemaOf, type Topic } from '@sluice/contracts';

/** Names of one topic's tables, ready for use in SQL. */
export interface TopicTables {
  topic: Topic;
  schema: string;
  /** Unqualified name of the event table. */
  name: string;
  events: string;
  bodies: string;
  /** The sequence of the positions. */
  positions: string;
  /** Whether a row may hold several events, see packing.ts. */
  packed: boolean;
}

/**
 * Topics in which consecutive events of a stream that are appended together are one row (decision 0500): those of runs,
 * most of which take all their steps in one go. One row in place of four saves 3.7 KB of 22.7 KB of WAL a trigger, and some 17 µs
 * of PostgreSQL. The other topics append single events.
 */
const PACKED: ReadonlySet<Topic> = new Set(['runner.events']);

export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

export function topicTables(topic: Topic): TopicTables {
  const dot = topic.indexOf('.');
  const schema = schemaOf(topic.slice(0, dot) as ServiceName);
  const name = topic.slice(dot + 1);
  return {
    topic,
    schema,
    name,
    events: `${quoted(schema)}.${quoted(name)}`,
    bodies: `${quoted(schema)}.${quoted(`${name}_bodies`)}`,
    positions: `${quoted(schema)}.${quoted(`${name}_position_seq`)}`,
    packed: PACKED.has(topic),
  };
}

/**
 * SQL of the version of a row's last event, of a table under an alias. `version` itself is the one of its first event:
 * so the primary key refuses two writers that both expect what precedes it, however many events each brings.
 */
export function lastVersionSql(topic: Topic, alias: string): string {
  return topicTables(topic).packed ? `(${alias}.version + coalesce(${alias}.events, 1) - 1)` : `${alias}.version`;
}

/** The columns of a row that holds several events: how many, and what packing.ts needs to take them apart. */
export const PACKING_COLUMNS = ['events smallint check (events > 1)', 'heads text'] as const;

/**
 * Storage of tables that are only ever appended to: vacuum follows the inserts and freezes at once, so that no later
 * anti-wraparound vacuum has to read a big table again. It comes by count: a page that it changes for the first time
 * since a checkpoint goes to the WAL whole, and by a share of a big table (before PostgreSQL 18) that is every page
 * (decision 0471). Analyze keeps up with a table that grows from nothing, at each half more: at a twentieth it ran every
 * ten seconds on every table under load, and who computed beside it waited.
 * Partitioned tables take no storage parameters, their partitions do.
 */
export const APPEND_ONLY_STORAGE = `(autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000,
  autovacuum_freeze_min_age = 0, autovacuum_analyze_scale_factor = 0.5)`;

function topicTablesSql(tables: TopicTables, partitioned: boolean): string[] {
  const ending = partitioned ? 'partition by range (stream_id)' : `with ${APPEND_ONLY_STORAGE}`;
  return [
    // Fixed-width columns first, so that no padding is stored. A null partition_key means the stream id.
    `create table ${tables.events} (
      position bigint generated always as identity,
      transaction_id xid8 not null default pg_current_xact_id(),
      occurred_at timestamptz not null,
      stream_id uuid not null,
      version integer not null check (version > 0),
      body_size integer,
      epoch smallint not null,
      type_version smallint not null,
      type text not null,
      partition_key text,
      app_id text,
      data text not null,
      meta text not null,
      ${tables.packed ? `${PACKING_COLUMNS.join(', ')},` : ''}
      primary key (stream_id, version)
    ) ${ending}`,
    `create index on ${tables.events} (epoch, transaction_id, position)`,
    `create table ${tables.bodies} (
      stream_id uuid not null,
      version integer not null,
      sha256 bytea not null,
      bytes bytea not null,
      primary key (stream_id, version)
    ) ${ending}`,
  ];
}

/**
 * The statements that create a service's event tables, for its first migration; the schema exists already. Each topic
 * `<service>.<table>` gets `<table>` and `<table>_bodies`; partitions are made by the EventStore when it starts.
 */
export function eventTablesSql(
  service: ServiceName,
  topics: readonly Topic[],
  options: { partitioned: boolean },
): string[] {
  const schema = quoted(schemaOf(service));
  return [
    `create table ${schema}.epochs (
      epoch smallint primary key,
      cluster text not null,
      raised_at timestamptz not null default now()
    )`,
    // Every day that retention has made the first one left; the latest counts.
    `create table ${schema}.partition_floors (floor date primary key)`,
    ...topics.flatMap((topic) => topicTablesSql(topicTables(topic), options.partitioned)),
  ];
}
