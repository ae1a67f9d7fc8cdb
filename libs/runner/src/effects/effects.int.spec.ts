import type { RunFinished, StepCompleted, StepFailed, StepStarted } from '@sluice/contracts';
import { derivedId } from '@sluice/contracts';
import {
  createTestDatabase,
  hostileReceiver,
  recordingReceiver,
  type RecordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MAX_ANSWER_BYTES } from '../runs/run-limits.ts';
import { NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startServices({
    services: [runnerService, ...NEIGHBOURS],
    settings: testSettings(database.url),
    logger: SILENT,
  });
  neighbours = neighboursIn(running.app.nest);
  receiver = await recordingReceiver();
});

afterEach(() => {
  receiver.clear();
  receiver.respond({ status: 204 });
});

afterAll(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

const WEBHOOK = { ref: 'web1', type: 'webhook' };
const call = (more: Record<string, unknown> = {}) => ({
  ref: 'res',
  type: 'http',
  method: 'POST',
  url: `${receiver.url}/hook`,
  ...more,
});

function ended(runId: string): Promise<RunFinished> {
  return waitFor(async () => {
    const last = (await neighbours.run(runId)).at(-1);
    return last?.type === 'RunFinished' ? (last.data as RunFinished) : null;
  });
}

const dataOf = async <T>(runId: string, type: string): Promise<T[]> =>
  (await neighbours.run(runId)).filter((event) => event.type === type).map((event) => event.data as T);

describe('an http step', () => {
  test('FL-05: waiting for a slow commit is not computing: the step whose start took 600 ms to store is performed', async () => {
    const flow = await neighbours.flow({ steps: [WEBHOOK, call({ json: { n: '{{ web1.n }}' } })] });
    const slow = await database.pool.connect();
    try {
      await slow.query('begin');
      await slow.query('lock table runner.events in exclusive mode');
      const id = await neighbours.accept(flow, { body: { n: 7 } });
      await sleep(600);
      await slow.query('commit');
      expect(await ended(id)).toMatchObject({ status: 'succeeded', error: null });
    } finally {
      slow.release();
    }
  });

  test('sends what the flow says with its idempotency key, and puts out the parsed answer', async () => {
    receiver.respond({ status: 201, headers: { 'content-type': 'application/json' }, body: '{"made": [1, 2]}' });
    const flow = await neighbours.flow({
      steps: [
        WEBHOOK,
        call({
          url: `${receiver.url}/{{ web1.path }}`,
          headers: { 'x-n': '{{ web1.n }}' },
          json: { n: '{{ web1.n }}' },
        }),
      ],
    });
    const runId = await neighbours.accept(flow, { body: { n: 4, path: 'a/b' } });
    expect((await ended(runId)).result).toMatchObject({ ok: true, status: 201, body: { made: [1, 2] } });
    expect(receiver.requests).toMatchObject([
      {
        method: 'POST',
        path: '/a/b',
        text: '{"n":4}',
        headers: {
          'x-n': '4',
          'content-type': 'application/json',
          'idempotency-key': derivedId('step', runId, 'res'),
          'user-agent': 'Sluice',
        },
      },
    ]);
    const { rows } = await database.pool.query('select status from runner.runs where id = $1', [runId]);
    expect(rows).toEqual([{ status: 'succeeded' }]);
  });

  test('is tried again after a 503 with the same key, and the run goes on with the later answer', async () => {
    receiver.respond(() => ({ status: receiver.requests.length === 1 ? 503 : 200, body: 'fine' }));
    const flow = await neighbours.flow({ steps: [WEBHOOK, call({ retry: { maxAttempts: 3, backoff: 'PT0.05S' } })] });
    const runId = await neighbours.accept(flow);
    expect((await ended(runId)).result).toMatchObject({ ok: true, status: 200, body: 'fine' });
    expect(receiver.requests).toHaveLength(2);
    expect(new Set(receiver.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(await dataOf<StepFailed>(runId, 'StepFailed')).toMatchObject([
      { attempt: 1, error: { code: 'http_status' }, output: { status: 503 } },
    ]);
    expect((await dataOf<StepStarted>(runId, 'StepStarted')).map((each) => each.attempt)).toEqual([1, 2]);
  });

  test('ends at its own time limit, and the step fails', async () => {
    const hanging = await hostileReceiver({ kind: 'never-answers' });
    const flow = await neighbours.flow({ steps: [WEBHOOK, call({ url: hanging.url, timeout: 'PT0.2S' })] });
    const finished = await ended(await neighbours.accept(flow));
    expect(finished).toMatchObject({
      status: 'failed',
      error: { ref: 'res', message: expect.stringContaining('timeout') },
    });
    await hanging.close();
  });

  test('with onError continue leaves the decision to the flow', async () => {
    const flow = await neighbours.flow({
      steps: [
        WEBHOOK,
        call({ url: 'http://127.0.0.1:1/', onError: 'continue' }),
        { ref: 'm', type: 'set', values: { ok: '{{ res.ok }}' } },
      ],
    });
    expect(await ended(await neighbours.accept(flow))).toMatchObject({ status: 'succeeded', result: { ok: false } });
  });

  test('DL-07: does not reach a private address, and is not tried again for it', async () => {
    const flow = await neighbours.flow({
      steps: [WEBHOOK, call({ url: 'http://10.0.0.1/', retry: { maxAttempts: 5, backoff: 'PT1S' } })],
    });
    const runId = await neighbours.accept(flow);
    expect(await ended(runId)).toMatchObject({
      status: 'failed',
      error: { ref: 'res', message: expect.stringContaining('address') },
    });
    expect(await dataOf(runId, 'StepFailed')).toHaveLength(1);
  });

  test('with an answer that is too large to keep fails clearly', async () => {
    receiver.respond({ status: 200, body: 'x'.repeat(MAX_ANSWER_BYTES + 1) });
    const flow = await neighbours.flow({ steps: [WEBHOOK, call()] });
    expect(await ended(await neighbours.accept(flow))).toMatchObject({
      error: { code: 'answer_too_large', ref: 'res', message: expect.stringContaining('"answer": "file"') },
    });
  });

  test.each([262_144, MAX_ANSWER_BYTES])('with an answer of %i bytes goes on, also after a wait', async (size) => {
    receiver.respond({ status: 200, body: 'x'.repeat(size) });
    const nap = { ref: 'nap', type: 'delay', for: 'PT0.2S' };
    const length = { ref: 'n', type: 'set', values: '{{ res.body | length }}' };
    const flow = await neighbours.flow({ steps: [WEBHOOK, call(), nap, length] });
    const runId = await neighbours.accept(flow);
    expect(await ended(runId)).toMatchObject({ status: 'succeeded', result: size });
    const [res] = (await dataOf<StepCompleted>(runId, 'StepCompleted')).filter(({ ref }) => ref === 'res');
    expect(res).toMatchObject({ output: { filename: 'res.json', size: expect.any(Number) }, outputStored: true });
  });

  test('gets its secrets when it is sent; no event and no answer that echoes one holds it', async () => {
    await neighbours.secret('api_key', 'very-secret-value');
    receiver.respond((request) => ({ status: 200, body: `you sent ${request.headers.authorization}` }));
    const flow = await neighbours.flow({
      steps: [WEBHOOK, call({ headers: { authorization: 'Bearer {{ secrets.api_key }}' } })],
    });
    const runId = await neighbours.accept(flow);
    expect((await ended(runId)).result).toMatchObject({ body: 'you sent Bearer ***' });
    expect(receiver.requests[0]?.headers.authorization).toBe('Bearer very-secret-value');
    expect((await neighbours.run(runId)).map((event) => event.dataJson).join()).not.toContain('very-secret');
  });

  test('that names a secret which does not exist fails before anything is sent', async () => {
    const flow = await neighbours.flow({ steps: [WEBHOOK, call({ headers: { 'x-k': '{{ secrets.missing }}' } })] });
    const finished = await ended(await neighbours.accept(flow));
    expect(finished.error).toEqual({ code: 'secret_not_found', message: 'there is no secret missing', ref: 'res' });
    expect(receiver.requests).toEqual([]);
  });
});

test('a delay holds nothing in memory and goes on when its time has come', async () => {
  const flow = await neighbours.flow({
    steps: [
      WEBHOOK,
      { ref: 'nap', type: 'delay', for: 'PT0.3S' },
      { ref: 'm', type: 'set', values: { slept: '{{ nap.until }}' } },
    ],
  });
  const runId = await neighbours.accept(flow, { replyTo: 'gateway-1' });
  const waiting = async () =>
    (await database.pool.query('select status from runner.runs where id = $1', [runId])).rows[0]?.status;
  expect(await waitFor(async () => (await waiting()) === 'waiting')).toBe(true);
  const finished = await ended(runId);
  expect(Date.parse(finished.finishedAt) - Date.parse(finished.startedAt)).toBeGreaterThanOrEqual(300);
  expect(await waiting()).toBe('succeeded');
  expect(await dataOf(runId, 'RunResumed')).toHaveLength(1);
  const answered = await neighbours.runner.read(derivedId('answer', runId, ''), { topic: 'runner.answers' });
  expect(answered).toHaveLength(1);
});

test('a flow whose receiver hangs does not hold up the others', async () => {
  const hanging = await hostileReceiver({ kind: 'never-answers' });
  const stuck = await neighbours.flow({ steps: [WEBHOOK, call({ url: hanging.url, timeout: 'PT5M' })] });
  const healthy = await neighbours.flow({ steps: [WEBHOOK, call()] });
  await neighbours.acceptAll(Array.from({ length: 600 }, () => ({ flow: stuck })));
  const startedMs = performance.now();
  const ids = await neighbours.acceptAll(Array.from({ length: 20 }, () => ({ flow: healthy })));
  await Promise.all(ids.map(ended));
  expect(performance.now() - startedMs).toBeLessThan(60_000);
  await database.pool.query('delete from runner.due');
  await hanging.close();
});

test('no due row is left when runs have ended', async () => {
  await waitFor(async () => (await database.pool.query('select 1 from runner.due')).rowCount === 0);
  expect((await database.pool.query('select id from runner.due')).rows).toEqual([]);
});
