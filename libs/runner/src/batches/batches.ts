import { Injectable } from '@nestjs/common';
import { newId } from '@sluice/contracts';
import type { AlongsideStatement, EventMeta, EventStorePort } from '@sluice/event-store';
import { InjectPool, InjectStore, isDryRun } from '@sluice/platform';
import type { Pool } from 'pg';
import { EffectWorker } from '../effects/effect.worker.ts';
import { runnerError } from '../runner.errors.ts';
import { type BatchQuery, runsOf } from './batch-query.ts';
import type { BatchKind, BatchStatus } from './batch-resource.ts';

export interface BatchRow {
  id: string | null;
  app_id: string;
  kind: BatchKind;
  status: BatchStatus;
  query: string;
  wish: string;
  meta: string;
  total: number;
  done: number;
  skipped: number;
  reasons: string;
  cursor: string | null;
  created_at: Date;
  finished_at: Date | null;
}

export interface BatchWish {
  appId: string;
  kind: BatchKind;
  query: BatchQuery;
  /** How each run is to be retried. */
  wish: { from?: string | undefined; version?: 'original' | 'current' | undefined };
  actor: NonNullable<EventMeta['actor']>;
}

/** Larger ones are to be narrowed, by time for example. */
const MAX_RUNS = 100_000;

const INSERT: AlongsideStatement = {
  name: 'runner_batch_insert',
  columns: ['uuid', 'uuid', 'text', 'text', 'text', 'text', 'int4', 'timestamptz'],
  sql: (arrays) => `insert into runner.batches
      (id, app_id, kind, status, query, wish, meta, total, done, skipped, reasons, created_at)
    select w.id, w.app_id, w.kind, 'running', w.query, w.wish, w.meta, w.total, 0, 0, '{}', w.created_at
    from unnest(${arrays.join(', ')}) as w(id, app_id, kind, query, wish, meta, total, created_at)`,
};

/** Work on many runs that goes on by itself once it is asked for (FL-06). */
@Injectable()
export class Batches {
  constructor(
    @InjectStore('runner') private readonly store: EventStorePort,
    @InjectPool('runner') private readonly pool: Pool,
    private readonly worker: EffectWorker,
  ) {}

  /** Durable when it resolves; a dry run counts the runs and has no id. @throws AppError `too_many_runs` */
  async create({ appId, kind, query, wish, actor }: BatchWish): Promise<BatchRow> {
    const id = newId();
    const asked = { app_id: appId, kind, created_at: new Date() };
    const total = await this.count(asked, query);
    const meta: EventMeta = { correlationId: id, causationId: null, actor };
    const row: BatchRow = {
      ...asked,
      id: isDryRun() ? null : id,
      status: isDryRun() ? 'finished' : 'running',
      query: JSON.stringify(query),
      wish: JSON.stringify(wish),
      meta: JSON.stringify(meta),
      total,
      done: 0,
      skipped: 0,
      reasons: '{}',
      cursor: null,
      finished_at: null,
    };
    if (row.id === null) return row;
    const values = [id, appId, kind, row.query, row.wish, row.meta, total, row.created_at];
    const due = { id, key: `batch/${appId}`, dueAt: row.created_at, payload: { tick: 'batch' } };
    await this.store.commit({
      appends: [],
      alongside: [{ statement: INSERT, rows: [values] }, this.worker.queue.schedule([due])],
    });
    return row;
  }

  async find(id: string): Promise<BatchRow | null> {
    const { rows } = await this.pool.query<BatchRow>('select * from runner.batches where id = $1', [id]);
    return rows[0] ?? null;
  }

  /** Newest first. */
  async list(appId: string, limit: number, cursor: string | null): Promise<BatchRow[]> {
    const { rows } = await this.pool.query<BatchRow>(
      `select * from runner.batches where app_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3`,
      [appId, cursor, limit],
    );
    return rows;
  }

  /** What was done stays done; no further run is begun with. Asking twice is asking once. */
  async stop(id: string): Promise<void> {
    const text = `update runner.batches set status = 'cancelling' where id = $1 and status = 'running'`;
    await this.pool.query(text, [id]);
  }

  /** The next runs of a batch, newest first. */
  async next(batch: BatchRow, most: number): Promise<string[]> {
    const { sql, values } = runsOf(batch, JSON.parse(batch.query) as BatchQuery, batch.cursor, most);
    const { rows } = await this.pool.query<{ id: string }>(sql, values);
    return rows.map(({ id }) => id);
  }

  private async count(asked: Pick<BatchRow, 'app_id' | 'kind' | 'created_at'>, query: BatchQuery): Promise<number> {
    const { sql, values } = runsOf(asked, query, null, MAX_RUNS + 1);
    const text = `select count(*)::int as total from (${sql}) as counted`;
    const total = (await this.pool.query<{ total: number }>(text, values)).rows[0]?.total ?? 0;
    if (total > MAX_RUNS) throw runnerError('too_many_runs', `the query finds more than ${MAX_RUNS} runs: narrow it`);
    return total;
  }
}
