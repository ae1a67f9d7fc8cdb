import { expect, it } from 'vitest';
import { registryOfFile } from '../registry.fixture.ts';

const registry = registryOfFile();
const { call } = registry;

it('LC-12: the view that the gateway reads on a miss says what an async flow answers', async () => {
  const steps = [{ ref: 'web1', type: 'webhook' }];
  const response = { mode: 'async', status: '202', body: '{{ web1.x }}' };
  const flow = await call('POST', '/v1/flows', { name: 'Async', status: 'active', steps, response });
  const flowId = String(flow.body.id);
  await call('PATCH', `/v1/flows/${flowId}`, { steps, response: { mode: 'sync', body: 'x' } });
  const trigger = await call('POST', '/v1/triggers', { flowId, name: 'In', profile: 'flow' });
  const { rows } = await registry.database.pool.query<{ live_answer: string; draft_answer: string | null }>(
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
