import { isUuid, type TriggerState } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { RunningServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Body, type Call, client, GREET, pointersOf, startRegistry } from '../registry.fixture.ts';

let database: TestDatabase;
let running: RunningServices;
let call: Call;
let flowId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startRegistry(database.url);
  call = client(running.url);
  flowId = (await call('POST', '/v1/flows', { ...GREET, response: { mode: 'sync' } })).body.id as string;
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

async function newTrigger(change: Record<string, unknown> = {}): Promise<Body & { id: string; token: string }> {
  const { status, body } = await call('POST', '/v1/triggers', { flowId, name: 'Inbound', ...change });
  expect([status, body.errors]).toEqual([201, undefined]);
  return body as Body & { id: string; token: string };
}

async function routeOf(id: string): Promise<Record<string, unknown> | undefined> {
  const { rows } = await database.pool.query<Record<string, unknown>>(
    'select * from registry.routes where trigger_id = $1',
    [id],
  );
  return rows[0];
}

describe('creating a trigger', () => {
  it('LT-03: shows the token once, with a curl that uses it, and keeps only its hash', async () => {
    const { status, body, headers } = await call('POST', '/v1/triggers', { flowId, name: 'Inbound' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ flowId, profile: 'native', methods: ['POST'], auth: { type: 'bearer' }, props: null });
    expect(body.url).toBe(`https://sluice.example/t/${String(body.id)}`);
    expect(headers.get('location')).toBe(`/v1/triggers/${String(body.id)}`);
    expect(headers.get('cache-control')).toBe('no-store');
    const token = body.token as string;
    expect((body.instructions as { curl: string }).curl).toContain(`Authorization: Bearer ${token}`);
    const read = await call('GET', `/v1/triggers/${String(body.id)}`);
    expect(read.body).not.toHaveProperty('token');
    expect(JSON.stringify(read.body)).not.toContain('sha256');
    const everything = await database.pool.query(
      `select string_agg(x, ' ') as text from (select e::text as x from registry.events e
       union all select t::text from registry.triggers t union all select a::text from access.tokens a) all_rows`,
    );
    expect((everything.rows[0] as { text: string }).text).not.toContain(token);
  });

  it('fills the view that the gateway reads on a routing miss, at once', async () => {
    const { id } = await newTrigger({ methods: ['POST', 'GET'], props: { a: [1] }, auth: { type: 'header' } });
    const route = await routeOf(id);
    expect(route).toMatchObject({ flow_id: flowId, profile: 'native', status: 'active' });
    expect(route).toMatchObject({ published_version: 1, live_mode: 'sync', draft_mode: 'sync' });
    const state = JSON.parse(route?.state as string) as TriggerState;
    expect(state).toMatchObject({ methods: ['POST', 'GET'], props: { a: [1] }, enabled: true });
    expect(state.auth).toEqual({ type: 'header', name: 'X-Sluice-Webhook-Token' });
    expect(state.tokens).toHaveLength(1);
  });

  it('props are bounded: every gateway holds them, every request carries them', async () => {
    await newTrigger({ props: 'x'.repeat(65_534) });
    const answer = await call('POST', '/v1/triggers', { flowId, name: 'Inbound', props: 'x'.repeat(65_535) });
    expect([answer.status, pointersOf(answer)]).toEqual([422, ['/props']]);
  });

  it('without auth has no token', async () => {
    const body = await newTrigger({ auth: { type: 'none' } });
    expect([body.token, body.tokens]).toEqual([null, []]);
    const added = await call('POST', `/v1/triggers/${body.id}/tokens`);
    expect([added.status, added.body.code]).toEqual([409, 'auth_without_token']);
  });

  it('speaks the language of its profile: address, authentication, and a curl with a body like the inputs', async () => {
    const inputs = { company_id: { type: 'integer', required: true } };
    const flow = (await call('POST', '/v1/flows', { ...GREET, inputs })).body;
    const created = async (profile: string) => {
      const { url, auth, token, instructions } = await newTrigger({ flowId: flow.id, profile });
      return { url, auth, token, curl: (instructions as { curl: string }).curl };
    };
    const run = await created('run');
    expect(run.auth).toEqual({ type: 'header', name: 'X-Sluice-Webhook-Token' });
    expect(run.url).toMatch(/^https:\/\/sluice\.example\/api\/webhooks\/[0-9a-f-]{36}\/runs$/);
    expect(run.curl).toBe(
      `curl -sS -X POST '${String(run.url)}' -H 'X-Sluice-Webhook-Token: ${run.token}' -H 'Content-Type: application/json' -d '{"company_id":1}'`,
    );
    const ofFlow = await created('flow');
    expect([ofFlow.url, ofFlow.auth]).toEqual([
      `https://sluice.example/v1/flow-webhook/${String(flow.id)}`,
      { type: 'bearer' },
    ]);
    const listener = await created('listener');
    expect([listener.auth, listener.token]).toEqual([{ type: 'none' }, null]);
    expect(listener.url).toContain(`/apps/${String(flow.appId)}/webhooks/`);
  });

  it('LC-01: a flow has one trigger of profile flow, also when two are made at once; a deleted one makes room', async () => {
    const flow = (await call('POST', '/v1/flows', GREET)).body;
    const make = () => call('POST', '/v1/triggers', { flowId: flow.id, name: 'x', profile: 'flow' });
    const both = await Promise.all([make(), make()]);
    expect(both.map((answer) => answer.status).sort()).toEqual([201, 409]);
    expect(both.find((answer) => answer.status === 409)?.body.code).toBe('flow_has_trigger');
    await newTrigger({ flowId: flow.id, profile: 'native' });
    const made = both.find((answer) => answer.status === 201);
    await call('DELETE', `/v1/triggers/${String(made?.body.id)}`);
    expect((await make()).status).toBe(201);
  });

  it('accepts what is not built yet only as null', async () => {
    const later = { ordering: null, idempotency: null, rateLimit: null, allowedIps: null, forwardTo: null };
    await newTrigger(later);
    const answer = await call('POST', '/v1/triggers', { flowId, name: 'x', forwardTo: 'x', rateLimit: 5 });
    expect(pointersOf(answer)).toEqual(['/forwardTo', '/rateLimit']);
  });

  it('tells all problems at once', async () => {
    const answer = await call('POST', '/v1/triggers', {
      flowId: 'x',
      name: 'a\u0007b',
      methods: ['POST', 'BREW'],
      auth: { type: 'oauth', secret: 's' },
      profile: 'other',
      enabled: 'yes',
      colour: 1,
    });
    expect(answer.status).toBe(422);
    const all = ['/auth/secret', '/auth/type', '/colour', '/enabled', '/flowId', '/methods', '/name', '/profile'];
    expect(pointersOf(answer)).toEqual(all);
  });

  it.each([
    [{ methods: [] }, '/methods'],
    [{ methods: ['POST', 'POST'] }, '/methods'],
    [{ methods: 'POST' }, '/methods'],
    [{ name: null }, '/name'],
    [{ enabled: null }, '/enabled'],
    [{ flowId: '01890000-0000-7000-8000-000000000000' }, '/flowId'],
    [{ flowId: { $gt: '' } }, '/flowId'],
    [{ profile: 'run', methods: ['PUT'] }, '/methods'],
    [{ profile: 'run', auth: { type: 'none' } }, '/auth/type'],
    [{ profile: 'constructor' }, '/profile'],
  ])('refuses %j', async (change, pointer) => {
    const answer = await call('POST', '/v1/triggers', { flowId, name: 'x', ...change });
    expect([answer.status, pointersOf(answer)]).toEqual([422, [pointer]]);
  });
});

