import { Injectable } from '@nestjs/common';
import { InjectPool, InjectSettings, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { DayPartitions, type Partition } from './day-partitions.ts';
import { isoDay } from './log-tables.ts';
import type { Storage, StoredApp, StoredTable } from './storage.requests.ts';

const MOST_APPS = 1_000;
/** Not partitioned: bounded by number. */
const OTHER_TABLES = ['endpoint_ring', 'whole_bodies', 'samples', 'dead_letter_list', 'stat_totals', 'app_bytes'];

function tablesOf(partitions: readonly Partition[]): StoredTable[] {
  const byTable = Map.groupBy(partitions, ({ table }) => table.name);
  return [...byTable].map(([name, parts]) => {
    const days = parts.flatMap(({ day }) => (day === null ? [] : [day]));
    return {
      name,
      bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
      partitions: parts.length,
      oldestDay: days.length > 0 ? isoDay(Math.min(...days)) : null,
    };
  });
}

/** LG-04: the use of disk. */
@Injectable()
export class StorageQueries {
  readonly #partitions: DayPartitions;

  constructor(
    @InjectPool('delivery-log') private readonly pool: Pool,
    @InjectSettings() private readonly settings: Pick<Settings, 'logRetention'>,
  ) {
    this.#partitions = new DayPartitions(pool);
  }

  async get(): Promise<Storage> {
    const tables = [...tablesOf(await this.#partitions.list()), ...(await this.#others())];
    const { days, totalBytes } = this.settings.logRetention;
    return {
      bytes: tables.reduce((sum, { bytes }) => sum + bytes, 0),
      limitBytes: totalBytes,
      limitDays: days,
      tables,
      apps: await this.#apps(),
    };
  }

  async #others(): Promise<StoredTable[]> {
    const { rows } = await this.pool.query<{ name: string; bytes: number }>(
      `select name, pg_total_relation_size(('delivery_log.' || name)::regclass)::float8 as bytes from unnest($1::text[]) as name`,
      [OTHER_TABLES],
    );
    return rows.map(({ name, bytes }) => ({ name, bytes, partitions: 1, oldestDay: null }));
  }

  async #apps(): Promise<StoredApp[]> {
    const { rows } = await this.pool.query<{ app_id: string; bytes: number; since: number }>(
      `select b.app_id, sum(b.bytes)::float8 as bytes, min(b.day) as since from delivery_log.app_bytes b
       left join delivery_log.app_floors f on f.app_id = b.app_id
       where f.floor is null or b.day >= f.floor group by b.app_id order by bytes desc limit ${MOST_APPS}`,
    );
    const { days, appBytes, apps } = this.settings.logRetention;
    return rows.map(({ app_id, bytes, since }) => ({
      appId: app_id,
      bytes,
      limitBytes: apps[app_id]?.bytes ?? appBytes,
      limitDays: apps[app_id]?.days ?? days,
      since: isoDay(since),
    }));
  }
}
