import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { QueryRunner } from 'typeorm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Gateway1763800000000 } from './1763800000000-gateway.ts';
import { ListenerNames1764000020001 } from './1764000020001-listener-names.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

it('OP-08, LN-01: flows copied before an upgrade are found by their listener names after it', async () => {
  const runner = { query: (text: string) => database.pool.query(text) } as unknown as QueryRunner;
  await runner.query('create schema gateway');
  await new Gateway1763800000000().up(runner);
  const ids = ['01890000-0000-7000-8000-000000000001', '01890000-0000-7000-8000-000000000002'];
  await database.pool.query('create schema registry');
  await database.pool.query('create table registry.flow_versions (flow_id uuid, version int, state text)');
  for (const [index, flowId] of ids.entries()) {
    const state = JSON.stringify({ appId: 'a', listener: index === 0 ? 'greet' : null });
    await database.pool.query('insert into registry.flow_versions values ($1, 1, $2), ($1, 2, $2)', [flowId, state]);
    await database.pool.query(
      `insert into gateway.flows (flow_id, status, published_version, saved_version, modes, version, deleted)
       values ($1, 'active', 1, 2, '{}', 2, false)`,
      [flowId],
    );
  }
  await new ListenerNames1764000020001().up(runner);
  const { rows } = await database.pool.query('select app_id, listener from gateway.flows order by flow_id');
  expect(rows).toEqual([
    { app_id: 'a', listener: 'greet' },
    { app_id: 'a', listener: null },
  ]);
});
