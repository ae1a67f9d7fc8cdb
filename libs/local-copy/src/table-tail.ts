import { createHash } from 'node:crypto';
import type { Pool } from 'pg';

/** What happened to one key; `value` is null when the row is gone. */
export interface TailChange<T> {
  key: string;
  value: T | null;
  previous: T | null;
}

export interface TableTailOptions<T> {
  pool: Pool;
  /** Qualified name of a table made with `tailedColumnsSql` (columns `changed_xid` and `deleted`) or alike. */
  table: string;
  /** Column (or SQL expression) whose text identifies a row. */
  key: string;
  /** Columns that `map` wants to see. */
  columns: readonly string[];
  map(row: Readonly<Record<string, unknown>>): T;
  /** Called after the copy has changed, never while it is half applied; `reset` when everything was loaded anew. */
  onChange?(changes: readonly TailChange<T>[], reset: boolean): void;
  /**
   * SQL of one text value that is read in the very snapshot of each poll, such as the position that the projection
   * behind the table has reached; so a replica can report what its copy really contains.
   */
  marker?: string;
  /** After every poll, with the marker's value. */
  onPolled?(marker: string | null): void;
  /** Milliseconds between polls when nobody pokes; 150 unless given. */
  pollMs?: number;
  /** Reload in full after so long without a poll, because tombstones may have been swept; 600,000 ms unless given. */
  reloadAfterMs?: number;
  /** A failed poll; polling goes on. The copy stays as it was and `staleSinceMs` grows. */
  onError?(error: unknown): void;
}

interface Entry<T> {
  xid: string;
  value: T;
}

/** A row as it was read; `entry` is null when it is gone. */
interface ReadRow<T> {
  key: string;
  entry: Entry<T> | null;
}

/** What stands beside the rows of a read: the snapshot it was made in. */
interface Snapshot {
  cluster: string;
  xmin: bigint;
  marker: string | null;
}

/** Rows per statement of a load: all of them in one would stand in memory twice. */
const LOAD_ROWS = 500;

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * An in-memory copy of a table, loaded once and kept fresh by reading what changed.
 *
 * Each row carries the id of the transaction that wrote it last. A poll reads the rows whose id is at or above the
 * oldest transaction that was still running at the poll before, so a change that commits late, with an id below ones
 * already seen, is not skipped. (A poll by "greater than the highest id seen" loses exactly those.) Rows that are read
 * twice are recognised by that id and cost nothing further.
 */
export class TableTail<T> {
  readonly #options: TableTailOptions<T>;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #select: string;
  /** Of the prepared statement: one text, one name. */
  readonly #name: string;
  readonly #selectSnapshot: string;
  readonly #selectPage: (where: string) => string;
  #cluster: string | null = null;
  #xmin = 0n;
  #marker: string | null = null;
  #lastPollAt = 0;
  #loaded = false;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #waiters: Waiter[] = [];
  #stopped = false;

