import { firstIdAt, type ServiceName, type Topic } from '@sluice/contracts';
import type { EventStore, PartitionRange } from '@sluice/event-store';
import { Payloads } from '@sluice/payloads';
import type { RetentionNeed, RetentionPrune, RetentionRules } from '@sluice/platform';
import type { Pool } from 'pg';
import { busNeeds } from './bus-needs.ts';
import { RetentionLease } from './lease.ts';
import { heldPayloads } from './held-payloads.ts';
import { oldestDayMs } from './oldest-day.ts';
import { retentionMetrics } from './retention-metrics.ts';

export interface RetentionOptions {
  service: ServiceName;
  topics: readonly Topic[];
  rules: RetentionRules;
  store: Pick<EventStore, 'dropPartitionsBefore'>;
  pool: Pool;
  /** 0 keeps everything. */
  days: number;
  /** Events reach their consumers over Kafka. */
  isKafka: boolean;
  /**
   * The consumer groups that this process runs, when nobody else runs any: checkpoints of others are of consumers that exist no
   * more, and keep nothing. Unless given, all checkpoints count. Asked at each sweep.
   */
  groups?: () => readonly string[] | null;
  /** This process among replicas. */
  owner: string;
  logger: { log(message: string): void; warn(message: string): void };
  /** Milliseconds of Unix time; the clock unless given. */
  now?: () => number;
}

/** What a sweep did; null: another replica has the lease. */
export interface RetentionReport {
  dropped: string[];
  /** Days past their age that are still needed, with the reason. */
  kept: Record<string, string>;
  /** Rows deleted, by table. */
  pruned: Record<string, number>;
}

const DAY_MS = 86_400_000;
const EVERY_MS = 3_600_000;
/** The first sweep of a process: after its start has calmed down, replicas not in the same second. */
const FIRST_MS = 60_000;
const LEASE_MS = 300_000;
/** Between two batches of deletes: long enough that nobody else waits for the disk or the vacuum. */
const REST_MS = 20;

const isoDay = (at: Date): string => at.toISOString().slice(0, 10);

/**
 * Drops the days of a service's events that are past their age and that nobody needs any more, and deletes rows by age.
 * Every hour, in one of the service's replicas; what could not be done now is done in an hour.
 */
export class RetentionWorker {
  readonly #options: RetentionOptions;
  readonly #rules: RetentionRules;
  readonly #lease: RetentionLease;
  readonly #payloads: Payloads;
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> = Promise.resolve();
  #toldKept = '';

  constructor(options: RetentionOptions) {
    this.#options = options;
    const { service, pool, owner } = options;
    this.#rules = options.rules;
    this.#lease = new RetentionLease(pool, service, owner, LEASE_MS);
    this.#payloads = new Payloads(pool);
    retentionMetrics().sweptAt.set({ service }, 0);
  }

