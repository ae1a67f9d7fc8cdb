import {
  type FlowDefinition,
  type FlowState,
  newId,
  type RunAnswered,
  type TriggerAccepted,
  type TriggerState,
} from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings, triggerState } from '../../gateway.fixture.ts';
import { gatewayService } from '../../gateway.service.ts';
import { triggerRow } from '../../routing/route.ts';
import { FlowProfile } from './flow-profile.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let stopAnswering: () => void;
/** What the runner answers to every run. */
let answer: Partial<RunAnswered> | null = {};

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [gatewayService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  // Ready means that this process has joined runner.answers: what is answered before is not for it.
  await waitFor(async () => (await fetch(`${running.url}/readyz`)).status === 200);
  stopAnswering = neighbours.onAccepted((event) => {
    if (answer !== null) void neighbours.answer(event.streamId, answer);
  });
});
afterAll(async () => {
  stopAnswering?.();
  await running?.close();
  await database?.drop();
});

const PAUSED =
  '{"status":200,"error":"biz_logic","message":"Flow status is `paused`. Unpause to run this flow using a webhook","data":null}';

async function flowWith(
  change: Partial<TriggerState> = {},
  state: Partial<FlowState> = {},
  response?: FlowDefinition['response'],
) {
  const definition = { steps: [{ ref: 'web1', type: 'webhook' }], ...(response ? { response } : {}) };
  const flow = await neighbours.flow(state, definition);
  const trigger = await neighbours.trigger(flow, { profile: 'flow', auth: { type: 'bearer' }, ...change });
  await waitFor(() => neighbours.isKnown(trigger.id));
  return { flow, trigger };
}

interface Sent {
  method?: string;
  token?: string | null;
  body?: string;
  type?: string;
}

function send(path: string, { method = 'POST', token = 'secret-token', body, type }: Sent = {}): Promise<Response> {
  return fetch(`${running.url}/v1/flow-webhook/${path}`, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(type === undefined ? {} : { 'content-type': type }),
    },
    ...(body === undefined ? {} : { body }),
  });
}

async function acceptedFor(flow: FlowState): Promise<TriggerAccepted[]> {
  const { rows } = await database.pool.query<{ data: string }>(
    `select data from gateway.events where data::json ->> 'flowId' = $1 order by position`,
    [flow.id],
  );
  return rows.map(({ data }) => JSON.parse(data) as TriggerAccepted);
}

const messageOf = async (response: Response) => ({ http: response.status, ...((await response.json()) as object) });

