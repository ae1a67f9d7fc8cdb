import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { QueryRunner } from 'typeorm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { triggerOf } from '../routing/route.ts';
import { Gateway1763800000000 } from './1763800000000-gateway.ts';
import { TriggerStates1763900000001 } from './1763900000001-trigger-states.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

it('OP-08: triggers copied before an upgrade route as before after it', async () => {
  const runner = { query: (text: string) => database.pool.query(text) } as unknown as QueryRunner;
  await database.pool.query('create schema gateway');
  await new Gateway1763800000000().up(runner);
  const id = '01890000-0000-7000-8000-000000000001';
  await database.pool.query(
    `insert into gateway.triggers (trigger_id, app_id, flow_id, profile, methods, auth, token_hashes, enabled, props,
       version, deleted)
     values ($1, 'app', $1, 'native', '["POST","GET"]', '{"type":"bearer"}', '["ab","cd"]', true, '{"a":1}', 3, false)`,
    [id],
  );
  await new TriggerStates1763900000001().up(runner);
  const { rows } = await database.pool.query<Record<string, unknown>>('select * from gateway.triggers');
  expect(triggerOf(rows[0] ?? {})).toMatchObject({
    triggerId: id,
    appId: 'app',
    flowId: id,
    profile: 'native',
    methods: ['POST', 'GET'],
    auth: { type: 'bearer' },
    tokenHashes: [Buffer.from('ab', 'hex'), Buffer.from('cd', 'hex')],
    enabled: true,
    props: { a: 1 },
  });
});