describe('changing a trigger', () => {
  it('changes what is named and nothing else, and the route with it', async () => {
    const { id } = await newTrigger();
    const { body } = await call('PATCH', `/v1/triggers/${id}`, {
      enabled: false,
      props: [1, 2],
      auth: { type: 'none' },
    });
    expect(body).toMatchObject({ name: 'Inbound', enabled: false, props: [1, 2], auth: { type: 'none' } });
    expect(await routeOf(id)).toMatchObject({ enabled: false, props: '[1,2]' });
    const refused = await call('PATCH', `/v1/triggers/${id}`, { flowId, profile: 'native' });
    expect(pointersOf(refused)).toEqual(['/flowId', '/profile']);
    const ofRun = await newTrigger({ profile: 'run' });
    const wrong = await call('PATCH', `/v1/triggers/${ofRun.id}`, { methods: ['GET'], auth: { type: 'bearer' } });
    expect(pointersOf(wrong)).toEqual(['/auth/type', '/methods']);
  });

  it('LT-10: rotates its token with an overlap', async () => {
    const { id, tokens } = await newTrigger();
    const added = await call('POST', `/v1/triggers/${id}/tokens`);
    expect(added.status).toBe(201);
    expect(isUuid(added.body.id)).toBe(true);
    expect((added.body.instructions as { curl: string }).curl).toContain(added.body.token as string);
    const third = await call('POST', `/v1/triggers/${id}/tokens`);
    expect([third.status, third.body.code]).toEqual([409, 'too_many_tokens']);
    const first = (tokens as { id: string }[])[0]?.id;
    expect((await call('DELETE', `/v1/triggers/${id}/tokens/${first}`)).status).toBe(204);
    expect((await call('DELETE', `/v1/triggers/${id}/tokens/${first}`)).status).toBe(404);
    const { body } = await call('GET', `/v1/triggers/${id}`);
    expect((body.tokens as { id: string }[]).map((token) => token.id)).toEqual([added.body.id]);
    const history = await call('GET', `/v1/triggers/${id}/history`);
    expect(history.body.items?.map((item) => item.type)).toEqual([
      'TriggerTokenRevoked',
      'TriggerTokenAdded',
      'TriggerCreated',
    ]);
    expect(JSON.stringify(history.body)).not.toMatch(/[0-9a-f]{64}/);
  });

  it('pausing its flow shows in its route at once', async () => {
    const flow = await call('POST', '/v1/flows', GREET);
    const { id } = await newTrigger({ flowId: flow.body.id });
    await call('PATCH', `/v1/flows/${String(flow.body.id)}`, { status: 'paused' });
    expect(await routeOf(id)).toMatchObject({ status: 'paused' });
  });

  it('says so when a live replica has not applied the change in time', async () => {
    // It lives for as long as the test takes: two waits are nearly the 5 s after which nobody waits for it.
    await database.pool.query(`insert into replicas.positions (service, instance, topic, heartbeat_at) values
      ('gateway', 'slow', 'registry.events', now() + interval '5 minutes')`);
    const began = Date.now();
    const { body } = await call('POST', '/v1/triggers', { flowId, name: 'Slow' });
    expect(body.propagating).toBe(true);
    expect(Date.now() - began).toBeGreaterThan(1500);
    const deleted = await call('DELETE', `/v1/triggers/${String(body.id)}`);
    expect([deleted.status, deleted.body]).toEqual([200, { propagating: true }]);
    await database.pool.query(`delete from replicas.positions where instance = 'slow'`);
  });
});

