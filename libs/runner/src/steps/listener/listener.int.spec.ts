import type { RunFinished } from '@sluice/contracts';
import {
  createTestDatabase,
  type RecordedRequest,
  recordingReceiver,
  type RecordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Accept, type Neighbours, NEIGHBOURS, neighboursIn, SILENT, testSettings } from '../../runner.fixture.ts';
import { runnerService } from '../../runner.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = testSettings(database.url, { publicUrl: 'https://sluice.example', listenerTimeoutMs: 1_500 });
  running = await startServices({ services: [runnerService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = neighboursIn(running.app.nest);
  receiver = await recordingReceiver();
});
afterEach(() => receiver.clear());
afterAll(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

interface Call {
  listener: string;
  props: unknown;
  event: unknown;
  api: { url: string; token: string };
}

async function run(accept: Accept, step: Record<string, unknown> = {}): Promise<RunFinished> {
  const listener = { ref: 'listener', type: 'listener', url: `${receiver.url}/app`, name: 'onTodo', ...step };
  const flow = await neighbours.flow({ steps: [listener] }, { name: 'Listener onTodo', listener: 'onTodo' });
  const runId = await neighbours.accept(flow, { profile: 'listener', ...accept });
  return waitFor(async () => {
    const last = (await neighbours.run(runId)).at(-1);
    return last?.type === 'RunFinished' ? (last.data as RunFinished) : null;
  });
}

const mayList = async (token: string): Promise<number> =>
  (await fetch(`${running.url}/v1/runs`, { headers: { authorization: `Bearer ${token}` } })).status;

test('LN-06: the app gets listener, props, event and a token that works during the call and not after it', async () => {
  let during = 0;
  receiver.respond(async (request: RecordedRequest) => {
    during = await mayList((JSON.parse(request.text) as Call).api.token);
    return { status: 200, body: 'done' };
  });
  const finished = await run({ props: { a: [1] }, body: { todo: 7 } });
  expect(finished).toMatchObject({ status: 'succeeded', result: { status: 200, body: 'done' } });
  const call = JSON.parse(receiver.requests[0]?.text ?? '{}') as Call;
  expect(call).toEqual({
    listener: 'onTodo',
    props: { a: [1] },
    event: { todo: 7 },
    api: { url: 'https://sluice.example', token: expect.stringMatching(/^sluice_api_/) },
  });
  expect(receiver.requests[0]).toMatchObject({ method: 'POST', path: '/app' });
  expect(during).toBe(200);
  await waitFor(async () => (await mayList(call.api.token)) === 401);
});

test('LN-06: the token is lent for the app of the run and is nowhere in what is recorded', async () => {
  receiver.respond((request: RecordedRequest) => ({ status: 200, body: request.text }));
  await run({ body: {} });
  const { api } = JSON.parse(receiver.requests[0]?.text ?? '{}') as Call;
  const { rows } = await database.pool.query('select data from runner.events where data like $1', [`%${api.token}%`]);
  expect(rows).toEqual([]);
  const tokens = await database.pool.query(
    `select app_id, scopes, deleted, expires_at < now() + interval '1 minute' as short from access.tokens where kind = 'call'`,
  );
  for (const row of tokens.rows) {
    expect(row).toEqual({ app_id: expect.any(String), scopes: 'automation', deleted: true, short: true });
  }
});

test.each([201, 204, 302, 404, 500])('LN-06: exactly 200 is success: %i fails the run', async (status) => {
  receiver.respond({ status });
  expect(await run({})).toMatchObject({ status: 'failed', error: { code: 'listener_failed' } });
});

test('LN-07: a listener that does not answer in time fails the run, and so does one that may not be called', async () => {
  receiver.respond({ status: 200, delayMs: 3_000 });
  expect(await run({})).toMatchObject({ status: 'failed', error: { code: 'deadline' } });
  expect(await run({}, { url: 'http://10.1.2.3/' })).toMatchObject({ status: 'failed' });
  expect(await run({}, { url: 'nonsense' })).toMatchObject({ status: 'failed', error: { code: 'invalid_request' } });
});

test('a call that is repeated is told by its idempotency key', async () => {
  receiver.respond(() => ({ status: receiver.requests.length === 1 ? 503 : 200 }));
  const retry = { maxAttempts: 2, backoff: 'PT0.01S' };
  expect(await run({}, { retry })).toMatchObject({ status: 'succeeded' });
  expect(new Set(receiver.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  expect(receiver.requests).toHaveLength(2);
});
