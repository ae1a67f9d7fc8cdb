import { newId, type RunStarted } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';
import type { BatchResource } from './batch-resource.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let admin: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [runnerService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = neighboursIn(running.app.nest);
  admin = await neighbours.admin();
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

type Body = BatchResource & { code: string; items: BatchResource[]; nextCursor: string | null };

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: Body }> {
  const response = await fetch(`${running.url}/v1/runs/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${admin}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Body };
}

const over = (id: string | null): Promise<Body> =>
  waitFor(async () => {
    const { body } = await ask('GET', `batches/${id}`);
    return body.finishedAt === null ? null : body;
  }, 30_000);

const FAILING = {
  steps: [
    { ref: 'web1', type: 'webhook' },
    { ref: 'stop', type: 'fail', message: 'no' },
  ],
};
const NAPPING = { steps: [{ ref: 'nap', type: 'delay', for: 'PT1H' }] };

async function runs(count: number, definition: { steps: { ref: string; type: string }[] }, status: string) {
  const flow = await neighbours.flow(definition);
  const ids = await neighbours.acceptAll(Array.from({ length: count }, () => ({ flow })));
  const text = 'select count(*)::int as n from runner.runs where flow_id = $1 and status = $2';
  await waitFor(async () => (await database.pool.query(text, [flow.id, status])).rows[0]?.n === count, 30_000);
  return { flow, ids };
}

/** What each run of the flow is a retry of, without those that are none. */
async function retriesOf(flow: { id: string }): Promise<string[]> {
  const { rows } = await database.pool.query<{ data: string }>(
    `select case when e.heads is null then e.data else (e.data::json -> 0)::text end as data from runner.runs r join runner.events e on e.stream_id = r.id and e.version = 1 where r.flow_id = $1`,
    [flow.id],
  );
  return rows.map(({ data }) => (JSON.parse(data) as RunStarted).retryOf).filter((id) => id !== undefined);
}

test('FL-06: a query retries each run that it finds once, page by page, and tells how far it has come', async () => {
  const { flow, ids } = await runs(120, FAILING, 'failed');
  const { status, body } = await ask('POST', 'retry', { query: { flowId: flow.id } });
  expect([status, body]).toMatchObject([
    202,
    { kind: 'retry', status: 'running', total: 120, done: 0, finishedAt: null },
  ]);
  expect(await over(body.id)).toMatchObject({ status: 'finished', total: 120, done: 120, skipped: 0, reasons: {} });
  // The retries failed, too, and were not retried.
  expect((await retriesOf(flow)).sort()).toEqual([...ids].sort());
  expect((await ask('GET', 'batches')).body.items[0]).toMatchObject({ id: body.id });
});

test('FL-06: a page that a dead process began is done again, and no run is retried twice', async () => {
  const { flow, ids } = await runs(60, FAILING, 'failed');
  const { body } = await ask('POST', 'retry', { query: { flowId: flow.id } });
  await over(body.id);
  const set = 'update runner.batches set status = $2, cursor = null, done = 0, finished_at = null where id = $1';
  await database.pool.query(set, [body.id, 'running']);
  await database.pool.query(
    `insert into runner.due (id, key, due_at, token, attempts, payload) values ($1, 'again', now(), 0, 0, '{"tick":"batch"}')`,
    [body.id],
  );
  expect(await over(body.id)).toMatchObject({ status: 'finished', done: 60 });
  expect((await retriesOf(flow)).sort()).toEqual([...ids].sort());
});

test('FL-06: what cannot be retried is skipped, with the reasons counted; ids and times narrow the query', async () => {
  const { flow, ids } = await runs(3, FAILING, 'failed');
  const since = new Date(Date.now() + 60_000).toISOString();
  expect((await ask('POST', 'retry', { query: { flowId: flow.id, since } })).body.total).toBe(0);
  const some = await ask('POST', 'retry', { query: { ids: ids.slice(0, 2) }, from: 'nowhere' });
  expect(await over(some.body.id)).toMatchObject({ total: 2, done: 0, skipped: 2, reasons: { step_not_reached: 2 } });
  await neighbours.append(flow.id, 'FlowUpdated', {
    flow: { ...flow, status: 'paused', version: 2 },
    definition: FAILING,
  });
  const paused = await ask('POST', 'retry', { query: { flowId: flow.id } });
  expect(await over(paused.body.id)).toMatchObject({ done: 0, skipped: 3, reasons: { flow_paused: 3 } });
});

test('FL-06: many waiting runs are cancelled by one query', async () => {
  const { flow } = await runs(70, NAPPING, 'waiting');
  const { body } = await ask('POST', 'cancel', { query: { flowId: flow.id } });
  expect(await over(body.id)).toMatchObject({ kind: 'cancel', status: 'finished', done: 70, skipped: 0 });
  const { rows } = await database.pool.query(
    'select status, count(*)::int as n from runner.runs where flow_id = $1 group by 1',
    [flow.id],
  );
  expect(rows).toEqual([{ status: 'cancelled', n: 70 }]);
});

test('FL-06: a dry run counts and does nothing', async () => {
  const { flow } = await runs(4, NAPPING, 'waiting');
  const { status, body } = await ask('POST', 'cancel?dryRun=true', { query: { flowId: flow.id } });
  expect([status, body]).toMatchObject([202, { id: null, total: 4, done: 0 }]);
  const { rows } = await database.pool.query(`select 1 from runner.runs where flow_id = $1 and status = 'waiting'`, [
    flow.id,
  ]);
  expect(rows).toHaveLength(4);
});

test('FL-06: a batch can be stopped; what it did stays done', async () => {
  const { flow } = await runs(5, NAPPING, 'waiting');
  // As it stands between two pages, while nobody works on it.
  const id = newId();
  await database.pool.query(
    `insert into runner.batches (id, app_id, kind, status, query, wish, meta, total, done, skipped, reasons, created_at)
     select $1, app_id, 'cancel', 'running', $2, '{}', '{}', 5, 2, 0, '{}', now() from runner.runs where flow_id = $3 limit 1`,
    [id, JSON.stringify({ flowId: flow.id }), flow.id],
  );
  expect((await ask('POST', `batches/${id}/cancel`)).body.status).toBe('cancelling');
  await database.pool.query(
    `insert into runner.due (id, key, due_at, token, attempts, payload) values ($1, 'stop', now(), 0, 0, '{"tick":"batch"}')`,
    [id],
  );
  expect(await over(id)).toMatchObject({ status: 'cancelled', done: 2 });
  expect((await ask('POST', `batches/${id}/cancel`)).body.status).toBe('cancelled');
});

test('FL-06: what is not valid, and what is nobody’s, is refused', async () => {
  for (const body of [
    {},
    { query: 7 },
    { query: { status: 'running' } },
    { query: { ids: [] } },
    { query: { other: 1 } },
  ]) {
    expect([body, (await ask('POST', 'retry', body)).status]).toEqual([body, 422]);
  }
  expect((await ask('POST', 'cancel', { query: { status: 'failed' } })).status).toBe(422);
  for (const id of [newId(), 'nonsense']) {
    expect(await ask('GET', `batches/${id}`)).toMatchObject({ status: 404, body: { code: 'batch_not_found' } });
  }
});