describe('LC-01: the address of a flow', () => {
  it('takes POST, and GET with query parameters where the trigger allows it', async () => {
    const { flow } = await flowWith({ methods: ['POST', 'GET'] });
    expect((await send(flow.id, { body: '{"a":1}' })).status).toBe(200);
    expect((await send(`${flow.id}?company_id=7`, { method: 'GET' })).status).toBe(200);
    expect((await acceptedFor(flow)).map(({ method, query }) => [method, query])).toEqual([
      ['POST', {}],
      ['GET', { company_id: '7' }],
    ]);
    const onlyPost = await flowWith();
    const refused = await send(onlyPost.flow.id, { method: 'GET' });
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('is 404 when it is longer, changed or unknown', async () => {
    const { flow, trigger } = await flowWith();
    const wrong = [`${flow.id}/`, `${flow.id}/x`, `${flow.id}x`, flow.id.slice(1), trigger.id, newId(), '', 'nonsense'];
    for (const path of wrong) {
      expect([path, await messageOf(await send(path))]).toEqual([
        path,
        { http: 404, status: 404, error: 'unknown_trigger', message: expect.any(String) as string, data: null },
      ]);
    }
    expect((await fetch(`${running.url}/v1/flow-webhook`, { method: 'POST' })).status).toBe(404);
    expect(await acceptedFor(flow)).toEqual([]);
  });

  it('belongs to triggers of this profile alone, and they have no other', async () => {
    const { flow, trigger } = await flowWith();
    expect((await fetch(`${running.url}/t/${trigger.id}`, { method: 'POST' })).status).toBe(404);
    const other = await flowWith({ profile: 'native' });
    expect((await send(other.flow.id)).status).toBe(404);
    expect((await send(flow.id)).status).toBe(200);
  });

  it('works the instant the registry has the trigger, and is gone with it', async () => {
    const flow = await neighbours.flow();
    const trigger = triggerState(flow, { profile: 'flow', auth: { type: 'none' } });
    const row = { ...triggerRow(trigger), status: 'active', published_version: 1, live_mode: null, draft_mode: null };
    const insert = 'insert into registry.routes select * from json_populate_record(null::registry.routes, $1)';
    await database.pool.query(insert, [JSON.stringify(row)]);
    expect((await send(flow.id, { token: null })).status).toBe(200);
    await database.pool.query('delete from registry.routes where trigger_id = $1', [trigger.id]);
    await neighbours.append(trigger.id, 'TriggerCreated', { trigger });
    await waitFor(() => neighbours.isKnown(trigger.id));
    await neighbours.append(trigger.id, 'TriggerDeleted', { trigger });
    await waitFor(async () => (await send(flow.id, { token: null })).status === 404);
    const next = await neighbours.trigger(flow, { profile: 'flow', auth: { type: 'none' } });
    await waitFor(() => neighbours.isKnown(next.id));
    expect((await send(flow.id, { token: null })).status).toBe(200);
  });
});

describe('LC-05: the status of the flow', () => {
  it('paused answers 200 with exactly the documented body, and stores nothing; who may not call learns nothing', async () => {
    const { flow } = await flowWith({}, { status: 'paused' });
    const paused = await send(flow.id, { body: '{}' });
    expect([paused.status, paused.headers.get('content-type'), await paused.text()]).toEqual([
      200,
      'application/json',
      PAUSED,
    ]);
    expect((await send(flow.id, { token: 'wrong' })).status).toBe(401);
    expect(await acceptedFor(flow)).toEqual([]);
  });

  it('draft runs the latest saved version, active the published one', async () => {
    const draft = await flowWith({}, { status: 'draft', publishedVersion: null });
    const active = await flowWith();
    expect([(await send(draft.flow.id)).status, (await send(active.flow.id)).status]).toEqual([200, 200]);
    expect((await acceptedFor(draft.flow))[0]).toMatchObject({ mode: 'draft', profile: 'flow' });
    expect((await acceptedFor(active.flow))[0]).toMatchObject({ mode: 'live', profile: 'flow' });
  });
});

describe('who may call', () => {
  it('LC-06: without the token or with a wrong one 401 in JSON, and nothing is stored', async () => {
    const { flow } = await flowWith();
    for (const token of [null, 'wrong', 'secret-token2', '']) {
      const refused = await send(flow.id, { token });
      expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="sluice"');
      expect(await messageOf(refused)).toMatchObject({ http: 401, status: 401, error: 'unauthorized', data: null });
    }
    expect(await acceptedFor(flow)).toEqual([]);
    const [stored] = (await send(flow.id, { body: '{}' }).then(() => acceptedFor(flow))) as [TriggerAccepted];
    expect(JSON.stringify(stored)).not.toContain('secret-token');
  });

  it('LC-06: token security can be switched off', async () => {
    const { flow } = await flowWith({ auth: { type: 'none' } });
    expect((await send(flow.id, { token: null })).status).toBe(200);
  });

  it.each([
    [['automation.webhook_run'], 200],
    [['automation:webhook_run'], 200],
    [['automation.manage'], 200],
    [['automation'], 200],
    [['automation.view'], 401],
    [['events.publish'], 401],
    [[], 401],
  ])('LC-07: a personal access token with %j is answered %d', async (scopes, status) => {
    const { flow } = await flowWith();
    const token = `pat-${newId()}`;
    await neighbours.token(token, { scopes });
    expect((await send(flow.id, { token })).status).toBe(status);
    expect(await acceptedFor(flow)).toHaveLength(status === 200 ? 1 : 0);
  });

  it('LC-07: an expired one, one of another app and a credential of another trigger do not', async () => {
    const { flow, trigger } = await flowWith();
    const scopes = ['automation'];
    await neighbours.token('expired', { scopes, expiresAt: '2026-01-01T00:00:00.000Z' });
    await neighbours.token('stranger', { scopes, appId: await neighbours.app('another account') });
    await neighbours.token('trigger', { scopes, kind: 'trigger', triggerId: trigger.id });
    await neighbours.token('own', { scopes, appId: flow.appId });
    const statuses = ['expired', 'stranger', 'trigger', 'own'].map(
      async (token) => (await send(flow.id, { token })).status,
    );
    expect(await Promise.all(statuses)).toEqual([401, 401, 401, 200]);
  });
});

describe('the body', () => {
  it('LC-10: XML is taken, by its type without parameters', async () => {
    const { flow } = await flowWith();
    expect((await send(flow.id, { body: '<a b="1"/>', type: 'text/xml; charset=utf-8' })).status).toBe(200);
    expect((await acceptedFor(flow))[0]).toMatchObject({ bodyKind: 'xml' });
  });

  it.each([
    ['{"a":', 'application/json'],
    ['<a>', 'application/xml'],
    ['neither json nor form', 'text/plain'],
    ['neither', 'image/png'],
  ])('LC-10: %j as %s cannot be read: 400, no run', async (body, type) => {
    const { flow } = await flowWith();
    expect(await messageOf(await send(flow.id, { body, type }))).toMatchObject({ http: 400, status: 400, data: null });
    expect(await acceptedFor(flow)).toEqual([]);
  });
});

describe('the answer', () => {
  it('LC-11: is the flow’s own, or says that the flow was run', async () => {
    const { flow } = await flowWith();
    answer = { status: 201, contentType: 'text/plain; charset=utf-8', body: 'Grüße' };
    const own = await send(flow.id);
    expect([own.status, own.headers.get('content-type'), await own.text()]).toEqual([
      201,
      'text/plain; charset=utf-8',
      'Grüße',
    ]);
    answer = { status: 202, body: '{"internal":"secret"}', isDefault: true };
    expect(await messageOf(await send(flow.id))).toEqual({
      http: 202,
      status: 202,
      error: null,
      message: 'The flow was run',
      data: null,
    });
    answer = { status: 204, body: 'null', isDefault: true };
    expect([(await send(flow.id)).status, await (await send(flow.id)).text()]).toEqual([204, '']);
    answer = {};
  });

  it('LC-11: of a run that failed is 500 with the error, and where the run is', async () => {
    const { flow } = await flowWith();
    const error = { code: 'invalid_response_status', message: 'the status is no number', ref: null };
    answer = { status: 500, runStatus: 'failed', error };
    const failed = await send(flow.id);
    answer = {};
    expect(failed.headers.get('location')).toMatch(/\/v1\/runs\/[0-9a-f-]{36}$/);
    expect(await messageOf(failed)).toEqual({
      http: 500,
      status: 500,
      error: 'run_failed',
      message: error.message,
      data: null,
    });
  });

  it('LC-12: of an async flow is immediate, and nobody waits', async () => {
    const { flow } = await flowWith({}, {}, { mode: 'async' });
    answer = null;
    const immediate = await send(flow.id, { body: '{}' });
    answer = {};
    expect(immediate.headers.get('location')).toMatch(/\/v1\/runs\/[0-9a-f-]{36}$/);
    expect(await messageOf(immediate)).toMatchObject({ http: 200, status: 200, error: null });
    expect((await acceptedFor(flow))[0]).toMatchObject({ replyTo: null });
  });

  it('LC-12: of an async flow may be made of what the request brings', async () => {
    const response = {
      mode: 'async' as const,
      status: '{{ 202 if web1.n else 400 }}',
      body: '{"challenge": {{ web1.challenge | tojson }}, "by": "{{ trigger.method }} {{ trigger.body.n }}"}',
    };
    const { flow } = await flowWith({}, {}, response);
    answer = null;
    const answered = await send(`${flow.id}?challenge=x`, { body: '{"n":5}' });
    expect([answered.status, answered.headers.get('content-type')]).toEqual([202, 'application/json']);
    expect(answered.headers.get('location')).toMatch(/\/v1\/runs\//);
    expect(await answered.json()).toEqual({ challenge: 'x', by: 'POST 5' });
    const json = await flowWith(
      {},
      {},
      { mode: 'async', status: 203, body: { got: ['{{ web1.n }}', null], by: 'us' } },
    );
    const asJson = await send(json.flow.id, { body: '{"n":[5]}' });
    expect([asJson.status, await asJson.json()]).toEqual([203, { got: [[5], null], by: 'us' }]);
    const status = await flowWith({}, {}, { mode: 'async', status: '204' });
    expect((await send(status.flow.id)).status).toBe(204);
    answer = {};
  });

  it.each([
    ['{{ 1 / web1.zero }}', '200'],
    ['{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}', '200'],
    ['ok', '{{ web1.status }}'],
  ])('LC-12: an async response %j that cannot be made is 500 before anything is stored', async (body, status) => {
    const { flow } = await flowWith({}, {}, { mode: 'async', body, status });
    const failed = await messageOf(await send(flow.id, { body: '{"zero":0,"status":"soon"}' }));
    expect(failed).toMatchObject({ http: 500, status: 500, error: 'response_failed', data: null });
    expect(await acceptedFor(flow)).toEqual([]);
  });

  it('LC-13: is 408 once the caller has waited long enough; the request is kept', async () => {
    const profile: { answerTimeoutMs: number } = running.app.nest.get(FlowProfile, { strict: false });
    expect(profile.answerTimeoutMs).toBe(30_000);
    const { flow } = await flowWith();
    answer = null;
    profile.answerTimeoutMs = 100;
    const late = await send(flow.id);
    profile.answerTimeoutMs = 30_000;
    answer = {};
    expect(late.headers.get('location')).toMatch(/\/v1\/runs\/[0-9a-f-]{36}$/);
    // Who is told to come again would start the flow twice.
    expect(late.headers.get('retry-after')).toBeNull();
    expect(await messageOf(late)).toMatchObject({ http: 408, status: 408, error: 'answer_timeout' });
    expect(await acceptedFor(flow)).toHaveLength(1);
  });
});
