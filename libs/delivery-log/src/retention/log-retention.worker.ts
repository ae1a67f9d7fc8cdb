import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { InjectPool, InjectSettings, metrics, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { AppFloors } from './app-floors.ts';
import { DayPartitions, type Partition } from './day-partitions.ts';
import { DroppedDays } from './dropped-days.ts';
import { EndpointRing } from './endpoint-ring.ts';
import { dayOf } from './log-tables.ts';
import { type AppDay, daysToDrop, floorsOf, type RetentionLimits, surplusDays } from './retention.rules.ts';

const log = new Logger('delivery-log.retention');
const EVERY_MS = 600_000;
/** Counters are small and stay longer than what they count. */
const STATS_DAYS = 90;
/** Records of rejected requests have 500 to 1,000 bytes; of more than this their oldest days go before those of anything else. */
const REJECTION_BYTES = 1024 ** 3;

/** LG-04: makes the log's partitions ahead of time and drops those that are too old or too much. */
@Injectable()
export class LogRetention implements OnModuleInit, OnApplicationShutdown {
  readonly #partitions: DayPartitions;
  readonly #dropped = metrics.counter(
    'sluice_delivery_log_partitions_dropped_total',
    'Partitions of the delivery log dropped because of age or bytes',
  );
  #timer: NodeJS.Timeout | null = null;
  #working: Promise<void> = Promise.resolve();

  constructor(
    @InjectPool('delivery-log') private readonly pool: Pool,
    @InjectSettings() private readonly settings: Pick<Settings, 'logRetention'>,
    private readonly ring: EndpointRing,
    private readonly floors: AppFloors,
  ) {
    this.#partitions = new DayPartitions(pool);
  }

  /** Before anything is consumed: rows that come earlier go to the partition of the late and keep today's from being made. */
  async onModuleInit(): Promise<void> {
    await this.#partitions.keep();
    // Not all replicas of a deployment in the same second.
    this.#timer = setInterval(() => this.#tick(), EVERY_MS * (0.9 + 0.2 * Math.random())).unref();
  }

  #tick(): void {
    this.#working = this.apply().catch((error: unknown) =>
      log.warn(`retention of the delivery log waits for its next turn: ${(error as Error).message}`),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#working;
  }

  /** One turn: new partitions, what apps see, what is dropped. Any number of replicas may do it at once. */
  async apply(limits: RetentionLimits = this.settings.logRetention, nowMs = Date.now()): Promise<void> {
    await this.#partitions.keep(nowMs);
    const today = dayOf(nowMs);
    const partitions = await this.#partitions.list();
    const appDays = await this.#appDays();
    const floors = floorsOf(limits, appDays, today);
    await this.#keepFloors(floors);
    const ofDays = partitions.filter(({ table, day }) => day !== null && table.name !== 'stats');
    const dayBytes = new Map<number, number>();
    for (const { day, bytes } of ofDays) dayBytes.set(day as number, (dayBytes.get(day as number) ?? 0) + bytes);
    const lateBytes = partitions.filter(({ day }) => day === null).reduce((sum, { bytes }) => sum + bytes, 0);
    const left = limits.totalBytes === null ? null : Math.max(0, limits.totalBytes - lateBytes);
    const days = daysToDrop({ ...limits, totalBytes: left }, dayBytes, appDays, floors, today);
    for (const day of days) await this.#drop(ofDays.filter((each) => each.day === day));
    const rejected = ofDays.filter(
      ({ table, day }) => table.name === 'rejected_requests' && !days.includes(day as number),
    );
    await this.#dropSurplus(rejected, limits.rejectionBytes ?? REJECTION_BYTES, today);
    await this.#dropStats(partitions, today - Math.max(STATS_DAYS, limits.days));
    await this.#emptyLate(limits, today);
    await this.#forgetBytes(days);
    await this.floors.refresh();
  }

  async #drop(partitions: readonly Partition[]): Promise<void> {
    for (const each of partitions) if (each.table.name === 'deliveries') await this.ring.rescue(each);
    await this.#forget(partitions);
    await this.#partitions.drop(partitions);
    this.#dropped.inc({}, partitions.length);
    log.log(`dropped ${partitions.map(({ name }) => name).join(', ')}`);
  }

  async #forget(partitions: readonly Partition[]): Promise<void> {
    for (const { table, day } of partitions) {
      if (day !== null) await DroppedDays.note(this.pool, table.name, day, day);
    }
  }

  async #dropSurplus(partitions: readonly Partition[], limitBytes: number, today: number): Promise<void> {
    const surplus = surplusDays(partitions, limitBytes, today);
    if (surplus.length > 0) await this.#drop(surplus);
  }

  async #dropStats(partitions: readonly Partition[], before: number): Promise<void> {
    const old = partitions.filter(({ table, day }) => table.name === 'stats' && day !== null && day < before);
    await this.#forget(old);
    await this.#partitions.drop(old);
  }

  /** What carries an old time goes when all of it is too old: it has no days. */
  async #emptyLate({ days, apps }: RetentionLimits, today: number): Promise<void> {
    const oldest = today - Math.max(days, ...Object.values(apps).map((own) => own.days ?? 0));
    for (const { table, name, day } of await this.#partitions.list()) {
      if (day !== null) continue;
      const newest = await this.#partitions.newestLateDay(table);
      if (newest === null || newest >= (table.name === 'stats' ? Math.min(oldest, today - STATS_DAYS) : oldest))
        continue;
      if (table.name === 'deliveries') await this.ring.rescue({ name });
      await DroppedDays.note(this.pool, table.name, 0, newest);
      await this.#partitions.empty(table);
      if (table.name === 'requests')
        await this.pool.query('delete from delivery_log.app_bytes where day <= $1', [newest]);
    }
  }

  async #appDays(): Promise<AppDay[]> {
    const { rows } = await this.pool.query<AppDay>(
      'select app_id as "appId", day, bytes::float8 as bytes from delivery_log.app_bytes',
    );
    return rows;
  }

  /** A floor never sinks: what is below it may have been dropped. */
  async #keepFloors(floors: ReadonlyMap<string, number>): Promise<void> {
    await this.pool.query(
      `insert into delivery_log.app_floors as f (app_id, floor) select * from unnest($1::uuid[], $2::int[])
       on conflict (app_id) do update set floor = excluded.floor where excluded.floor > f.floor`,
      [[...floors.keys()], [...floors.values()]],
    );
  }

  /** The rows of dropped days count no more. */
  async #forgetBytes(days: readonly number[]): Promise<void> {
    if (days.length === 0) return;
    await this.pool.query('delete from delivery_log.app_bytes where day = any($1::int[])', [days]);
  }
}
