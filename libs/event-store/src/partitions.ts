import { timeOfId, type Topic } from '@sluice/contracts';
import type { PoolClient } from 'pg';
import { APPEND_ONLY_STORAGE, quoted, topicTables } from './event-tables.ts';
import type { StoreConnections, StoreLogger } from './store-connections.ts';

const DAY_MS = 86_400_000;

/** One day of streams: from inclusive, to exclusive. */
export interface PartitionRange {
  from: Date;
  to: Date;
}

export interface PartitionSettings {
  topics: readonly Topic[];
  connections: StoreConnections;
  logger: StoreLogger;
  /** Days ahead of today for which partitions are kept. */
  daysAhead: number;
  /** An id older than this many days gets no new partition. */
  daysBack: number;
  /** Milliseconds of Unix time. */
  now: () => number;
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}
function isoDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
/** The smallest uuid that carries the time: 48 bits of milliseconds, then zeros. */
function firstIdOf(day: number): string {
  const hex = (day * DAY_MS).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

interface Table {
  schema: string;
  name: string;
}

/**
 * Partitions by day of the time that stream ids carry. They are made beside the table and then attached: `create table
 * … partition of` would lock out every reader and writer of the table, attaching locks out neither.
 */
export class Partitions {
  readonly #settings: PartitionSettings;
  readonly #tables: readonly Table[];

  constructor(settings: PartitionSettings) {
    this.#settings = settings;
    this.#tables = settings.topics.map(topicTables).flatMap(({ schema, name }) => [
      { schema, name },
      { schema, name: `${name}_bodies` },
    ]);
  }

  /** Makes yesterday's partition, today's and those ahead, as far as they are missing. */
  async keep(): Promise<void> {
    const today = dayOf(this.#settings.now());
    const days = Array.from({ length: this.#settings.daysAhead + 2 }, (_, index) => today - 1 + index);
    await this.#make(days);
  }

  /**
   * Makes the partitions of these streams where that is allowed, and returns the streams that stay without one with
   * the time they carry. Not allowed are days that retention has dropped already: the row that would refuse a
   * redelivered append is gone, and a new partition would silently take it twice.
   */
  async provide(streamIds: readonly string[]): Promise<Map<string, string>> {
    const today = dayOf(this.#settings.now());
    const wanted = new Map<string, number>();
    for (const streamId of streamIds) wanted.set(streamId, dayOf(timeOfId(streamId)));
    const { daysBack, daysAhead } = this.#settings;
    const inRange = [...new Set(wanted.values())].filter((day) => day >= today - daysBack && day <= today + daysAhead);
    const existing = await this.#make(inRange);
    const outside = new Map<string, string>();
    for (const [streamId, day] of wanted) {
      if (!existing.has(day)) outside.set(streamId, new Date(timeOfId(streamId)).toISOString());
    }
    return outside;
  }

  /** Makes what is missing of these days, unless dropped before; returns all days that have a partition now. */
  async #make(days: readonly number[]): Promise<Set<number>> {
    return await this.#settings.connections.use(async ({ client }) => {
      let existing = await this.#days(client);
      if (days.every((day) => existing.has(day))) return existing;
      await client.query('begin');
      try {
        await client.query(`set local lock_timeout = '2s'`);
        await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [this.#lockName()]);
        existing = await this.#days(client);
        const floor = await this.#floor(client);
        for (const day of days) {
          if (existing.has(day) || day < floor) continue;
          for (const table of this.#tables) await this.#attach(client, table, day);
          existing.add(day);
        }
        await client.query('commit');
      } catch (error) {
        await client.query('rollback').catch(() => undefined);
        throw error;
      }
      return existing;
    });
  }

  async #attach(client: PoolClient, table: Table, day: number): Promise<void> {
    const parent = `${quoted(table.schema)}.${quoted(table.name)}`;
    const partition = `${quoted(table.schema)}.${quoted(partitionName(table.name, day))}`;
    await client.query(`create table ${partition}
      (like ${parent} including defaults including constraints including storage) with ${APPEND_ONLY_STORAGE}`);
    await client.query(
      `alter table ${parent} attach partition ${partition} for values from ('${firstIdOf(day)}') to ('${firstIdOf(day + 1)}')`,
    );
  }

  #lockName(): string {
    return `sluice partitions ${this.#tables[0]?.schema}`;
  }

  /** Days whose partitions exist in every table. */
  async #days(client: PoolClient): Promise<Set<number>> {
    const counts = new Map<number, number>();
    for (const { day } of await this.#list(client)) counts.set(day, (counts.get(day) ?? 0) + 1);
    return new Set([...counts].filter(([, count]) => count === this.#tables.length).map(([day]) => day));
  }

  async #list(client: PoolClient): Promise<{ table: Table; day: number; isDetaching: boolean }[]> {
    const { rows } = await client.query<{ schema: string; parent: string; name: string; detaching: boolean }>(
      `select n.nspname as schema, p.relname as parent, c.relname as name, i.inhdetachpending as detaching
       from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_class c on c.oid = i.inhrelid
       join pg_namespace n on n.oid = p.relnamespace
       where (n.nspname::text, p.relname::text) in (select * from unnest($1::text[], $2::text[])) and c.relkind in ('r', 'p')`,
      [this.#tables.map(({ schema }) => schema), this.#tables.map(({ name }) => name)],
    );
    return rows.flatMap((row) => {
      const day = dayOfPartition(row.parent, row.name);
      return day === null ? [] : [{ table: { schema: row.schema, name: row.parent }, day, isDetaching: row.detaching }];
    });
  }

  async #floor(client: PoolClient): Promise<number> {
    const floors = `${quoted(this.#tables[0]?.schema ?? '')}.partition_floors`;
    const { rows } = await client.query<{ floor: string | null }>(
      `select max(floor)::text as floor from ${floors} where table_name = any($1::text[])`,
      [this.#tables.map(({ name }) => name)],
    );
    const floor = rows[0]?.floor;
    return floor ? dayOf(Date.parse(`${floor}T00:00:00Z`)) : Number.NEGATIVE_INFINITY;
  }

  /**
   * Drops the partitions that lie wholly before a time, unless `keep` wants one. Readers that run are not disturbed:
   * detaching concurrently waits for those that may still look at the partition. Returns the ranges dropped.
   */
  async dropBefore(before: Date, keep?: (range: PartitionRange) => Promise<boolean>): Promise<PartitionRange[]> {
    const floor = dayOf(before.getTime());
    return await this.#settings.connections.use(async ({ client }) => {
      const old = (await this.#list(client)).filter(({ day }) => day < floor);
      const dropped: PartitionRange[] = [];
      for (const day of [...new Set(old.map((entry) => entry.day))].sort((a, b) => a - b)) {
        const range = { from: new Date(day * DAY_MS), to: new Date((day + 1) * DAY_MS) };
        if (keep && (await keep(range))) continue;
        await this.#raiseFloor(client, day + 1);
        for (const entry of old) {
          if (entry.day === day) await this.#drop(client, entry.table, day, entry.isDetaching);
        }
        dropped.push(range);
      }
      return dropped;
    });
  }

  async #raiseFloor(client: PoolClient, day: number): Promise<void> {
    for (const { schema, name } of this.#tables) {
      await client.query(
        `insert into ${quoted(schema)}.partition_floors as f (table_name, floor) values ($1, $2::date)
         on conflict (table_name) do update set floor = greatest(f.floor, excluded.floor)`,
        [name, isoDay(day)],
      );
    }
  }

  async #drop(client: PoolClient, table: Table, day: number, isDetaching: boolean): Promise<void> {
    const parent = `${quoted(table.schema)}.${quoted(table.name)}`;
    const partition = `${quoted(table.schema)}.${quoted(partitionName(table.name, day))}`;
    await client.query(
      `alter table ${parent} detach partition ${partition} ${isDetaching ? 'finalize' : 'concurrently'}`,
    );
    await client.query(`drop table ${partition}`);
    this.#settings.logger.log(`dropped ${partition}`);
  }
}

function partitionName(table: string, day: number): string {
  return `${table}_p${isoDay(day).replaceAll('-', '')}`;
}

function dayOfPartition(parent: string, name: string): number | null {
  const match = /^_p(\d{4})(\d{2})(\d{2})$/.exec(name.slice(parent.length));
  if (!match || !name.startsWith(parent)) return null;
  return dayOf(Date.parse(`${match[1]}-${match[2]}-${match[3]}T00:00:00Z`));
}
