import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { RunningServices } from '@sluice/wiring';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Call, client, startRegistry } from '../registry.fixture.ts';

let database: TestDatabase;
let running: RunningServices;
let call: Call;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startRegistry(database.url);
  call = client(running.url);
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

it('LC-12: the view that the gateway reads on a miss says what an async flow answers', async () => {
  const steps = [{ ref: 'web1', type: 'webhook' }];
  const response = { mode: 'async', status: '202', body: '{{ web1.x }}' };
  const flow = await call('POST', '/v1/flows', { name: 'Async', status: 'active', steps, response });
  const flowId = String(flow.body.id);
  await call('PATCH', `/v1/flows/${flowId}`, { steps, response: { mode: 'sync', body: 'x' } });
  const trigger = await call('POST', '/v1/triggers', { flowId, name: 'In', profile: 'flow' });
  const { rows } = await database.pool.query<{ live_answer: string; draft_answer: string | null }>(
    `select live_answer, draft_answer from registry.routes where flow_id = $1 and profile = 'flow'`,
    [flowId],
  );
  expect(trigger.status).toBe(201);
  expect(JSON.parse(rows[0]?.live_answer ?? '')).toEqual({
    status: '202',
    body: '{{ web1.x }}',
    ref: 'web1',
    strict: false,
  });
  expect(rows[0]?.draft_answer).toBeNull();
});
