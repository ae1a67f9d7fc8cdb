import { createTestDatabase } from '@sluice/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createPool } from './pools.ts';

it('OP-05: a connection that PostgreSQL ends between two statements of its borrower does not end the process', async () => {
  const database = await createTestDatabase();
  const pool = createPool(database.url, 'runner');
  const client = await pool.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  // Without a listener the 'error' that follows is an uncaught exception, which fails this run.
  await database.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
  await sleep(200);
  await expect(client.query('select 1')).rejects.toThrow();
  client.release(true);
  expect((await pool.query('select 2 as n')).rows).toEqual([{ n: 2 }]);
  await pool.end();
  await database.drop();
});
