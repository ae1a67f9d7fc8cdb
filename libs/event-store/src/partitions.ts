import { firstIdAt, timeOfId, type Topic } from '@sluice/contracts';
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

interface Table {
  schema: string;
  name: string;
}
interface Partition {
  table: Table;
  day: number;
  /** The middle one when the process ended while a partition was being detached. */
  state: 'attached' | 'detaching' | 'detached';
}

/** The sample is 300 times as many rows. */
const STATISTICS = 10;

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

  /** Makes what is missing of these days, unless dropped before; returns all days that have their partitions now. */
  async #make(days: readonly number[]): Promise<Set<number>> {
    return await this.#settings.connections.use(async ({ client }) => {
      const existing = this.#complete(await this.#list(client));
      if (days.every((day) => existing.has(day))) return existing;
      await client.query('begin');
      try {
        await client.query(`set local lock_timeout = '2s'`);
        await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [this.#lockName()]);
        const floor = await this.#floor(client);
        await this.#attachMissing(
          client,
          days.filter((day) => day >= floor),
        );
        await client.query('commit');
      } catch (error) {
        await client.query('rollback');
        throw error;
      }
      return this.#complete(await this.#list(client));
    });
  }

  async #attachMissing(client: PoolClient, days: readonly number[]): Promise<void> {
    const present = new Set((await this.#list(client)).map(({ table, day }) => partitionName(table.name, day)));
    for (const day of days) {
      for (const table of this.#tables) {
        if (!present.has(partitionName(table.name, day))) await this.#attach(client, table, day);
      }
    }
  }

  async #attach(client: PoolClient, table: Table, day: number): Promise<void> {
    const parent = `${quoted(table.schema)}.${quoted(table.name)}`;
    const partition = `${quoted(table.schema)}.${quoted(partitionName(table.name, day))}`;
    await client.query(`create table ${partition}
      (like ${parent} including defaults including constraints including storage) with ${APPEND_ONLY_STORAGE}`);
    await this.#sampleLittle(client, partition);
    await client.query(
      `alter table ${parent} attach partition ${partition} for values from ('${firstIdAt(day * DAY_MS)}') to ('${firstIdAt((day + 1) * DAY_MS)}')`,
    );
  }

  /**
   * Our statements walk indexes whatever the statistics say, but they must exist. A sample of 30,000 rows of every column,
   * PostgreSQL's default, took 300 ms of a processor per partition while 1,000 triggers came each second.
   */
  async #sampleLittle(client: PoolClient, partition: string): Promise<void> {
    const { rows } = await client.query<{ name: string }>(
      'select quote_ident(attname) as name from pg_attribute where attrelid = $1::regclass and attnum > 0',
      [partition],
    );
    const columns = rows.map(({ name }) => `alter column ${name} set statistics ${STATISTICS}`);
    await client.query(`alter table ${partition} ${columns.join(', ')}`);
  }

  #lockName(): string {
    return `sluice partitions ${this.#tables[0]?.schema}`;
  }

  /** Days whose partitions are attached to every table. */
  #complete(partitions: readonly Partition[]): Set<number> {
    const counts = new Map<number, number>();
    for (const { day, state } of partitions) {
      if (state === 'attached') counts.set(day, (counts.get(day) ?? 0) + 1);
    }
    return new Set([...counts].filter(([, count]) => count === this.#tables.length).map(([day]) => day));
  }

  /** By name, so that a partition is found, too, whose drop was interrupted after it was detached. */
  async #list(client: PoolClient): Promise<Partition[]> {
    const { rows } = await client.query<{ schema: string; parent: string; day: string; detaching: boolean | null }>(
      `select t.schema, t.name as parent, right(c.relname, 8) as day, i.inhdetachpending as detaching
       from unnest($1::text[], $2::text[]) as t(schema, name)
       join pg_namespace n on n.nspname = t.schema
       join pg_class c on c.relnamespace = n.oid and c.relkind = 'r' and c.relname ~ ('^' || t.name || '_p[0-9]{8}$')
       left join pg_inherits i on i.inhrelid = c.oid`,
      [this.#tables.map(({ schema }) => schema), this.#tables.map(({ name }) => name)],
    );
    return rows.map(({ schema, parent, day, detaching }) => ({
      table: { schema, name: parent },
      day: dayOf(Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00Z`)),
      state: detaching === null ? 'detached' : detaching ? 'detaching' : 'attached',
    }));
  }

  get #floors(): string {
    return `${quoted(this.#tables[0]?.schema ?? '')}.partition_floors`;
  }

  /** The first day that retention has not dropped. */
  async #floor(client: PoolClient): Promise<number> {
    const { rows } = await client.query<{ floor: string | null }>(
      `select max(floor)::text as floor from ${this.#floors}`,
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
        // Before the drop: a crash between the two must not let a dropped day come back.
        await client.query(`insert into ${this.#floors} (floor) values ($1::date) on conflict do nothing`, [
          isoDay(day + 1),
        ]);
        for (const entry of old) {
          if (entry.day === day) await this.#drop(client, entry);
        }
        dropped.push(range);
      }
      return dropped;
    });
  }

  async #drop(client: PoolClient, { table, day, state }: Partition): Promise<void> {
    const parent = `${quoted(table.schema)}.${quoted(table.name)}`;
    const partition = `${quoted(table.schema)}.${quoted(partitionName(table.name, day))}`;
    if (state !== 'detached') {
      const how = state === 'detaching' ? 'finalize' : 'concurrently';
      await client.query(`alter table ${parent} detach partition ${partition} ${how}`);
    }
    await client.query(`drop table if exists ${partition}`);
    this.#settings.logger.log(`dropped ${partition}`);
  }
}

function partitionName(table: string, day: number): string {
  return `${table}_p${isoDay(day).replaceAll('-', '')}`;
}
