import { Logger } from '@nestjs/common';
import { DEFAULT_APP_ID } from '@sluice/access';
import { type FlowDefinition, newId, type RunFinished } from '@sluice/contracts';
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
import { AGED_EVERY } from './aged-turns.ts';

const ONE_APP = newId();
let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;
let headers: { authorization: string };
let now = 0;
let most = 0;

/** The default app has room for three runs, another one for one, and all others for any number. */
const settings = () =>
  testSettings(database.url, { runsPerApp: { each: null, ofApp: { [DEFAULT_APP_ID]: 3, [ONE_APP]: 1 } } });

beforeAll(async () => {
  Logger.overrideLogger(SILENT);
  database = await createTestDatabase();
  running = await startServices({ services: [runnerService, ...NEIGHBOURS], settings: settings(), logger: SILENT });
  neighbours = neighboursIn(running.app.nest);
  receiver = await recordingReceiver();
  headers = { authorization: `Bearer ${await neighbours.admin()}` };
});
beforeEach(() => {
  receiver.clear();
  now = most = 0;
  receiver.respond(async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 10));
    now--;
    return { status: 200, body: '{}' };
  });
});
afterAll(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

const NAP = { ref: 'nap', type: 'delay', for: 'PT1H' };
const WEB = { ref: 'web1', type: 'webhook' };
const call = () => ({ ref: 'res', type: 'http', method: 'POST', url: `${receiver.url}/{{ web1.n }}` });
const flow = (steps: FlowDefinition['steps'], more: Partial<FlowDefinition> = {}, appId = DEFAULT_APP_ID) =>
  neighbours.flow({ steps: [WEB, ...steps], ...more }, { appId });
const send = (
  to: { id: string; appId: string },
  names: readonly (string | number)[],
  orderingKey?: (n: number) => string,
) =>
  neighbours.acceptAll(
    names.map((n, index) => ({
      flow: to,
      accept: {
        body: { n },
        appId: to.appId,
        ...(orderingKey ? { orderingKey: `${to.appId}/live/${orderingKey(index)}` } : {}),
      },
    })),
  );
const ended = (runId: string): Promise<RunFinished> =>
  waitFor(async () => {
    const last = (await neighbours.run(runId)).at(-1);
    return last?.type === 'RunFinished' ? (last.data as RunFinished) : null;
  }, 60_000);
const begun = (runId: string) => waitFor(async () => (await neighbours.run(runId)).length > 0 || null, 60_000);
const queued = (count: number) =>
  waitFor(async () => {
    const { rows } = await database.pool.query<{ n: number }>('select count(*)::int as n from runner.ordered_runs');
    return rows[0]?.n === count || null;
  }, 60_000);
const cancel = (runId: string) => fetch(`${running.url}/v1/runs/${runId}/cancel`, { method: 'POST', headers });
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const paths = () => receiver.requests.map(({ path }) => path.slice(1));

/** Fills the app that has room for one run with one that sleeps, has `queue` queue others, and then wakes the app. */
async function whileFull(queue: () => Promise<string[]>): Promise<RunFinished[]> {
  const [sleeper] = (await send(await flow([NAP], {}, ONE_APP), ['z'])) as [string];
  await begun(sleeper);
  const ids = await queue();
  await queued(ids.length);
  await cancel(sleeper);
  return Promise.all(ids.map(ended));
}

test('FL-07: of the runs of an app that wait those of the higher priority begin first, however late they came', async () => {
  const [low, usual, high] = await Promise.all([
    flow([call()], { priority: 0 }, ONE_APP),
    flow([call()], {}, ONE_APP),
    flow([call()], { priority: 9 }, ONE_APP),
  ]);
  await whileFull(async () => [
    ...(await send(low, ['low', 'low'])),
    ...(await send(usual, ['usual', 'usual'])),
    ...(await send(high, ['high', 'high'])),
  ]);
  expect(paths()).toEqual(['high', 'high', 'usual', 'usual', 'low', 'low']);
});

test('FL-07: beside any number of urgent runs those of the lowest priority have a turn from time to time', async () => {
  const [low, high] = await Promise.all([
    flow([call()], { priority: 0 }, ONE_APP),
    flow([call()], { priority: 9 }, ONE_APP),
  ]);
  await whileFull(async () => [
    ...(await send(low, ['low', 'low'])),
    ...(await send(
      high,
      numbers(40).map(() => 'high'),
    )),
  ]);
  const places = paths().flatMap((path, index) => (path === 'low' ? [index] : []));
  // Of two priorities that wait each has every second of the turns that go by rotation.
  expect(places).toHaveLength(2);
  expect(places[0]).toBeLessThan(2 * AGED_EVERY);
  expect(places[1]).toBeLessThan(4 * AGED_EVERY);
});

test('FL-07: flows of the same priority have turns, however many runs of one of them wait', async () => {
  const flows = await Promise.all([1, 2, 3].map(() => flow([call()], {}, ONE_APP)));
  const counts = [10, 2, 2];
  await whileFull(async () =>
    (
      await Promise.all(
        flows.map((each, index) =>
          send(
            each,
            numbers(counts[index] as number).map(() => index),
          ),
        ),
      )
    ).flat(),
  );
  // One of the turns may go by rotation, to any of them.
  const first = paths().slice(0, 7);
  for (const seldom of ['1', '2']) expect(first.filter((path) => path === seldom).length).toBeGreaterThanOrEqual(2);
});

test('FL-07: a full flow does not hold up the others of its app, and a full app not other apps', async () => {
  const full = await flow([NAP], { concurrency: { limit: 1, whenFull: 'queue' }, priority: 9 });
  const ids = await send(full, [0, 1]);
  await begun(ids[0] as string);
  await queued(1);
  const neighbour = await flow([call()]);
  await Promise.all((await send(neighbour, numbers(5))).map(ended));
  const sleepers = await send(await flow([NAP]), [0, 1]);
  await Promise.all(sleepers.map(begun));
  const stranger = await flow([call()], {}, newId());
  await Promise.all((await send(stranger, numbers(5))).map(ended));
  expect(receiver.requests).toHaveLength(10);
  for (const id of [ids[1], ids[0], ...sleepers] as string[]) await cancel(id);
  await Promise.all([...ids, ...sleepers].map(ended));
});

test('FL-07: a run that another one waits for needs no place of the app, so that a full app does not wait for itself', async () => {
  const child = await flow([call(), { ref: 'd', type: 'delay', for: 'PT0.01S' }], {}, ONE_APP);
  const parent = await flow([{ ref: 'other', type: 'run_flow', flow: child.id, input: { n: 'c' } }], {}, ONE_APP);
  const limited = await flow([call()], { concurrency: { limit: 1, whenFull: 'queue' } }, ONE_APP);
  const both = await flow([{ ref: 'other', type: 'run_flow', flow: limited.id, input: { n: 'l' } }], {}, ONE_APP);
  const ids = [...(await send(parent, [0, 1])), ...(await send(limited, ['x', 'y'])), ...(await send(both, [0, 1]))];
  const finished = await Promise.all(ids.map(ended));
  expect(finished.map(({ status }) => status)).toEqual(ids.map(() => 'succeeded'));
  expect(paths().sort()).toEqual(['c', 'c', 'l', 'l', 'x', 'y']);
});

test('FL-07, GW-10: runs of ordering keys take places of their flow and of their app too, and keep their order', async () => {
  const both = await flow([call()], { concurrency: { limit: 2, whenFull: 'queue' } });
  const ids = await send(both, numbers(24), (n) => `k${n % 4}`);
  const finished = await Promise.all(ids.map(ended));
  expect(finished.filter(({ status }) => status === 'succeeded')).toHaveLength(24);
  expect(most).toBeLessThanOrEqual(2);
  for (const key of numbers(4)) {
    const ofKey = paths()
      .map(Number)
      .filter((n) => n % 4 === key);
    expect(ofKey).toEqual([...ofKey].sort((a, b) => a - b));
  }
});

test('FL-07, GW-10: a flow that refuses what it has no room for refuses runs of ordering keys too', async () => {
  const picky = await flow([NAP], { concurrency: { limit: 1, whenFull: 'reject' } });
  const [first] = (await send(picky, [0], () => 'a')) as [string];
  await begun(first);
  const [second] = (await send(picky, [0], () => 'b')) as [string];
  expect(await ended(second)).toMatchObject({ status: 'failed', error: { code: 'concurrency_limit' } });
  await cancel(first);
  await ended(first);
});

test('FL-06: a run that waits for its place is cancelled at once and begins no step, one by one and by a query', async () => {
  const busy = await flow([NAP, call()], { concurrency: { limit: 1, whenFull: 'queue' } });
  const [first, second, ...rest] = (await send(busy, numbers(60))) as [string, string, ...string[]];
  await begun(first);
  await queued(59);
  expect(await (await cancel(second)).json()).toMatchObject({ status: 'cancelled', result: null });
  await queued(58);
  const asked = await fetch(`${running.url}/v1/runs/cancel`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ query: { flowId: busy.id } }),
  });
  expect([asked.status, await asked.json()]).toMatchObject([202, { total: 59 }]);
  const finished = await Promise.all([first, ...rest].map(ended));
  expect(finished.every(({ status }) => status === 'cancelled')).toBe(true);
  await queued(0);
  expect(receiver.requests).toEqual([]);
});

test('FL-07: an app has no more runs under way than its limit, over all its flows and runners; all run in the end', async () => {
  const others = ['b', 'c'].map((name) => new MortalRunner({ ...settings(), instanceId: `runner-${name}` }));
  await Promise.all(others.map((runner) => runner.start()));
  const [a, b] = [await flow([call()]), await flow([call()], { concurrency: { limit: 2, whenFull: 'queue' } })];
  const ids = (await Promise.all([send(a, numbers(20)), send(b, numbers(20))])).flat();
  const finished = await Promise.all(ids.map(ended));
  expect(finished.filter(({ status }) => status === 'succeeded')).toHaveLength(40);
  expect(receiver.requests).toHaveLength(40);
  expect(most).toBeLessThanOrEqual(3);
  await Promise.all(others.map((runner) => runner.stop()));
  expect((await database.pool.query('select * from runner.ordering_heads')).rows).toEqual([]);
});