describe('deleting a trigger', () => {
  it('takes its route and its credentials away; its address by number is then 410', async () => {
    const { id, number } = await newTrigger();
    expect((await call('GET', `/rest/v1/triggers/${String(number)}`)).body.id).toBe(id);
    expect((await call('DELETE', `/v1/triggers/${id}`)).status).toBe(204);
    expect(await routeOf(id)).toBeUndefined();
    const { rows } = await database.pool.query('select 1 from access.tokens where trigger_id = $1 and not deleted', [
      id,
    ]);
    expect(rows).toEqual([]);
    expect((await call('GET', `/v1/triggers/${id}`)).status).toBe(404);
    expect((await call('GET', `/rest/v1/triggers/${String(number)}`)).status).toBe(410);
    expect((await call('POST', `/v1/triggers/${id}/tokens`)).status).toBe(404);
  });
});

describe('listing triggers', () => {
  it('newest first, of one flow when it is named', async () => {
    const flow = await call('POST', '/v1/flows', GREET);
    for (const name of ['one', 'two', 'three']) await newTrigger({ flowId: flow.body.id, name });
    const { body } = await call('GET', `/v1/triggers?flowId=${String(flow.body.id)}&limit=2`);
    expect(body.items?.map((item) => item.name)).toEqual(['three', 'two']);
    const next = await call('GET', `/v1/triggers?flowId=${String(flow.body.id)}&cursor=${body.nextCursor}`);
    expect(next.body).toMatchObject({ items: [{ name: 'one' }], nextCursor: null });
    expect(pointersOf(await call('GET', '/v1/triggers?flowId=x'))).toEqual(['/flowId']);
  });
});
