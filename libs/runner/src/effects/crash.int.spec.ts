import { Logger } from '@nestjs/common';
import { migrate } from '@sluice/platform';
import {
  createTestDatabase,
  recordingReceiver,
  type RecordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { SHARED_SCHEMAS } from '@sluice/wiring';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Neighbours, NEIGHBOURS, neighboursOf, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';
import { MortalRunner } from './mortal-runner.fixture.ts';

let database: TestDatabase;
let neighbours: Neighbours;
let receiver: RecordingReceiver;
let release: () => Promise<void>;

beforeAll(async () => {
  Logger.overrideLogger(SILENT);
  database = await createTestDatabase();
  await migrate(database.url, [runnerService, ...NEIGHBOURS], SHARED_SCHEMAS);
  ({ neighbours, release } = await neighboursOf(database.url));
  receiver = await recordingReceiver({ respond: () => ({ status: 200, body: '{}' }) });
});

afterAll(async () => {
  await release?.();
  await receiver?.close();
  await database?.drop();
});

/** How often each step's request arrived. */
const arrivals = (): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { path } of receiver.requests) counts[path] = (counts[path] ?? 0) + 1;
  return counts;
};

const call = (ref: string) => ({ ref, type: 'http', method: 'POST', url: `${receiver.url}/${ref}`, json: {} });

async function typesOf(runId: string): Promise<string[]> {
  return (await neighbours.run(runId)).map((event) => event.type);
}

async function completedCalls(runId: string): Promise<string[]> {
  const events = await neighbours.run(runId);
  return events
    .filter((event) => event.type === 'StepCompleted')
    .map((event) => `/${(event.data as { ref: string }).ref}`);
}

/** One run in a process that dies at the given point, finished by an heir. */
async function runThatDiesAt(point: number, flow: { id: string }) {
  receiver.clear();
  const settings = testSettings(database.url);
  const runId = await neighbours.accept(flow);
  const events = await neighbours.accepted(runId);
  const mortal = new MortalRunner({ ...settings, instanceId: `mortal-${point}` }, point);
  await mortal.start();
  void mortal.deliver(events);
  const finished = waitFor(async () => (await typesOf(runId)).includes('RunFinished'), 20_000);
  await Promise.race([mortal.fate.died, finished]);
  const survived = !mortal.fate.dead;
  const done = await completedCalls(runId);
  const before = arrivals();
  await mortal.kill();

  const heir = new MortalRunner({ ...settings, instanceId: `heir-${point}` });
  await heir.start();
  // The bus delivers again what it does not know to be applied; a run that exists is left alone.
  await heir.deliver(events);
  await finished;
  await heir.stop();
  return { survived, runId, done, before };
}

test('FL-05: killed at every commit and every call, a run ends once, and what was recorded as done is not done again', {
  timeout: 120_000,
}, async () => {
  const flow = await neighbours.flowInRegistryOnly({
    steps: [
      { ref: 'web1', type: 'webhook' },
      call('one'),
      { ref: 'msg', type: 'set', values: { was: '{{ one.status }}' } },
      call('two'),
      { ref: 'nap', type: 'delay', for: 'PT0.05S' },
      { ref: 'e', type: 'emit', event: 'done', data: '{{ msg }}' },
    ],
  });
  let deaths = 0;
  for (;;) {
    const { survived, runId, done, before } = await runThatDiesAt(deaths + 1, flow);
    const types = await typesOf(runId);
    for (const once of ['RunStarted', 'EventEmitted', 'RunFinished']) {
      expect(types.filter((type) => type === once)).toEqual([once]);
    }
    expect(types.at(-1)).toBe('RunFinished');
    const after = arrivals();
    for (const path of done.filter((each) => each !== '/msg' && each !== '/nap'))
      expect([path, after[path]]).toEqual([path, before[path]]);
    // Only the call in flight at the death may have arrived twice, under the same key.
    expect(receiver.requests.length).toBeLessThanOrEqual(survived ? 2 : 3);
    expect(new Set(receiver.requests.map(({ path, headers }) => `${path} ${headers['idempotency-key']}`)).size).toBe(2);
    if (survived) break;
    deaths++;
  }
  expect(deaths).toBeGreaterThanOrEqual(12);
  const due = await database.pool.query('select id from runner.due');
  const unfinished = await database.pool.query(`select id from runner.runs where status <> 'succeeded'`);
  expect([due.rows, unfinished.rows]).toEqual([[], []]);
});

