import { Injectable } from '@nestjs/common';
import { newId, schemaOf, serviceOf, type Topic } from '@sluice/contracts';
import { InjectPool, platformError } from '@sluice/platform';
import { DatabaseError, type Pool } from 'pg';
import { type Projection, topicsOf } from './projections.ts';
import type { RunningRebuild } from './rebuilder.ts';
import type { Rebuild } from './rebuilds.requests.ts';

const UNIQUE_VIOLATION = '23505';
/** Then its process is taken for dead, and another goes on. */
const LEASE_SECONDS = 60;
const KEPT = 20;

interface Row {
  id: string;
  projection: Projection;
  state: Exclude<Rebuild['state'], 'cancelling'>;
  cancel_asked: boolean;
  events: number;
  started_at: Date;
  finished_at: Date | null;
  error: string | null;
}
const COLUMNS = 'id, projection, state, cancel_asked, events::float8 as events, started_at, finished_at, error';

/** The rebuilds that were asked for. One runs at a time in a deployment. */
@Injectable()
export class Rebuilds {
  constructor(@InjectPool('delivery-log') private readonly pool: Pool) {}

  /** @throws AppError `conflict` while another one runs. */
  async ask(projection: Projection): Promise<Rebuild> {
    const id = newId();
    try {
      await this.pool.query(
        `insert into delivery_log.rebuilds (id, projection, state, positions, started_at) values ($1, $2, 'running', '{}', now())`,
        [id, projection],
      );
    } catch (error) {
      if (!(error instanceof DatabaseError && error.code === UNIQUE_VIOLATION)) throw error;
      throw platformError('conflict', 'another rebuild is running; one runs at a time');
    }
    return (await this.find(id)) as Rebuild;
  }

  async find(id: string): Promise<Rebuild | null> {
    const { rows } = await this.pool.query<Row>(`select ${COLUMNS} from delivery_log.rebuilds where id = $1`, [id]);
    return rows[0] ? await this.#view(rows[0]) : null;
  }

  /**
   * Asks the process that works at it to end it; until then it is `cancelling`. One that is being swapped in may still
   * become `done`. @throws AppError `conflict` when it is over.
   */
  async cancel(id: string): Promise<Rebuild | null> {
    const { rowCount } = await this.pool.query(
      `update delivery_log.rebuilds set cancel_asked = true where id = $1 and state = 'running'`,
      [id],
    );
    const rebuild = await this.find(id);
    if (rebuild && rowCount === 0) throw platformError('conflict', `the rebuild is ${rebuild.state} already`);
    return rebuild;
  }

  /** Whether it is this process that shall end it. */
  async isCancelled(id: string, owner: string): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `select 1 from delivery_log.rebuilds where id = $1 and owner = $2 and state = 'running' and cancel_asked`,
      [id, owner],
    );
    return rowCount === 1;
  }

  async endCancelled(id: string, owner: string): Promise<void> {
    await this.pool.query(
      `update delivery_log.rebuilds set state = 'cancelled', finished_at = now()
       where id = $1 and owner = $2 and state = 'running' and cancel_asked`,
      [id, owner],
    );
  }

  async list(): Promise<Rebuild[]> {
    const { rows } = await this.pool.query<Row>(
      `select ${COLUMNS} from delivery_log.rebuilds order by id desc limit ${KEPT}`,
    );
    return Promise.all(rows.map((row) => this.#view(row)));
  }

  async #view(row: Row): Promise<Rebuild> {
    return {
      id: row.id,
      projection: row.projection,
      state: row.state === 'running' && row.cancel_asked ? 'cancelling' : row.state,
      events: row.events,
      estimatedEvents: row.state === 'running' ? await this.#estimate(topicsOf(row.projection)) : null,
      startedAt: row.started_at.toISOString(),
      finishedAt: row.finished_at?.toISOString() ?? null,
      error: row.error,
    };
  }

  /** From the statistics that autovacuum keeps: counting would read everything. A row may hold several events. */
  async #estimate(topics: readonly Topic[]): Promise<number> {
    const { rows } = await this.pool.query<{ count: number }>(
      `select coalesce(sum(greatest(c.reltuples, 0) * (1 + coalesce(
         (select sum((m.events - 1) * m.share) from pg_stats s
          cross join unnest(s.most_common_vals::text::int[], s.most_common_freqs) as m(events, share)
          where s.schemaname = t.schema and s.tablename = c.relname and s.attname = 'events'), 0))), 0)::float8 as count
       from pg_class c
       join pg_namespace n on n.oid = c.relnamespace join unnest($1::text[], $2::text[]) as t(schema, name)
         on n.nspname = t.schema and (c.relname = t.name or c.relname ~ ('^' || t.name || '_p[0-9]{8}$'))
       where c.relkind = 'r'`,
      [topics.map((topic) => schemaOf(serviceOf(topic))), topics.map((topic) => topic.slice(topic.indexOf('.') + 1))],
    );
    return Math.round(rows[0]?.count ?? 0);
  }

  /** The rebuild that runs, if nobody else works at it. */
  async take(owner: string): Promise<RunningRebuild | null> {
    const { rows } = await this.pool.query<RunningRebuild>(
      `update delivery_log.rebuilds set owner = $1, renewed_at = now()
       where state = 'running' and (owner is null or owner = $1 or renewed_at < now() - make_interval(secs => ${LEASE_SECONDS}))
       returning id, projection, positions, cancel_asked as "isCancelled"`,
      [owner],
    );
    return rows[0] ?? null;
  }

  async release(id: string, owner: string): Promise<void> {
    await this.pool.query('update delivery_log.rebuilds set owner = null where id = $1 and owner = $2', [id, owner]);
  }

  /** False when it is another process's by now. */
  async fail(id: string, owner: string, error: string): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `update delivery_log.rebuilds set state = 'failed', finished_at = now(), error = $3
       where id = $1 and owner = $2 and state = 'running'`,
      [id, owner, error.slice(0, 1_000)],
    );
    return rowCount === 1;
  }
}
