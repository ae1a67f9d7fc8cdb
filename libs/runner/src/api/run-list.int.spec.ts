import { newId } from '@sluice/contracts';
import { createTestDatabase, recordingReceiver, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';
import type { RunResource } from './run-resource.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let admin: string;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startServices({
    services: [runnerService, ...NEIGHBOURS],
    settings: testSettings(database.url),
    logger: SILENT,
  });
  neighbours = neighboursIn(running.app.nest);
  admin = await neighbours.admin();
  await neighbours.token('stranger-token', { appId: newId(), scopes: ['admin'] });
});

afterAll(async () => {
  await running?.close();
  await database?.drop();
});

interface Answer {
  status: number;
  body: RunResource & { items: RunResource[]; nextCursor: string | null; code: string; errors?: { pointer: string }[] };
}

async function ask(
  method: string,
  path: string,
  { token = admin, body }: { token?: string; body?: unknown } = {},
): Promise<Answer> {
  const response = await fetch(`${running.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: JSON.parse(await response.text()) as Answer['body'] };
}

const WEBHOOK = { ref: 'web1', type: 'webhook' };
const ECHO = { steps: [WEBHOOK, { ref: 'msg', type: 'set', values: { n: '{{ web1.n }}' } }] };
const napping = (duration: string) => ({ steps: [WEBHOOK, { ref: 'nap', type: 'delay', for: duration }] });

const ended = (id: string) =>
  waitFor(async () => {
    const { body } = await ask('GET', `/v1/runs/${id}`);
    return body.finishedAt ? body : null;
  });

describe('GET /v1/runs', () => {
  test('lists newest first, page by page, by flow and status', async () => {
    const flow = await neighbours.flow({
      steps: [
        WEBHOOK,
        {
          ref: 'c',
          type: 'condition',
          branches: [{ when: '{{ web1.bad }}', steps: [{ ref: 'f', type: 'fail', message: 'bad' }] }],
        },
      ],
    });
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) ids.push(await neighbours.accept(flow, { body: { bad: index === 2 } }));
    await Promise.all(ids.map(ended));
    const first = await ask('GET', `/v1/runs?flowId=${flow.id}&limit=2`);
    expect(first.body.items.map((item) => item.id)).toEqual([ids[4], ids[3]]);
    const second = await ask('GET', `/v1/runs?flowId=${flow.id}&limit=200&cursor=${first.body.nextCursor}`);
    expect(second.body.items.map((item) => item.id)).toEqual([ids[2], ids[1], ids[0]]);
    expect(second.body.nextCursor).toBeNull();
    const failed = await ask('GET', `/v1/runs?flowId=${flow.id}&status=failed`);
    expect(failed.body.items).toMatchObject([{ id: ids[2], error: { code: 'failed_by_flow', ref: 'f' } }]);
  });

  test('lists what was queued in a span of time', async () => {
    const flow = await neighbours.flow(ECHO);
    const id = await neighbours.accept(flow, { receivedAt: new Date().toISOString() });
    const { queuedAt } = await ended(id);
    const at = Date.parse(queuedAt);
    const span = async (since: number, until: number) => {
      const query = `since=${new Date(since).toISOString()}&until=${new Date(until).toISOString()}`;
      return (await ask('GET', `/v1/runs?flowId=${flow.id}&${query}`)).body.items.map((item) => item.id);
    };
    expect(await span(at, at + 1)).toEqual([id]);
    expect(await span(at + 1, at + 1000)).toEqual([]);
    expect(await span(at - 1000, at)).toEqual([]);
  });

  test('FL-03: a run that waits for its next attempt is listed as waiting, its step says until when, and cancelling ends it', async () => {
    const receiver = await recordingReceiver({ respond: () => ({ status: 503 }) });
    const retry = { maxAttempts: 3, backoff: 'PT1H' };
    const flow = await neighbours.flow({ steps: [WEBHOOK, { ref: 'call', type: 'http', url: receiver.url, retry }] });
    const id = await neighbours.accept(flow);
    await waitFor(async () => (await ask('GET', `/v1/runs/${id}`)).body.status === 'waiting' || null, 30_000);
    const { body } = await ask('GET', `/v1/runs/${id}`);
    expect(body.steps.at(-1)).toMatchObject({ ref: 'call', status: 'retrying', nextAttemptAt: expect.any(String) });
    const listed = async (status: string) =>
      (await ask('GET', `/v1/runs?flowId=${flow.id}&status=${status}`)).body.items.map((item) => item.id);
    expect([await listed('waiting'), await listed('running')]).toEqual([[id], []]);
    await ask('POST', `/v1/runs/${id}/cancel`);
    expect((await ended(id)).status).toBe('cancelled');
    await receiver.close();
  });

  test('shows what waits for its turn in an order as queued, with and without being asked for that', async () => {
    const flow = await neighbours.flow(napping('PT60S'));
    const orderingKey = `${flow.appId}/live/in-line`;
    const ids: string[] = [];
    for (let n = 0; n < 4; n++) ids.push(await neighbours.accept(flow, { orderingKey, body: { n } }));
    const [first = '', ...waiting] = ids;
    await waitFor(async () => (await ask('GET', `/v1/runs/${first}`)).body.status === 'waiting');
    const list = async (query: string) => (await ask('GET', `/v1/runs?flowId=${flow.id}&${query}`)).body;
    const queued = await waitFor(async () => {
      const { items } = await list('status=queued');
      return items.length === 3 ? items : null;
    });
    expect(queued.map(({ id }) => id)).toEqual([...waiting].reverse());
    expect(queued[0]).toMatchObject({ status: 'queued', number: null, flowVersion: null, startedAt: null });
    const page = await list('limit=2');
    const rest = await list(`limit=2&cursor=${page.nextCursor}`);
    expect([...page.items, ...rest.items].map(({ id }) => id)).toEqual([...ids].reverse());
    expect(rest.nextCursor).toBeNull();
    expect((await list('status=waiting')).items.map(({ id }) => id)).toEqual([first]);
    expect((await list(`q=${waiting[1]}`)).items.map(({ id }) => id)).toEqual([waiting[1]]);
    const strangers = await ask('GET', `/v1/runs?flowId=${flow.id}&status=queued`, { token: 'stranger-token' });
    expect(strangers.body.items).toEqual([]);
    for (const id of ids) await ask('POST', `/v1/runs/${id}/cancel`);
  });

  test('lists, finds and cancels runs whatever characters callers and flows put into them', async () => {
    const flow = await neighbours.flow(napping('PT60S'));
    const orderingKey = `${flow.appId}/live/odd`;
    const odd = { body: '{"a":"x\\u0000y","b":"\\ud800","c":"\\\\u0000"}', orderingKey };
    const first = await neighbours.accept(flow, { orderingKey });
    await waitFor(async () => (await ask('GET', `/v1/runs/${first}`)).body.status === 'waiting');
    const ids = [first, await neighbours.accept(flow, odd)];
    const queued = await waitFor(async () => {
      const { body } = await ask('GET', `/v1/runs?flowId=${flow.id}&status=queued&since=2026-01-01T00:00:00Z`);
      return body.items.length === 1 ? body.items : null;
    });
    expect(queued.map(({ id }) => id)).toEqual([ids[1]]);
    const batch = await ask('POST', '/v1/runs/cancel', { body: { query: { flowId: flow.id } } });
    expect(batch.status).toBe(202);
    await Promise.all(ids.map(ended));
    const failing = await neighbours.flow({ steps: [WEBHOOK, { ref: 'f', type: 'fail', message: 'no {{ web1.a }}' }] });
    const failed = await neighbours.accept(failing, { body: odd.body });
    await ended(failed);
    expect((await ask('GET', `/v1/runs?flowId=${failing.id}&q=no`)).body.items.map(({ id }) => id)).toEqual([failed]);
  });

  test('finds the runs of a rarely used trigger without reading those of its app', async () => {
    const fill = `insert into runner.runs (app_id, id, number, flow_id, flow_version, trigger_id, mode, status, queued_at, started_at)
      select $1::uuid, gen_random_uuid(), 1000000 + n, $2::uuid, 1, $3::uuid, 'live', 'succeeded', now(), now() from generate_series(1, 20000) n`;
    const [app, flow, busy, rare] = [newId(), newId(), newId(), newId()];
    await database.pool.query(fill, [app, flow, busy]);
    await database.pool.query('analyze runner.runs');
    const { rows } = await database.pool.query<{ 'QUERY PLAN': string }>(
      `explain select * from runner.runs where app_id = '${app}' and trigger_id = '${rare}' order by id desc limit 51`,
    );
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('runs_of_trigger');
  });

  test('finds a run by its id, its number, what it belongs to, and a piece of its error', async () => {
    const flow = await neighbours.flow({
      steps: [WEBHOOK, { ref: 'no', type: 'fail', message: 'Out of "ÄPFEL" 100%' }],
    });
    const id = await neighbours.accept(flow);
    const other = await neighbours.accept(flow);
    await Promise.all([id, other].map(ended));
    const { number } = (await ask('GET', `/v1/runs/${id}`)).body;
    const again = await ask('POST', `/v1/runs/${id}/retry`, { body: {} });
    expect(again.status).toBeLessThan(300);
    await ended(String(again.body.id));
    const found = async (q: string) =>
      (await ask('GET', `/v1/runs?flowId=${flow.id}&q=${encodeURIComponent(q)}`)).body.items.map((item) => item.id);
    expect(await found(id.toUpperCase())).toEqual([again.body.id, id]);
    expect([await found(String(number)), await found(`#${number}`)]).toEqual([[id], [id]]);
    for (const text of ['"äpfel" 100%', 'failed_by_flow', ' out OF ']) expect((await found(text)).length).toBe(3);
    for (const text of ['pears', '%', '_', newId(), '999999999999'])
      expect([text, (await found(text)).length]).toEqual([text, text === '%' || text === '_' ? 3 : 0]);
  });

  test.each([
    ['q=', '/q'],
    ['q=%20', '/q'],
    ['q=a%00b', '/q'],
    [`q=${'x'.repeat(201)}`, '/q'],
    ['limit=0', '/limit'],
    ['limit=201', '/limit'],
    ['limit=abc', '/limit'],
    ['flowId=17', '/flowId'],
    ['status=done', '/status'],
    ['since=yesterday', '/since'],
    ['since=2026-W05', '/since'],
    ['since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z', '/until'],
    ['since=2026-13-45', '/since'],
    ['until=2026-11-22T25:00:00Z', '/until'],
    ['flowId=a&flowId=b', '/flowId'],
    ['cursor=xyz', '/cursor'],
    ['color=red', '/color'],
  ])('refuses ?%s and names it', async (query, pointer) => {
    const { status, body } = await ask('GET', `/v1/runs?${query}`);
    expect([status, body.code]).toEqual([422, 'invalid_request']);
    expect(body.errors?.map((error) => error.pointer)).toContain(pointer);
  });
});
