import type { RunFinished } from '@sluice/contracts';
import {
  createTestDatabase,
  recordingReceiver,
  type RecordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';
import { childIdOf, MAX_DEPTH } from './child-runs.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let admin: string;
let receiver: RecordingReceiver;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [runnerService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = neighboursIn(running.app.nest);
  admin = await neighbours.admin();
  receiver = await recordingReceiver();
});
afterAll(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

const WEBHOOK = { ref: 'web', type: 'webhook' };
const ended = (runId: string): Promise<RunFinished> =>
  waitFor(async () => {
    const last = (await neighbours.run(runId)).at(-1);
    return last?.type === 'RunFinished' ? (last.data as RunFinished) : null;
  }, 30_000);

async function flow(name: string, ...steps: { ref: string; type: string; [field: string]: unknown }[]) {
  return neighbours.flow({ steps: [WEBHOOK, ...steps] }, { name });
}

const runFlow = (name: string, more = {}) => ({ ref: 'child', type: 'run_flow', flow: name, input: { n: 7 }, ...more });
const double = { ref: 'twice', type: 'set', values: '{{ web.n * 2 }}' };
const nap = (length: string) => ({ ref: 'nap', type: 'delay', for: length });

test('FL-02: a flow runs another one by its name and gets its result, whether that ends at once or later', async () => {
  await flow('quick', double);
  await flow('slow', nap('PT0.2S'), double);
  for (const name of ['quick', 'slow']) {
    const runId = await neighbours.accept(await flow('parent', runFlow(name)));
    const childId = childIdOf(runId, 'child');
    expect((await ended(runId)).result).toEqual({ runId: childId, status: 'succeeded', result: 14 });
    const [first] = await neighbours.run(childId);
    expect(first).toMatchObject({
      meta: { causationId: runId },
      data: { parent: { runId, step: 'child', depth: 1, waits: true } },
    });
  }
});

test('FL-02: without waiting the run goes on at once, and the other one by itself', async () => {
  await flow('later', nap('PT0.2S'), double);
  const runId = await neighbours.accept(await flow('parent', runFlow('later', { wait: false })));
  const { result } = await ended(runId);
  expect(result).toEqual({ runId: childIdOf(runId, 'child') });
  expect((await ended(childIdOf(runId, 'child'))).result).toBe(14);
});

test('FL-02: in a loop every item has a run of its own, side by side', async () => {
  await flow('of-item', nap('PT0.1S'), double);
  const each = {
    ref: 'each',
    type: 'foreach',
    in: '{{ range(5) }}',
    parallel: 5,
    steps: [runFlow('of-item', { input: { n: '{{ item }}' } })],
    collect: '{{ child.result }}',
  };
  expect((await ended(await neighbours.accept(await flow('parent', each)))).result).toEqual([0, 2, 4, 6, 8]);
});

test('FL-02: a run that fails fails the step that waits for it', async () => {
  await flow('bad', nap('PT0.1S'), { ref: 'f', type: 'fail', message: 'sorry' });
  const { error } = await ended(await neighbours.accept(await flow('parent', runFlow('bad'))));
  expect(error).toMatchObject({ code: 'run_flow_failed', ref: 'child' });
  expect(error?.message).toContain('sorry');
});

test('a flow that is not there, or is paused, or belongs to somebody else fails the step', async () => {
  await neighbours.flow({ steps: [double] }, { name: 'resting', status: 'paused' });
  const other = '01930000-0000-7000-8000-00000000aaaa';
  await neighbours.flow({ steps: [double] }, { name: 'foreign', appId: other });
  const codes = [];
  for (const name of ['nobody', 'resting', 'foreign']) {
    codes.push((await ended(await neighbours.accept(await flow('parent', runFlow(name))))).error?.code);
  }
  expect(codes).toEqual(['flow_not_found', 'flow_paused', 'flow_not_found']);
});

test('a time-out ends the waiting, not the other run', async () => {
  await flow('long', nap('PT5S'), double);
  const runId = await neighbours.accept(await flow('parent', runFlow('long', { timeout: 'PT0.1S' })));
  expect((await ended(runId)).error).toMatchObject({ code: 'wait_timeout', ref: 'child' });
});

test('a flow that starts itself ends by the depth', async () => {
  const endless = await flow('endless', runFlow('{{ flow.id }}'));
  let runId = await neighbours.accept(endless);
  const { error } = await ended(runId);
  expect(error?.code).toBe('run_flow_failed');
  for (let depth = 0; depth < MAX_DEPTH; depth++) runId = childIdOf(runId, 'child');
  expect((await ended(runId)).error).toMatchObject({ code: 'too_deep' });
});

test('FL-06: cancelling a run cancels the runs that it waits for', async () => {
  await flow('year', nap('P365D'));
  const runId = await neighbours.accept(await flow('parent', runFlow('year')));
  await waitFor(async () => (await neighbours.run(runId)).some(({ type }) => type === 'RunWaiting'), 30_000);
  const answer = await fetch(`${running.url}/v1/runs/${runId}/cancel`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}` },
  });
  expect(answer.ok).toBe(true);
  expect((await ended(runId)).status).toBe('cancelled');
  expect((await ended(childIdOf(runId, 'child'))).status).toBe('cancelled');
});

test('FL-06: cancelling a run cancels the runs that it waits for while these are still queued', async () => {
  const busy = await neighbours.flow(
    { steps: [WEBHOOK, nap('P365D')], concurrency: { limit: 1, whenFull: 'queue' } },
    { name: 'busy' },
  );
  const first = await neighbours.accept(busy);
  await waitFor(async () => (await neighbours.run(first)).length > 0, 30_000);
  const runId = await neighbours.accept(await flow('parent', runFlow('busy')));
  const waiting = 'select 1 from runner.ordered_runs where run_id = $1';
  const childId = childIdOf(runId, 'child');
  await waitFor(async () => (await database.pool.query(waiting, [childId])).rowCount === 1, 30_000);
  await waitFor(async () => (await neighbours.run(runId)).some(({ type }) => type === 'RunWaiting'), 30_000);
  await fetch(`${running.url}/v1/runs/${runId}/cancel`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}` },
  });
  expect((await ended(childId)).status).toBe('cancelled');
  expect((await neighbours.run(childId)).some(({ type }) => type === 'RunWaiting')).toBe(false);
  expect((await database.pool.query(waiting, [childId])).rowCount).toBe(0);
});

