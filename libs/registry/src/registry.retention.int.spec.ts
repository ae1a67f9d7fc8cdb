import { newId } from '@sluice/contracts';
import { RetentionWorker } from '@sluice/retention';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { RunningServices } from '@sluice/wiring';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { client, startRegistry } from './registry.fixture.ts';
import { REGISTRY_RETENTION } from './registry.retention.ts';

let database: TestDatabase;
let running: RunningServices;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startRegistry(database.url);
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

it('tokens that were revoked and sessions that ended long ago are forgotten; those that work stay', async () => {
  const call = client(running.url);
  const { pool } = database;
  const worker = new RetentionWorker({
    service: 'registry',
    topics: ['registry.events'],
    rules: REGISTRY_RETENTION,
    store: { dropPartitionsBefore: async () => [] },
    pool,
    days: 30,
    isKafka: false,
    owner: 'test',
    logger: { log: () => undefined, warn: () => undefined },
  });
  const grant = `insert into access.tokens (token_id, sha256, kind, scopes, deleted) values ($1, $2, 'personal', '', true)`;
  await pool.query(grant, [newId(), 'a'.repeat(64)]);
  const session = `insert into access.sessions (session_id, sha256, user_id, generation, expires_at, idle_expires_at)
    values ($1, $2, $1, 1, now() - $3 * interval '1 day', now() - $3 * interval '1 day')`;
  await pool.query(session, [newId(), 'b'.repeat(64), 31]);
  await pool.query(session, [newId(), 'c'.repeat(64), 1]);
  expect((await worker.sweep())?.pruned).toEqual({ 'access.sessions': 1 });
  await pool.query(`update retention.marks set taken_at = now() - interval '31 days'`);
  await pool.query(grant, [newId(), 'd'.repeat(64)]);
  expect((await worker.sweep())?.pruned).toEqual({ 'access.tokens': 1 });
  expect((await call('GET', '/v1/tokens')).status).toBe(200);
});
