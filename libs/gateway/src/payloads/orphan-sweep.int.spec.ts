import { Payloads, payloadTablesSql } from '@sluice/payloads';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { OrphanSweepWorker } from './orphan-sweep.worker.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  for (const statement of payloadTablesSql()) await database.pool.query(statement);
});
afterAll(() => database?.drop());

it('removes what was stored a day ago and is referred to by nothing, and outlives a database that is away', async () => {
  const payloads = new Payloads(database.pool);
  const [old, fresh] = [await payloads.put(Buffer.from('old')), await payloads.put(Buffer.from('fresh'))];
  await database.pool.query("update payloads.payloads set created_at = now() - interval '2 days' where id = $1", [old]);
  const worker = new OrphanSweepWorker(payloads);
  worker.onApplicationBootstrap();
  await worker.sweep();
  await expect(payloads.get(old)).rejects.toThrow();
  expect(await payloads.get(fresh)).toEqual(Buffer.from('fresh'));
  await database.pool.query('alter table payloads.payloads rename to gone');
  await expect(worker.sweep()).resolves.toBeUndefined();
  await worker.onApplicationShutdown();
});
