import type { Pool, PoolClient } from 'pg';
import { DayPartitions } from '../retention/day-partitions.ts';
import { LOG_TABLES, lateName } from '../retention/log-tables.ts';

/** Where tables are built beside the live ones, under the same names. */
export const SHADOW = 'delivery_log_rebuild';
const LIVE = 'delivery_log';

const logTable = (name: string) => LOG_TABLES.find((each) => each.name === name);

/** The tables of a rebuild: made like the live ones, filled, and put in their place. */
export class ShadowTables {
  readonly #live: DayPartitions;
  readonly #shadow: DayPartitions;

  constructor(
    private readonly pool: Pool,
    private readonly tables: readonly string[],
  ) {
    const partitioned = LOG_TABLES.filter(({ name }) => tables.includes(name));
    this.#live = new DayPartitions(pool, LIVE, partitioned);
    this.#shadow = new DayPartitions(pool, SHADOW, partitioned);
  }

  /** Anew and empty, with columns, keys and indexes read from the live ones, whatever migrations have made of them. */
  async create(): Promise<void> {
    await this.pool.query(`drop schema if exists ${SHADOW} cascade`);
    await this.pool.query(`create schema ${SHADOW}`);
    for (const name of this.tables) await this.#create(name);
    await this.alignPartitions();
  }

  async #create(name: string): Promise<void> {
    const partitioned = logTable(name);
    await this.pool.query(
      `create table ${SHADOW}.${name} (like ${LIVE}.${name} including defaults including constraints including storage)
       ${partitioned ? `partition by range (${partitioned.key})` : ''}`,
    );
    const { rows } = await this.pool.query<{ name: string; sql: string; key: string | null }>(
      `select i.relname as name, pg_get_indexdef(x.indexrelid) as sql, pg_get_constraintdef(c.oid) as key
       from pg_index x join pg_class i on i.oid = x.indexrelid left join pg_constraint c on c.conindid = x.indexrelid
       where x.indrelid = '${LIVE}.${name}'::regclass order by i.relname`,
    );
    for (const { name: index, sql, key } of rows) {
      if (key === null)
        await this.pool.query(
          sql.replace(` ON ONLY ${LIVE}.`, ` ON ${SHADOW}.`).replace(` ON ${LIVE}.`, ` ON ${SHADOW}.`),
        );
      else await this.pool.query(`alter table ${SHADOW}.${name} add constraint ${index} ${key}`);
    }
    if (!partitioned) return;
    await this.pool.query(
      `create table ${SHADOW}.${lateName(name)} partition of ${SHADOW}.${name} default with ${partitioned.storage}`,
    );
  }

  /** The live ones may have got new days meanwhile, and lost old ones. */
  async alignPartitions(): Promise<void> {
    const live = await this.#live.list();
    const names = new Set(live.map(({ name }) => name));
    await this.#shadow.drop((await this.#shadow.list()).filter(({ name }) => !names.has(name)));
    // Each table by itself: counters stay longer than what they count.
    for (const [table, partitions] of Map.groupBy(live, (each) => each.table)) {
      const days = partitions.flatMap(({ day }) => (day === null ? [] : [day])).sort((a, b) => a - b);
      await new DayPartitions(this.pool, SHADOW, [table]).make(days);
    }
  }

  /** Nobody writes or reads the live tables from here to the end of the transaction. Gives up before anybody waits long. */
  async lock(client: PoolClient): Promise<void> {
    // Below deadlock_timeout (1 s): in a circle it is the rebuild that steps back, never a reader or the consumer.
    await client.query(`set local lock_timeout = '500ms'`);
    const names = this.tables.map((name) => `${LIVE}.${name}`).join(', ');
    await client.query(`lock table ${names} in access exclusive mode`);
  }

  /** In the transaction that holds the lock. */
  async swap(client: PoolClient): Promise<void> {
    for (const name of this.tables) {
      await client.query(`drop table ${LIVE}.${name}`);
      await client.query(`alter table ${SHADOW}.${name} set schema ${LIVE}`);
    }
    const { rows } = await client.query<{ name: string }>(
      `select c.relname as name from pg_class c where c.relnamespace = '${SHADOW}'::regnamespace and c.relkind = 'r'`,
    );
    for (const { name } of rows) await client.query(`alter table ${SHADOW}.${name} set schema ${LIVE}`);
    await client.query(`drop schema ${SHADOW} cascade`);
  }

  async drop(): Promise<void> {
    await this.pool.query(`drop schema if exists ${SHADOW} cascade`);
  }
}
