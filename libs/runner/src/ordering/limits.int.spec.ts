import { Logger } from '@nestjs/common';
import { newId, type RunFinished } from '@sluice/contracts';
import {
  createTestDatabase,
  recordingReceiver,
  type RecordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { MortalRunner } from '../effects/mortal-runner.fixture.ts';
import { NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';
import { limitKeyOf } from './limit.rules.ts';
import { OrderingQueue } from './ordering-queue.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;
let headers: { authorization: string };
/** Calls in flight now, and the most there ever were. */
let now = 0;
let most = 0;

beforeAll(async () => {
  Logger.overrideLogger(SILENT);
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [runnerService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = neighboursIn(running.app.nest);
  receiver = await recordingReceiver();
  headers = { authorization: `Bearer ${await neighbours.admin()}` };
});
beforeEach(() => {
  receiver.clear();
  now = most = 0;
  receiver.respond(async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 20));
    now--;
    return { status: 200, body: '{}' };
  });
});
afterAll(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

const limited = (
  limit: number,
  whenFull: 'queue' | 'reject',
  steps: { ref: string; type: string; [field: string]: unknown }[],
) => neighbours.flow({ steps: [{ ref: 'web1', type: 'webhook' }, ...steps], concurrency: { limit, whenFull } });
const call = () => ({ ref: 'res', type: 'http', method: 'POST', url: `${receiver.url}/{{ web1.n }}` });
const NAP = { ref: 'nap', type: 'delay', for: 'PT1H' };

const send = (flow: { id: string }, count: number) =>
  neighbours.acceptAll(Array.from({ length: count }, (_, n) => ({ flow, accept: { body: { n } } })));
const ended = (runId: string): Promise<RunFinished> =>
  waitFor(async () => {
    const last = (await neighbours.run(runId)).at(-1);
    return last?.type === 'RunFinished' ? (last.data as RunFinished) : null;
  }, 30_000);
const begun = (runId: string) => waitFor(async () => (await neighbours.run(runId)).length > 0 || null, 30_000);
const cancel = (runId: string) => fetch(`${running.url}/v1/runs/${runId}/cancel`, { method: 'POST', headers });
const heads = async () => (await database.pool.query('select * from runner.ordering_heads')).rows;

test('FL-07: of a flow with a limit of two no more than two runs are ever under way, and all of them run, in their order', async () => {
  const ids = await send(await limited(2, 'queue', [call()]), 12);
  const finished = await Promise.all(ids.map(ended));
  expect(finished.every(({ status }) => status === 'succeeded')).toBe(true);
  expect(most).toBeLessThanOrEqual(2);
  const starts = finished.map(({ startedAt }) => Date.parse(startedAt));
  expect(starts).toEqual([...starts].sort((a, b) => a - b));
  expect(await heads()).toEqual([]);
});

test('FL-07, FL-09: what waits is queued, is listed, and its time in the queue is apart from its run', async () => {
  const flow = await limited(1, 'queue', [NAP]);
  const [first, second] = (await send(flow, 2)) as [string, string];
  await begun(first);
  const show = async (path: string) =>
    (await (await fetch(`${running.url}/v1/runs${path}`, { headers })).json()) as never;
  const listed = await waitFor(async () => {
    const { items } = (await show(`?flowId=${flow.id}&status=queued`)) as { items: { id: string }[] };
    return items.length > 0 ? items : null;
  }, 30_000);
  expect(listed).toMatchObject([{ id: second, status: 'queued', queueMs: null }]);
  expect(await show(`/${second}`)).toMatchObject({ status: 'queued', startedAt: null });
  const asked = await fetch(`${running.url}/v1/flows/${flow.id}/run`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: '{"input": {"n": 3}}',
  });
  const third = (await asked.json()) as { id: string };
  expect([asked.status, third]).toMatchObject([202, { status: 'queued', input: { n: 3 } }]);
  await cancel(first);
  await begun(second);
  const { queueMs } = (await show(`/${second}`)) as { queueMs: number };
  expect(queueMs).toBeGreaterThan(0);
  for (const id of [second, third.id]) {
    await begun(id);
    await cancel(id);
    await ended(id);
  }
  expect(await heads()).toEqual([]);
});

test('FL-07: a flow may refuse what it has no room for; the refused run says so', async () => {
  const flow = await limited(1, 'reject', [NAP]);
  const [first] = (await send(flow, 1)) as [string];
  await begun(first);
  const [second] = (await send(flow, 1)) as [string];
  expect(await ended(second)).toMatchObject({ status: 'failed', error: { code: 'concurrency_limit' } });
  await cancel(first);
  await ended(first);
  const [third] = (await send(flow, 1)) as [string];
  await waitFor(async () => (await neighbours.run(third)).some(({ type }) => type === 'RunWaiting') || null, 30_000);
  await cancel(third);
});

test('FL-07: a run that only computes needs no place for longer than its commit', async () => {
  const flow = await limited(1, 'queue', [{ ref: 'm', type: 'set', values: { n: '{{ web1.n }}' } }]);
  const finished = await Promise.all((await send(flow, 100)).map(ended));
  expect(finished.map(({ result }) => (result as { n: number }).n)).toEqual(finished.map((_, n) => n));
});

test('FL-07: with several runners the limit holds exactly', async () => {
  const settings = testSettings(database.url);
  const others = ['b', 'c'].map((name) => new MortalRunner({ ...settings, instanceId: `runner-${name}` }));
  await Promise.all(others.map((runner) => runner.start()));
  const flow = await limited(3, 'queue', [call()]);
  const finished = await Promise.all((await send(flow, 40)).map(ended));
  expect(finished.filter(({ status }) => status === 'succeeded')).toHaveLength(40);
  expect(receiver.requests).toHaveLength(40);
  expect(most).toBeLessThanOrEqual(3);
  await Promise.all(others.map((runner) => runner.stop()));
  expect(await heads()).toEqual([]);
});

test('FL-07: a hundred thousand queued runs of one app are not touched when another app’s run begins', async () => {
  const flow = await limited(1, 'queue', [NAP]);
  const [first, second] = (await send(flow, 2)) as [string, string];
  await begun(first);
  const key = limitKeyOf(flow.appId, flow.id);
  const waiting = async (): Promise<number> => {
    const text = 'select count(*)::int as n from runner.ordered_runs where ordering_key = $1';
    return (await database.pool.query<{ n: number }>(text, [key])).rows[0]?.n ?? 0;
  };
  await waitFor(async () => (await waiting()) === 1 || null, 30_000);
  await database.pool.query(
    `insert into runner.ordered_runs (run_id, ordering_key, bytes, pending)
     select gen_random_uuid(), ordering_key, bytes, pending from runner.ordered_runs, generate_series(1, 100000)
     where run_id = $1`,
    [second],
  );
  const queue = new OrderingQueue(database.pool);
  expect((await queue.next([key])).get(key)?.length).toBe(32);
  expect(await queue.idleKeys(1_000)).toEqual([key]);
  const appId = newId();
  const other = await neighbours.flow({ steps: [call()], concurrency: { limit: 1, whenFull: 'queue' } }, { appId });
  const finished = await Promise.all((await send(other, 20)).map(ended));
  expect(finished.filter(({ status }) => status === 'succeeded')).toHaveLength(20);
  expect(await waiting()).toBe(100_001);
  await database.pool.query('delete from runner.ordered_runs where ordering_key = $1', [key]);
  await cancel(first);
});
