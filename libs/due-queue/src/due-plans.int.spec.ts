import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { commitAlone, itemOf, makeDueTable, queueOf } from './due-queue.fixture.ts';
import type { DueQueue } from './due-queue.ts';

let database: TestDatabase;
/** One connection, so that every statement meets the plans it made before. */
let pool: pg.Pool;
let queue: DueQueue;

beforeEach(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 1 });
  await makeDueTable(pool);
  await pool.query('alter table work.due set (autovacuum_enabled = off)');
  queue = queueOf(pool, 'a', { sweepMs: 0 });
});
afterEach(async () => {
  queue.close();
  await pool.end();
  await database.drop();
});

async function useEachStatementOnce(number: number): Promise<void> {
  const items = [itemOf(number, `key-${number % 3}`), itemOf(number + 100_000, `key-${number % 3}`)];
  await commitAlone(pool, queue.schedule(items));
  const [first, ...rest] = await queue.claim(10);
  if (!first) throw new Error('nothing was claimed');
  await queue.leases.extendNow();
  await queue.release(rest);
  await commitAlone(pool, queue.reschedule([{ claim: first, dueAt: new Date(Date.now() - 1) }]));
  queue.settle(first);
  const again = await queue.claim(10);
  await commitAlone(pool, queue.complete(again));
  for (const claim of again) queue.settle(claim);
}

/** Pages of the table and its indexes that this backend has touched. */
async function touchedPages(): Promise<number> {
  await pool.query('select pg_stat_force_next_flush()');
  await pool.query('select pg_stat_clear_snapshot()');
  const { rows } = await pool.query<{ pages: number }>(
    `select (heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read)::int as pages
     from pg_statio_user_tables where schemaname = 'work' and relname = 'due'`,
  );
  return rows[0]?.pages ?? 0;
}

it('finds its rows by index also with plans that were made while the table was empty', async () => {
  for (let round = 0; round < 8; round++) {
    await pool.query('vacuum analyze work.due');
    for (let number = 0; number < 8; number++) await useEachStatementOnce(number);
  }
  await pool.query('vacuum analyze work.due');
  for (let number = 0; number < 8; number++) await useEachStatementOnce(number);
  const rows = Array.from({ length: 20_000 }, (_, index) =>
    itemOf(1000 + index, `key-${index % 20}`, new Date(Date.now() + 60_000)),
  );
  await commitAlone(pool, queue.schedule(rows));
  const before = await touchedPages();
  for (let number = 0; number < 5; number++) await useEachStatementOnce(number);
  // Each round is some twenty look-ups of a few pages; reading all of the table even once is 600 pages and more.
  expect((await touchedPages()) - before).toBeLessThan(5 * 400);
}, 60_000);
