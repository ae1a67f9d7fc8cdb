import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { QueryRunner } from 'typeorm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FLOW_COLUMNS, flowOf } from '../routing/route.ts';
import { Gateway1763800000000 } from './1763800000000-gateway.ts';
import { FlowInputs1763900010003 } from './1763900010003-flow-inputs.ts';
import { FlowAnswers1763900020001 } from './1763900020001-flow-answers.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

/** Columns of later migrations. */
const LATER: ReadonlySet<string> = new Set(['app_id', 'listener']);

it('OP-08, LC-12: async flows copied before an upgrade answer after it as their versions say', async () => {
  const runner = { query: (text: string) => database.pool.query(text) } as unknown as QueryRunner;
  await database.pool.query('create schema gateway; create schema registry');
  await new Gateway1763800000000().up(runner);
  await database.pool.query('create table registry.flow_versions (flow_id uuid, version int, definition text)');
  const id = '01890000-0000-7000-8000-000000000001';
  const steps = [{ ref: 'web1', type: 'webhook' }];
  const versions = [
    { steps, response: { mode: 'async', status: '202', body: '{{ web1.x }}' } },
    { steps: [], response: { mode: 'sync', body: 'x' } },
    { steps: [], response: { mode: 'async', body: 'ok' }, strict: true },
  ];
  for (const [index, definition] of versions.entries()) {
    const values = [id, index + 1, JSON.stringify(definition)];
    await database.pool.query('insert into registry.flow_versions values ($1, $2, $3)', values);
  }
  await database.pool.query(
    `insert into gateway.flows (flow_id, status, published_version, saved_version, modes, version, deleted)
     values ($1, 'active', 1, 3, '{}', 3, false)`,
    [id],
  );
  await new FlowInputs1763900010003().up(runner);
  await new FlowAnswers1763900020001().up(runner);
  const { rows } = await database.pool.query<Record<string, unknown>>(
    `select ${FLOW_COLUMNS.filter((name) => !LATER.has(name)).join(', ')} from gateway.flows`,
  );
  expect(flowOf(rows[0] ?? {})).toMatchObject({
    liveAnswer: { status: '202', body: '{{ web1.x }}', ref: 'web1', strict: false },
    draftAnswer: { status: null, body: 'ok', ref: null, strict: true },
  });
});
