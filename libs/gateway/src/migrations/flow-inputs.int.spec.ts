import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { QueryRunner } from 'typeorm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { flowOf } from '../routing/route.ts';
import { Gateway1763800000000 } from './1763800000000-gateway.ts';
import { FlowInputs1763900010003 } from './1763900010003-flow-inputs.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const DECLARES = '01890000-0000-7000-8000-000000000001';
const DECLARES_NOT = '01890000-0000-7000-8000-000000000002';
const integer = { n: { type: 'integer', required: true } };

it('OP-08: flows copied before an upgrade have their inputs checked after it', async () => {
  const runner = { query: (text: string) => database.pool.query(text) } as unknown as QueryRunner;
  await database.pool.query('create schema gateway; create schema registry');
  await new Gateway1763800000000().up(runner);
  await database.pool.query('create table registry.flow_versions (flow_id uuid, version int, definition text)');
  const versions: [string, number, object][] = [
    [DECLARES, 1, { steps: [], inputs: integer }],
    [DECLARES, 2, { steps: [] }],
    [DECLARES, 3, { steps: [], inputs: { s: { type: 'string' } } }],
    [DECLARES_NOT, 1, { steps: [] }],
  ];
  for (const [flowId, version, definition] of versions) {
    await database.pool.query('insert into registry.flow_versions values ($1, $2, $3)', [
      flowId,
      version,
      JSON.stringify(definition),
    ]);
  }
  for (const [flowId, published, saved] of [
    [DECLARES, 1, 3],
    [DECLARES_NOT, 1, 1],
  ]) {
    await database.pool.query(
      `insert into gateway.flows (flow_id, status, published_version, saved_version, modes, version, deleted)
       values ($1, 'active', $2, $3, '{}', 4, false)`,
      [flowId, published, saved],
    );
  }
  await new FlowInputs1763900010003().up(runner);
  const { rows } = await database.pool.query<Record<string, unknown>>('select * from gateway.flows order by flow_id');
  expect(rows.map(flowOf)).toMatchObject([
    { flowId: DECLARES, liveInputs: integer, draftInputs: { s: { type: 'string' } } },
    { flowId: DECLARES_NOT, liveInputs: null, draftInputs: null },
  ]);
});
