import { newId } from '@sluice/contracts';
import { createTestDatabase, hostileReceiver, type HostileReceiver, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';
import type { RunResource } from './run-resource.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let admin: string;
let hanging: HostileReceiver;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startServices({
    services: [runnerService, ...NEIGHBOURS],
    settings: testSettings(database.url),
    logger: SILENT,
  });
  neighbours = neighboursIn(running.app.nest);
  admin = await neighbours.admin();
  hanging = await hostileReceiver({ kind: 'never-answers' });
});

afterAll(async () => {
  await running?.close();
  await hanging?.close();
  await database?.drop();
});

interface Answer {
  status: number;
  headers: Headers;
  body: RunResource & { items: RunResource[]; nextCursor: string | null; code: string; errors?: { pointer: string }[] };
}

async function ask(
  method: string,
  path: string,
  options: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(`${running.url}${path}`, {
    method,
    headers: {
      ...(options.token === '' ? {} : { authorization: `Bearer ${options.token ?? admin}` }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text) as Answer['body'] };
}

const WEBHOOK = { ref: 'web1', type: 'webhook' };
const ECHO = { steps: [WEBHOOK, { ref: 'msg', type: 'set', values: { n: '{{ web1.n }}' } }] };
const napping = (duration: string) => ({ steps: [WEBHOOK, { ref: 'nap', type: 'delay', for: duration }] });

const ended = (id: string) =>
  waitFor(async () => {
    const { body } = await ask('GET', `/v1/runs/${id}`);
    return body.finishedAt ? body : null;
  });

describe('GET /v1/runs/{id}', () => {
  test('GW-06: shows the run with its steps', async () => {
    const flow = await neighbours.flow(ECHO);
    const id = await neighbours.accept(flow, { body: { n: 7 } });
    expect(await ended(id)).toMatchObject({
      id,
      flowId: flow.id,
      flowVersion: 1,
      status: 'succeeded',
      input: { n: 7 },
      result: { n: 7 },
      error: null,
      retryOf: null,
      correlationId: id,
      traceId: 'a'.repeat(32),
      queueMs: expect.any(Number),
      runMs: expect.any(Number),
      number: expect.any(Number),
      steps: [
        { ref: 'web1', type: 'webhook', status: 'succeeded', output: { n: 7 } },
        { ref: 'msg', type: 'set', status: 'succeeded', attempt: 1, output: { n: 7 }, error: null },
      ],
    });
  });

  test('waits for the end when asked to', async () => {
    const id = await neighbours.accept(await neighbours.flow(napping('PT0.5S')));
    await waitFor(async () => (await neighbours.run(id)).length > 0);
    expect((await ask('GET', `/v1/runs/${id}`)).body).toMatchObject({ status: 'waiting', finishedAt: null });
    const { body } = await ask('GET', `/v1/runs/${id}?wait=20s`);
    expect(body).toMatchObject({ status: 'succeeded' });
  });

  test('waits no longer than asked to, and shows the run as it is then', async () => {
    const id = await neighbours.accept(await neighbours.flow(napping('PT1H')));
    const startedMs = performance.now();
    expect((await ask('GET', `/v1/runs/${id}?wait=300ms`)).body.status).toMatch(/queued|waiting/);
    expect(performance.now() - startedMs).toBeGreaterThan(280);
  });

  test('sees the end of a run that another replica finishes', async () => {
    const id = await neighbours.accept(await neighbours.flow(napping('PT1H')));
    await waitFor(async () => (await neighbours.run(id)).length === 2);
    const waiting = ask('GET', `/v1/runs/${id}?wait=20s`);
    const finished = {
      status: 'cancelled',
      number: 1,
      result: null,
      error: null,
      finishedAt: new Date().toISOString(),
    };
    await database.pool.query(
      `insert into runner.events (occurred_at, stream_id, version, epoch, type_version, type, app_id, data, meta)
       select now(), stream_id, 3, epoch, 1, 'RunFinished', app_id, $2, meta from runner.events where stream_id = $1 and version = 1`,
      [id, JSON.stringify(finished)],
    );
    expect((await waiting).body).toMatchObject({ status: 'cancelled' });
  });

  test('shows a run that was accepted and has not begun as queued, with its input', async () => {
    const requestId = newId();
    const meta = JSON.stringify({ correlationId: requestId, causationId: null });
    const flowId = newId();
    const data = {
      flowId,
      triggerId: newId(),
      mode: 'live',
      bodyKind: 'json',
      bodyPayloadId: null,
      receivedAt: '2026-11-22T10:00:00.000Z',
    };
    // Written past the store, so that no consumer hears of it.
    await database.pool.query(
      `insert into gateway.events (occurred_at, stream_id, version, epoch, type_version, type, app_id, data, meta)
       values (now(), $1, 1, 0, 1, 'TriggerAccepted', '00000000-0000-7000-8000-00000000da00', $2, $3)`,
      [requestId, JSON.stringify(data), meta],
    );
    await database.pool.query(`insert into gateway.events_bodies values ($1, 1, '', '{"n": 1}')`, [requestId]);
    const { body } = await ask('GET', `/v1/runs/${requestId}`);
    expect(body).toMatchObject({ id: requestId, flowId, status: 'queued', input: { n: 1 }, number: null, steps: [] });
  });
});

describe('who may see a run', () => {
  test('the credential of its own trigger may, in either way of sending it; another trigger’s gets 404', async () => {
    const [own, other] = [newId(), newId()];
    await neighbours.token('own-trigger-token', { kind: 'trigger', triggerId: own });
    await neighbours.token('other-trigger-token', { kind: 'trigger', triggerId: other });
    const id = await neighbours.accept(await neighbours.flow(ECHO), { triggerId: own });
    await ended(id);
    expect((await ask('GET', `/v1/runs/${id}`, { token: 'own-trigger-token' })).status).toBe(200);
    const headers = { 'x-sluice-webhook-token': 'own-trigger-token' };
    expect((await ask('GET', `/v1/runs/${id}`, { token: '', headers })).status).toBe(200);
    expect((await ask('GET', `/v1/runs/${id}`, { token: 'other-trigger-token' })).status).toBe(404);
    expect((await ask('POST', `/v1/runs/${id}/cancel`, { token: 'other-trigger-token' })).status).toBe(404);
    expect((await ask('GET', '/v1/runs', { token: 'own-trigger-token' })).status).toBe(403);
  });

  test('a token of another app gets 404, one that may only run things 403, nobody 401', async () => {
    const id = await neighbours.accept(await neighbours.flow(ECHO));
    await ended(id);
    await neighbours.token('stranger-token', { appId: newId(), scopes: ['admin'] });
    await neighbours.token('run-only-token', { scopes: ['automation.webhook_run'] });
    expect(await ask('GET', `/v1/runs/${id}`, { token: 'stranger-token' })).toMatchObject({
      status: 404,
      body: { code: 'run_not_found' },
    });
    expect((await ask('GET', `/v1/runs/${id}`, { token: 'run-only-token' })).status).toBe(403);
    expect((await ask('GET', `/v1/runs/${id}`, { token: '' })).status).toBe(401);
    expect((await ask('GET', '/v1/runs', { token: 'stranger-token' })).body.items).toEqual([]);
  });
});

describe('bad input', () => {
  test.each(['61s', 'soon', '-1s', 'PT2M'])('refuses ?wait=%s', async (wait) => {
    const { status, body } = await ask('GET', `/v1/runs/${newId()}?wait=${wait}`);
    expect([status, body.errors?.[0]?.pointer]).toEqual([422, '/wait']);
  });

  test.each(['nope', '00000000', newId()])('answers 404 for run %s', async (id) => {
    expect(await ask('GET', `/v1/runs/${id}`)).toMatchObject({ status: 404, body: { code: 'run_not_found' } });
    expect(await ask('POST', `/v1/runs/${id}/cancel`)).toMatchObject({ status: 404, body: { code: 'run_not_found' } });
  });

  test.each([
    [{ mode: 'fast' }, '/mode'],
    [{ inputs: 1 }, '/inputs'],
    [{ mode: null }, '/mode'],
    [{ input: JSON.parse('['.repeat(70) + ']'.repeat(70)) as unknown }, ''],
    [{ mode: { a: { b: 1 } } }, ''],
    [[], ''],
  ])('refuses to run a flow with %j', async (body, pointer) => {
    const flow = await neighbours.flow(ECHO);
    const answer = await ask('POST', `/v1/flows/${flow.id}/run`, { body });
    expect([answer.status, answer.body.errors?.map((error) => error.pointer)]).toEqual([422, [pointer]]);
  });

  test('takes any JSON as the input of a run, up to 64 levels', async () => {
    const flow = await neighbours.flow(ECHO);
    const deep = JSON.parse(`${'['.repeat(64)}${']'.repeat(64)}`) as unknown;
    for (const input of [null, 'text', 0, [], deep]) {
      const { status, body } = await ask('POST', `/v1/flows/${flow.id}/run`, { body: { input } });
      expect([status, body.status, body.input]).toEqual([202, 'succeeded', input]);
    }
  });

  test('survives a body that is nested without end', async () => {
    const flow = await neighbours.flow(ECHO);
    const response = await fetch(`${running.url}/v1/flows/${flow.id}/run`, {
      method: 'POST',
      headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
      body: `{"input": ${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
    });
    expect(response.status).toBe(422);
  });
});

describe('POST /v1/runs/{id}/cancel', () => {
  test('LT-08: ends a waiting run at once, and asking again is told that it is over', async () => {
    const id = await neighbours.accept(await neighbours.flow(napping('PT1H')));
    await waitFor(async () => (await neighbours.run(id)).length > 0);
    const { status, body } = await ask('POST', `/v1/runs/${id}/cancel`);
    expect(status).toBe(202);
    expect(body).toMatchObject({ status: 'cancelled', userRequestedCancelAt: expect.any(String) });
    expect(await ask('POST', `/v1/runs/${id}/cancel`)).toMatchObject({ status: 409, body: { code: 'run_finished' } });
    const due = await database.pool.query('select 1 from runner.due where id = $1', [id]);
    expect(due.rows).toEqual([]);
    const { rows } = await database.pool.query('select status from runner.runs where id = $1', [id]);
    expect(rows).toEqual([{ status: 'cancelled' }]);
  });

  test('lets a call in flight end, and twice is once', async () => {
    const flow = await neighbours.flow({
      steps: [
        WEBHOOK,
        { ref: 'res', type: 'http', url: hanging.url, timeout: 'PT4S', onError: 'continue' },
        { ...ECHO.steps[1], ref: 'never' } as never,
      ],
    });
    const id = await neighbours.accept(flow);
    await waitFor(() => hanging.requests > 0);
    const [one, two] = await Promise.all([ask('POST', `/v1/runs/${id}/cancel`), ask('POST', `/v1/runs/${id}/cancel`)]);
    expect([one.status, two.status]).toEqual([202, 202]);
    const run = await ended(id);
    expect(run).toMatchObject({ status: 'cancelled' });
    expect(run.steps.map((step) => step.ref)).toEqual(['web1', 'res']);
    const types = (await neighbours.run(id)).map((event) => event.type);
    expect(types.filter((type) => type === 'RunCancelRequested')).toHaveLength(1);
  });
});

describe('POST /v1/flows/{id}/run', () => {
  test('starts a run by hand and says where it is', async () => {
    const flow = await neighbours.flow(ECHO);
    const { status, headers, body } = await ask('POST', `/v1/flows/${flow.id}/run`, { body: { input: { n: 3 } } });
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`${running.settings.publicUrl}/v1/runs/${body.id}`);
    expect(body).toMatchObject({
      flowId: flow.id,
      triggerId: null,
      status: 'succeeded',
      input: { n: 3 },
      result: { n: 3 },
    });
    expect((await ask('GET', `/v1/runs/${body.id}`)).body).toEqual(body);
  });

  test('a run without a body has {} for its input; a body of null is refused', async () => {
    const flow = await neighbours.flow(ECHO);
    expect(await ask('POST', `/v1/flows/${flow.id}/run`)).toMatchObject({ status: 202, body: { input: {} } });
    expect(await ask('POST', `/v1/flows/${flow.id}/run`, { body: null })).toMatchObject({ status: 422 });
  });

  test('runs the draft on request, and large inputs too', async () => {
    const flow = await neighbours.flow(ECHO);
    const definition = { steps: [WEBHOOK, { ref: 'm', type: 'set', values: { length: '{{ web1.text | length }}' } }] };
    await neighbours.append(flow.id, 'FlowUpdated', { flow: { ...flow, version: 2 }, definition });
    const body = { input: { text: 'x'.repeat(400_000) }, mode: 'draft' };
    const answer = await ask('POST', `/v1/flows/${flow.id}/run`, { body });
    expect(answer.body).toMatchObject({ flowVersion: 2, status: 'succeeded', result: { length: 400_000 } });
    expect((await ask('GET', `/v1/runs/${answer.body.id}`)).body.input).toEqual(body.input);
  });

  test('is refused for a paused flow, an unknown one, one of another app, and without the scope', async () => {
    const paused = await neighbours.flow(ECHO, { status: 'paused' });
    const foreign = await neighbours.flow(ECHO, { appId: newId() });
    await neighbours.token('one-app-token', { appId: newId(), scopes: ['automation'] });
    await neighbours.token('view-only-token', { scopes: ['automation.view'] });
    const run = (id: string, token?: string) =>
      ask('POST', `/v1/flows/${id}/run`, { body: {}, ...(token ? { token } : {}) });
    expect(await run(paused.id)).toMatchObject({ status: 409, body: { code: 'flow_paused' } });
    expect(await run(newId())).toMatchObject({ status: 404, body: { code: 'flow_not_found' } });
    expect(await run('nope')).toMatchObject({ status: 404, body: { code: 'flow_not_found' } });
    expect(await run(foreign.id, 'one-app-token')).toMatchObject({ status: 404, body: { code: 'flow_not_found' } });
    expect((await run(paused.id, 'view-only-token')).status).toBe(403);
  });
});