  start(): void {
    if (this.#options.days > 0) this.#schedule(FIRST_MS);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#timer) clearTimeout(this.#timer);
    await this.#sweeping;
  }

  #schedule(inMs: number): void {
    this.#timer = setTimeout(
      () => {
        this.#sweeping = this.sweep().then(
          () => undefined,
          (error: unknown) => {
            const { logger, service } = this.#options;
            logger.warn(`retention of ${service} goes on in an hour: ${(error as Error).message}`);
          },
        );
        void this.#sweeping.finally(() => {
          if (!this.#closing.signal.aborted) this.#schedule(EVERY_MS);
        });
      },
      inMs * (0.9 + 0.2 * Math.random()),
    ).unref();
  }

  /** One round now. @throws what the database throws; what was done until then is done. */
  async sweep(): Promise<RetentionReport | null> {
    if (this.#options.days === 0 || !(await this.#lease.take())) return null;
    const renewing = setInterval(() => void this.#lease.take().catch(() => undefined), LEASE_MS / 5).unref();
    let isSwept = false;
    try {
      const report = await this.#round();
      isSwept = true;
      this.#tell(report);
      return report;
    } finally {
      clearInterval(renewing);
      await this.#lease.release(isSwept);
    }
  }

  async #round(): Promise<RetentionReport> {
    const { now = Date.now, days, service, pool, store } = this.#options;
    const before = new Date(now() - days * DAY_MS);
    const report: RetentionReport = { dropped: [], kept: {}, pruned: {} };
    await pool.query('insert into retention.marks (xid) values (pg_current_xact_id())');
    await pool.query(
      'delete from retention.marks where xid < (select max(xid) from retention.marks where taken_at < $1)',
      [new Date(Math.min(before.getTime(), now() - DAY_MS))],
    );
    // Rows first: those that lists are made of are what keeps the days of their runs.
    for (const prune of this.#rules.prunes) {
      const count = await this.#prune(prune, before);
      if (count > 0) report.pruned[prune.table] = count;
    }
    const ranges = await store.dropPartitionsBefore(before, {
      keep: async (range) => {
        if (this.#closing.signal.aborted) return true;
        const need = await this.#needOf(range);
        if (need !== null) report.kept[isoDay(range.from)] = need;
        return need !== null;
      },
    });
    report.dropped = ranges.map(({ from }) => isoDay(from));
    if (service === 'gateway') {
      const count = await this.#prunePayloads(before.getTime());
      if (count > 0) report.pruned['payloads.payloads'] = count;
    }
    return report;
  }

  #needs(): RetentionNeed[] {
    const { service, topics, isKafka, groups } = this.#options;
    const known = groups?.() ?? null;
    return [...this.#rules.needs, ...busNeeds(service, topics, isKafka, known?.length === 0 ? null : known)];
  }

  async #prune({ sql, batchRows }: RetentionPrune, before: Date): Promise<number> {
    let count = 0;
    while (!this.#closing.signal.aborted) {
      const rows = (await this.#options.pool.query(sql, [before])).rowCount ?? 0;
      count += rows;
      if (rows < batchRows) break;
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
    return count;
  }

  /**
   * Bodies by claim check belong to no partition, and several services' streams may name one. They go by age once no
   * service holds a day any more that is as old: whatever names one was written on its day, or has a day of its own
   * that is still held.
   */
  async #prunePayloads(beforeMs: number): Promise<number> {
    const oldestMs = (await oldestDayMs(this.#options.pool)) ?? beforeMs;
    const endMs = Math.min(beforeMs, oldestMs) - DAY_MS;
    const held = await heldPayloads(this.#options.pool, endMs);
    return await this.#payloads.sweepOld(endMs, { held, signal: this.#closing.signal });
  }

  /** The first reason to keep these days. */
  async #needOf({ from, to }: PartitionRange): Promise<string | null> {
    const { pool } = this.#options;
    for (const { name, tables = [], sql } of this.#needs()) {
      const { rows: missing } = await pool.query(
        'select from unnest($1::text[]) as t(name) where to_regclass(t.name) is null',
        [tables],
      );
      if (missing.length > 0) continue;
      const values = [firstIdAt(from.getTime()), firstIdAt(to.getTime())];
      const { rows } = await pool.query<{ needed: boolean }>(sql, values);
      if (rows[0]?.needed) return name;
    }
    return null;
  }

  #tell(report: RetentionReport): void {
    const { service, logger } = this.#options;
    const { dropped, kept, pruned, sweptAt } = retentionMetrics();
    dropped.inc({ service }, report.dropped.length);
    for (const [table, count] of Object.entries(report.pruned)) pruned.inc({ service, table }, count);
    const needs = Object.values(report.kept);
    for (const { name } of this.#needs()) {
      kept.set({ service, need: name }, needs.filter((need) => need === name).length);
    }
    sweptAt.set({ service }, Math.floor((this.#options.now ?? Date.now)() / 1000));
    const rows = Object.entries(report.pruned).map(([table, count]) => `${count} rows of ${table}`);
    const keptText = Object.entries(report.kept)
      .map(([day, need]) => `${day} (${need})`)
      .join(', ');
    const told = [
      report.dropped.length > 0 ? `dropped ${report.dropped.join(', ')}` : '',
      rows.length > 0 ? `deleted ${rows.join(', ')}` : '',
      keptText !== this.#toldKept && keptText !== '' ? `still needed: ${keptText}` : '',
    ].filter(Boolean);
    this.#toldKept = keptText;
    if (told.length > 0) logger.log(`retention of ${service}: ${told.join('; ')}`);
  }
}