test('a runner that stops hands the run in flight over at once, without waiting for its lease', async () => {
  receiver.clear();
  let answers = 0;
  receiver.respond(() => ({ status: 200, body: '{}', delayMs: answers++ === 0 ? 5_000 : 0 }));
  const flow = await neighbours.flowInRegistryOnly({ steps: [{ ref: 'web1', type: 'webhook' }, call('slow')] });
  const runId = await neighbours.accept(flow);
  const first = new MortalRunner({ ...testSettings(database.url), instanceId: 'first' });
  await first.start();
  await first.deliver(await neighbours.accepted(runId));
  await receiver.waitFor(1);
  const second = new MortalRunner({ ...testSettings(database.url), instanceId: 'second' });
  await second.start();
  await first.stop();
  await waitFor(async () => (await typesOf(runId)).includes('RunFinished'));
  expect(await typesOf(runId)).toEqual(['RunStarted', 'StepStarted', 'StepStarted', 'StepCompleted', 'RunFinished']);
  expect(new Set(receiver.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  await second.stop();
  receiver.respond({ status: 200, body: '{}' });
});

test('a result that the database could not take at once is recorded later; the call is not made again', async () => {
  receiver.clear();
  const flow = await neighbours.flowInRegistryOnly({
    steps: [{ ref: 'web1', type: 'webhook' }, call('one'), call('two')],
  });
  const runId = await neighbours.accept(flow);
  const runner = new MortalRunner({ ...testSettings(database.url), instanceId: 'patient' });
  await runner.start();
  runner.troubles.push('none', 'refused', 'refused', 'refused', 'none', 'refused');
  await runner.deliver(await neighbours.accepted(runId));
  await waitFor(async () => (await typesOf(runId)).includes('RunFinished'));
  expect(arrivals()).toEqual({ '/one': 1, '/two': 1 });
  await runner.stop();
});

test('a commit whose answer was lost is found done, and the run ends once', async () => {
  receiver.clear();
  const flow = await neighbours.flowInRegistryOnly({
    steps: [{ ref: 'web1', type: 'webhook' }, call('one'), call('two')],
  });
  const runIds = await neighbours.acceptAll(Array.from({ length: 3 }, () => ({ flow })));
  for (const [index, runId] of runIds.entries()) {
    const runner = new MortalRunner({ ...testSettings(database.url), instanceId: `unsure-${index}` });
    await runner.start();
    runner.troubles.push(...Array.from({ length: index + 1 }, () => 'none' as const), 'answer lost');
    await runner.deliver(await neighbours.accepted(runId));
    await waitFor(async () => (await typesOf(runId)).includes('RunFinished'));
    const types = await typesOf(runId);
    expect(types.filter((type) => type === 'RunFinished')).toHaveLength(1);
    expect(types.filter((type) => type === 'StepCompleted')).toHaveLength(2);
    await runner.stop();
  }
  expect((await database.pool.query('select 1 from runner.due')).rowCount).toBe(0);
});

test('two runners share what comes due: each run wakes once and calls once', async () => {
  receiver.clear();
  const flow = await neighbours.flowInRegistryOnly({
    steps: [{ ref: 'web1', type: 'webhook' }, { ref: 'nap', type: 'delay', for: 'PT0.4S' }, call('one')],
  });
  const runIds = await neighbours.acceptAll(Array.from({ length: 60 }, () => ({ flow })));
  const runners = ['a', 'b'].map((name) => new MortalRunner({ ...testSettings(database.url), instanceId: name }));
  await Promise.all(runners.map((runner) => runner.start()));
  await runners[0]?.deliver((await Promise.all(runIds.map((id) => neighbours.accepted(id)))).flat());
  await waitFor(async () => (await Promise.all(runIds.map(typesOf))).every((types) => types.includes('RunFinished')));
  expect(new Set(receiver.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(60);
  expect(receiver.requests).toHaveLength(60);
  for (const runId of runIds) expect((await typesOf(runId)).filter((type) => type === 'RunResumed')).toHaveLength(1);
  await Promise.all(runners.map((runner) => runner.stop()));
});
