import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { dueTableSql } from '@sluice/due-queue';
import { EventStore, eventTablesSql } from '@sluice/event-store';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatabaseWatch } from './database-watch.ts';

describe('OP-01: what metrics ask PostgreSQL', () => {
  let database: TestDatabase;
  let pool: Pool;
  let store: EventStore;
  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new Pool({ connectionString: database.url });
    await pool.query('create schema runner');
    const statements = [
      ...eventTablesSql('runner', ['runner.events'], { partitioned: false }),
      ...dueTableSql('runner'),
    ];
    for (const statement of statements) await pool.query(statement);
    const connection = { connectionString: database.url };
    store = new EventStore({ service: 'runner', topics: ['runner.events'], connection, partitioned: false });
    await store.start();
  });
  afterAll(async () => {
    await store.close();
    await pool.end();
    await database.drop();
  });

  it('the transaction that readers wait for is named with its pid and its age', async () => {
    const forgotten = await pool.connect();
    try {
      await forgotten.query('begin');
      const { rows } = await forgotten.query<{ pid: number }>('select pg_backend_pid() as pid, pg_current_xact_id()');
      const watch = new DatabaseWatch(store, pool, ['runner']);
      const found = await waitFor(
        async () => (await watch.latest())?.blockers.find(({ pid }) => pid === rows[0]?.pid),
        15_000,
      );
      expect(found).toMatchObject({ database: database.name });
      expect(found.ageMs).toBeGreaterThanOrEqual(1_000);
    } finally {
      await forgotten.query('rollback');
      forgotten.release();
    }
  });

  it('a due-queue’s depth comes from statistics; a service without one is left out', async () => {
    await pool.query(
      `insert into runner.due (id, key, due_at, payload) select gen_random_uuid(), 'k', now(), '{}' from generate_series(1, 300)`,
    );
    const watch = new DatabaseWatch(store, pool, ['gateway', 'runner']);
    await waitFor(async () => (await watch.latest())?.dueRows.get('runner') === 300, 20_000);
    expect([...((await watch.latest())?.dueRows.keys() ?? [])]).toEqual(['runner']);
  });

  it('many scrapes at once are one look, and the next within two seconds none', async () => {
    let looks = 0;
    const counting = {
      blockers: async (olderThanMs?: number) => {
        looks++;
        return store.blockers(olderThanMs);
      },
    };
    const watch = new DatabaseWatch(counting, pool, ['runner']);
    await Promise.all(Array.from({ length: 20 }, () => watch.latest()));
    await watch.latest();
    expect(looks).toBe(1);
  });

  it('a database that does not answer holds nobody up, and one that refuses is an absence', async () => {
    const silent = new DatabaseWatch({ blockers: () => new Promise<never>(() => undefined) }, pool, ['runner']);
    const startMs = performance.now();
    expect(await silent.latest()).toBeNull();
    expect(performance.now() - startMs).toBeLessThan(5_000);

    const away = new Pool({ connectionString: database.url.replace(/\/[^/]*$/, `/${randomUUID()}`) });
    expect(await new DatabaseWatch(store, away, ['runner']).latest()).toBeNull();
    await away.end();
  });
});