  constructor(options: TableTailOptions<T>) {
    this.#options = options;
    const columns = options.columns.map((column) => `r.${column}`).join(', ');
    const snapshot = `pg_snapshot_xmin(pg_current_snapshot())::text as tail_xmin,
                   (select c.system_identifier || '/' || k.timeline_id
                    from pg_control_system() c, pg_control_checkpoint() k) as tail_cluster,
                   (${options.marker ?? 'null'})::text as tail_marker`;
    const rows = `select ${columns}, (${options.key})::text as tail_key, r.changed_xid::text as tail_xid,
                         r.deleted as tail_deleted
                  from ${options.table} r`;
    // One statement is one snapshot: the horizon, the marker and the rows belong together.
    this.#select = `select s.*, t.* from (select ${snapshot}) s
      left join (${rows} where r.changed_xid >= $1::xid8) t on true`;
    this.#name = `tail:${options.table}:${createHash('sha256').update(this.#select).digest('hex').slice(0, 8)}`;
    this.#selectSnapshot = `select ${snapshot}`;
    this.#selectPage = (where) => `${rows} ${where} order by (${options.key}) limit ${LOAD_ROWS}`;
  }

  /** Loads the table and begins polling; tries again every second while the database is away. */
  async start(): Promise<void> {
    while (!this.#stopped && !this.#loaded) {
      try {
        await this.poke();
      } catch (error) {
        this.#options.onError?.(error);
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#running?.catch(() => undefined);
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value;
  }

  *values(): Generator<T> {
    for (const entry of this.#entries.values()) yield entry.value;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether the table has been loaded once. */
  get ready(): boolean {
    return this.#loaded;
  }

  /** The marker as of the last poll. */
  get marker(): string | null {
    return this.#marker;
  }

  /** Milliseconds since the last successful poll; Infinity before the first. For /readyz. */
  get staleSinceMs(): number {
    return this.#lastPollAt === 0 ? Number.POSITIVE_INFINITY : Date.now() - this.#lastPollAt;
  }

  /**
   * Reads now. Resolves once a poll that began after this call has been applied; any number of callers share one.
   * @throws what the database threw.
   */
  poke(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      if (!this.#running) this.#run();
    });
  }

  #arm(): void {
    if (this.#stopped || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (!this.#running) this.#run();
    }, this.#options.pollMs ?? 150);
  }

  #run(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    this.#running = this.#poll()
      .then(
        () => {
          for (const waiter of waiters) waiter.resolve();
        },
        (error: unknown) => {
          if (waiters.length === 0) this.#options.onError?.(error);
          for (const waiter of waiters) waiter.reject(error);
        },
      )
      .finally(() => {
        this.#running = null;
        if (this.#waiters.length > 0) this.#run();
        else if (this.#loaded) this.#arm();
      });
  }

  async #poll(): Promise<void> {
    const tooOld = this.staleSinceMs > (this.#options.reloadAfterMs ?? 600_000);
    if (!this.#loaded || tooOld) return this.#load();
    const { rows } = await this.#options.pool.query<Record<string, unknown>>({
      name: this.#name,
      text: this.#select,
      values: [this.#xmin.toString()],
    });
    const snapshot = snapshotOf(rows);
    // Another cluster, or this one set back in time: its transaction ids say nothing about what we hold.
    if (snapshot.cluster !== this.#cluster || snapshot.xmin < this.#xmin) return this.#load();
    this.#apply(snapshot, rows[0]?.tail_key === null ? [] : this.#rowsOf(rows), false);
  }

  /**
   * Page by page in the order of the key, each a snapshot of its own. The horizon is older than all of them: what changed
   * since, behind or before the page then read, has a higher transaction id and comes with the next poll.
   */
  async #load(): Promise<void> {
    const { pool, table } = this.#options;
    // Rows restored from another cluster's dump may carry ids that this cluster has yet to give out; they would be
    // read at every poll for ever.
    await pool.query(
      `update ${table} set changed_xid = pg_current_xact_id()
       where changed_xid >= pg_snapshot_xmax(pg_current_snapshot())`,
    );
    const snapshot = snapshotOf((await pool.query<Record<string, unknown>>(this.#selectSnapshot)).rows);
    const read: ReadRow<T>[] = [];
    for (let after: string | undefined; ; after = read.at(-1)?.key) {
      const { rows } =
        after === undefined
          ? await pool.query<Record<string, unknown>>(this.#selectPage(''))
          : await pool.query<Record<string, unknown>>(this.#selectPage(`where (${this.#options.key}) > $1`), [after]);
      for (const row of this.#rowsOf(rows)) read.push(row);
      if (rows.length < LOAD_ROWS) break;
    }
    this.#apply(snapshot, read, true);
    this.#loaded = true;
  }

  /** Rows as they are kept; of an unchanged one, what is kept already. */
  #rowsOf(rows: readonly Record<string, unknown>[]): ReadRow<T>[] {
    return rows.map((row) => {
      const key = row.tail_key as string;
      const xid = row.tail_xid as string;
      if (row.tail_deleted === true) return { key, entry: null };
      const known = this.#entries.get(key);
      return { key, entry: known?.xid === xid ? known : { xid, value: this.#options.map(row) } };
    });
  }

  #apply(snapshot: Snapshot, rows: readonly ReadRow<T>[], reset: boolean): void {
    const changes = this.#merge(rows, reset);
    if (reset) this.#dropMissing(rows, changes);
    this.#cluster = snapshot.cluster;
    this.#xmin = snapshot.xmin;
    this.#marker = snapshot.marker;
    this.#lastPollAt = Date.now();
    if (changes.length > 0 || reset) this.#options.onChange?.(changes, reset);
    this.#options.onPolled?.(this.#marker);
  }

  #merge(rows: readonly ReadRow<T>[], reset: boolean): TailChange<T>[] {
    const changes: TailChange<T>[] = [];
    for (const { key, entry } of rows) {
      const known = this.#entries.get(key);
      if (entry === null) {
        if (known) changes.push({ key, value: null, previous: known.value });
        this.#entries.delete(key);
        continue;
      }
      if (known === entry && !reset) continue;
      this.#entries.set(key, entry);
      changes.push({ key, value: entry.value, previous: known?.value ?? null });
    }
    return changes;
  }

  #dropMissing(rows: readonly ReadRow<T>[], changes: TailChange<T>[]): void {
    if (this.#entries.size === changes.length) return; // as at the start: all of it was read now
    const present = new Set(rows.map((row) => row.key));
    for (const [key, entry] of this.#entries) {
      if (present.has(key)) continue;
      this.#entries.delete(key);
      changes.push({ key, value: null, previous: entry.value });
    }
  }
}

function snapshotOf(rows: readonly Record<string, unknown>[]): Snapshot {
  const first = rows[0] as Record<string, unknown>;
  return {
    cluster: first.tail_cluster as string,
    xmin: BigInt(first.tail_xmin as string),
    marker: first.tail_marker as string | null,
  };
}

/** The two columns that a tailed table needs; put them into its `create table`. */
export const TAILED_COLUMNS_SQL =
  'changed_xid xid8 not null default pg_current_xact_id(), deleted boolean not null default false';

/** The index that keeps a poll cheap. Whoever updates a row sets `changed_xid = pg_current_xact_id()` itself. */
export function tailedIndexSql(table: string): string {
  return `create index if not exists ${table.replace('.', '_')}_changed on ${table} (changed_xid)`;
}
