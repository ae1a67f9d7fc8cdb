import { schemaOf, type ServiceName } from '@sluice/contracts';
import type { Blocker, EventStore } from '@sluice/event-store';
import type { Pool } from 'pg';

export interface DatabaseSample {
  /** Transactions that readers of events wait for, the oldest first. */
  blockers: readonly Blocker[];
  /** Rows of each due-queue, as PostgreSQL's statistics have them. */
  dueRows: ReadonlyMap<ServiceName, number>;
}

/** Three gauges and more than one scraper share one look. */
const FRESH_MS = 2_000;
/** A scrape is not held up by a database that is away. */
const PATIENCE_MS = 500;
const ANSWER_MS = 5_000;
const MAX_BLOCKERS = 5;
const BLOCKER_AGE_MS = 1_000;

/**
 * What metrics ask PostgreSQL itself: two short queries on its statistics, at most every two seconds, whoever scrapes.
 * The due-queues are not counted: a count of a million rows that come and go reads all of them, dead ones too. The
 * statistics lag by about a second, and begin at zero after a crash of PostgreSQL until its next vacuum.
 */
export class DatabaseWatch {
  #sample: DatabaseSample | null = null;
  #takenAtMs = Number.NEGATIVE_INFINITY;
  #taking: Promise<void> | null = null;

  constructor(
    private readonly store: Pick<EventStore, 'blockers'>,
    private readonly pool: Pick<Pool, 'query'>,
    private readonly services: readonly ServiceName[],
  ) {}

  /** Null when PostgreSQL does not answer, or not in time. */
  async latest(): Promise<DatabaseSample | null> {
    if (performance.now() - this.#takenAtMs < FRESH_MS) return this.#sample;
    this.#taking ??= this.#take().finally(() => {
      this.#taking = null;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), PATIENCE_MS);
    });
    const outcome = await Promise.race([this.#taking, late]);
    clearTimeout(timer);
    return outcome === 'late' ? null : this.#sample;
  }

  /** Never rejects: that the database is away is what the metric says. */
  async #take(): Promise<void> {
    try {
      const [blockers, dueRows] = await Promise.all([this.store.blockers(BLOCKER_AGE_MS), this.#dueRows()]);
      this.#sample = { blockers: blockers.slice(0, MAX_BLOCKERS), dueRows };
    } catch {
      this.#sample = null;
    }
    this.#takenAtMs = performance.now();
  }

  async #dueRows(): Promise<Map<ServiceName, number>> {
    const query = {
      name: 'wiring:due-rows',
      text: `select service, pg_stat_get_live_tuples(due)::float8 as rows
        from (select s as service, to_regclass(quote_ident(n) || '.due') as due
          from unnest($1::text[], $2::text[]) as w(s, n)) as tables where due is not null`,
      values: [this.services, this.services.map(schemaOf)],
      // A server that froze would otherwise hold this look, and so the metric, until TCP gives up. (The store's own
      // connections have such a limit.)
      query_timeout: ANSWER_MS,
    };
    const { rows } = await this.pool.query<{ service: ServiceName; rows: number }>(query);
    return new Map(rows.map(({ service, rows: count }) => [service, count]));
  }
}
