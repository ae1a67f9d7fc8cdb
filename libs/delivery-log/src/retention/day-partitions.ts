import { DatabaseError, type Pool, type PoolClient } from 'pg';
import { DAY_MS, boundOf, dayOf, LOG_TABLES, lateName, type LogTable, partitionName } from './log-tables.ts';

/** Days ahead of today for which partitions are there. */
const DAYS_AHEAD = 2;
/** Attached where rows of its day lie in the partition of the late already: they stay there. */
const CHECK_VIOLATION = '23514';

/** One partition that exists. `day` is null for that of the late. */
export interface Partition {
  table: LogTable;
  name: string;
  day: number | null;
  bytes: number;
}

/** The partitions of the log's tables in a schema. */
export class DayPartitions {
  constructor(
    private readonly pool: Pool,
    private readonly schema = 'delivery_log',
    private readonly tables: readonly LogTable[] = LOG_TABLES,
  ) {}

  /** Makes yesterday's, today's and those of the next days, as far as they are missing. */
  async keep(nowMs = Date.now()): Promise<void> {
    const today = dayOf(nowMs);
    await this.make(Array.from({ length: DAYS_AHEAD + 2 }, (_, index) => today - 1 + index));
  }

  /** @param days since 1970 */
  async make(days: readonly number[]): Promise<void> {
    const present = new Set((await this.list()).map(({ name }) => name));
    for (const table of this.tables) {
      for (const day of days) {
        if (!present.has(partitionName(table.name, day))) await this.#attach(table, day);
      }
    }
  }

  /** Made beside the table and then attached: `create table … partition of` would wait for every reader of the table. */
  async #attach(table: LogTable, day: number): Promise<void> {
    const parent = `${this.schema}.${table.name}`;
    const partition = `${this.schema}.${partitionName(table.name, day)}`;
    try {
      await this.#alone(async (client) => {
        await client.query(`create table if not exists ${partition}
          (like ${parent} including defaults including constraints including storage) with ${table.storage}`);
        for (const column of table.payload) {
          await client.query(`alter table ${partition} alter column ${column} set statistics 0`);
        }
        const { rowCount } = await client.query(
          `select 1 from pg_inherits where inhrelid = '${partition}'::regclass`, // another process was first
        );
        if (rowCount === 0) {
          const range = `from (${boundOf(table, day)}) to (${boundOf(table, day + 1)})`;
          await client.query(`alter table ${parent} attach partition ${partition} for values ${range}`);
        }
      });
    } catch (error) {
      if (!(error instanceof DatabaseError && error.code === CHECK_VIOLATION)) throw error;
    }
  }

  /** One process at a time, and never waiting long in front of everybody else. */
  async #alone(work: (client: PoolClient) => Promise<void>): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      await client.query(`set local lock_timeout = '2s'`);
      await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`partitions ${this.schema}`]);
      await work(client);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  }

  /** All that are attached, with what they take on disk (indexes and large values included). */
  async list(): Promise<Partition[]> {
    const { rows } = await this.pool.query<{ parent: string; name: string; bytes: number }>({
      name: `delivery_log_partitions_${this.schema}`,
      text: `select p.relname as parent, c.relname as name, pg_total_relation_size(c.oid)::float8 as bytes
        from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
        join pg_namespace n on n.oid = p.relnamespace
        where n.nspname = $1 and p.relkind = 'p' and p.relname = any($2)`,
      values: [this.schema, this.tables.map(({ name }) => name)],
    });
    return rows.flatMap(({ parent, name, bytes }) => {
      const table = LOG_TABLES.find((each) => each.name === parent);
      return table ? [{ table, name, bytes, day: dayOfName(name) }] : [];
    });
  }

  /** Drops the partitions of a day. A drop waits for the statements that run, and they for nothing. */
  async drop(partitions: readonly Partition[]): Promise<void> {
    for (const { name } of partitions) {
      await this.#alone(async (client) => void (await client.query(`drop table if exists ${this.schema}.${name}`)));
    }
  }

  /** Empties the partition of the late of a table. */
  async empty(table: LogTable): Promise<void> {
    await this.#alone(async (client) => void (await client.query(`truncate ${this.schema}.${lateName(table.name)}`)));
  }

  /** The day of the newest row in the partition of the late; null when it is empty. */
  async newestLateDay(table: LogTable): Promise<number | null> {
    const late = `${this.schema}.${lateName(table.name)}`;
    const order = `order by ${table.key} desc limit 1`;
    const { rows } = await this.pool.query<{ day: number }>(
      table.keyType === 'uuid'
        ? `select floor(('x' || left(replace(${table.key}::text, '-', ''), 12))::bit(48)::bigint / ${DAY_MS})::float8 as day from ${late} ${order}`
        : `select floor(extract(epoch from ${table.key}) / 86400)::float8 as day from ${late} ${order}`,
    );
    return rows[0]?.day ?? null;
  }
}

function dayOfName(name: string): number | null {
  const match = /_p(\d{4})(\d{2})(\d{2})$/.exec(name);
  return match ? dayOf(Date.parse(`${match[1]}-${match[2]}-${match[3]}T00:00:00Z`)) : null;
}