test('FL-07: a limited flow that calls itself does not wait for its own place, directly or by another flow', async () => {
  const again = (name: string) => ({
    ...runFlow(name, { input: { n: '{{ web.n - 1 }}' } }),
    if: '{{ web.n > 0 }}',
  });
  const limited = (name: string, other: string) =>
    neighbours.flow({ steps: [WEBHOOK, again(other), double], concurrency: { limit: 1, whenFull: 'queue' } }, { name });
  const flows = [await limited('itself', 'itself'), await limited('ping', 'pong'), await limited('pong', 'ping')];
  for (const each of flows.slice(0, 2)) {
    const ids = await Promise.all([2, 2].map((n) => neighbours.accept(each, { body: { n } })));
    expect(await Promise.all(ids.map(ended))).toMatchObject([{ result: 4 }, { result: 4 }]);
  }
});

test('FL-07: limited flows that call each other do not wait for one another, whoever came first', async () => {
  const limited = (name: string, other: string) =>
    neighbours.flow(
      {
        steps: [
          WEBHOOK,
          // Both have their places before they call.
          { ref: 'call', type: 'http', url: `${receiver.url}/{{ web.n }}`, if: '{{ web.n > 0 }}' },
          { ...runFlow(other, { input: { n: 0 } }), if: '{{ web.n > 0 }}' },
          double,
        ],
        concurrency: { limit: 1, whenFull: 'queue' },
      },
      { name },
    );
  const flows = [await limited('tick', 'tack'), await limited('tack', 'tick')];
  let inPlace = 0;
  receiver.respond(async () => {
    inPlace++;
    await waitFor(async () => inPlace >= 2 || null, 30_000);
    return { status: 200 };
  });
  const ids = await Promise.all(flows.map((each, index) => neighbours.accept(each, { body: { n: index + 1 } })));
  const behind = await Promise.all(flows.map((each) => neighbours.accept(each, { body: { n: 0 } })));
  expect(await Promise.all(ids.map(ended))).toMatchObject([{ result: 2 }, { result: 4 }]);
  expect(await Promise.all(behind.map(ended))).toMatchObject([{ result: 0 }, { result: 0 }]);
});

test('FL-07: a run that waits for a place which somebody has who works does not begin before', async () => {
  const busy = await neighbours.flow(
    { steps: [WEBHOOK, nap('P1D')], concurrency: { limit: 1, whenFull: 'queue' } },
    { name: 'napping' },
  );
  const first = await neighbours.accept(busy);
  await waitFor(async () => (await neighbours.run(first)).length > 0, 30_000);
  const runId = await neighbours.accept(await flow('parent', runFlow('napping', { timeout: 'PT3S' })));
  expect((await ended(runId)).error).toMatchObject({ code: 'wait_timeout' });
  // Nobody waits for it any more: it ends where it was queued, before its first step.
  const childId = childIdOf(runId, 'child');
  expect((await ended(childId)).status).toBe('cancelled');
  expect((await neighbours.run(childId)).map(({ type }) => type)).not.toContain('RunWaiting');
});
