import type { RunFinished, StepAnswered } from '@sluice/contracts';
import { LinkTokens } from '@sluice/sealed-values';
import {
  createTestDatabase,
  recordingReceiver,
  type RecordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunResource } from '../api/run-resource.ts';
import { KEYS, NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';
import { TriggersConsumer } from '../starting/triggers.consumer.ts';

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
beforeEach(() => receiver.clear());
afterAll(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

const ended = (runId: string): Promise<RunFinished> =>
  waitFor(async () => {
    const last = (await neighbours.run(runId)).at(-1);
    return last?.type === 'RunFinished' ? (last.data as RunFinished) : null;
  }, 30_000);

const typesOf = async (runId: string): Promise<string[]> => (await neighbours.run(runId)).map((event) => event.type);
const reached = (runId: string, type: string) =>
  waitFor(async () => (await typesOf(runId)).includes(type) || null, 30_000);

const WAIT = { ref: 'paid', type: 'wait_for_callback', timeout: 'PT1H' };
const ASK = { ref: 'ok', type: 'approval', timeout: 'PT1H' };

async function waiting(...steps: { ref: string; type: string; [field: string]: unknown }[]): Promise<string> {
  const runId = await neighbours.accept(await neighbours.flow({ steps }));
  await reached(runId, 'RunWaiting');
  return runId;
}

/** Decides by the API. */
async function decide(runId: string, ref: string, body: unknown, token = admin) {
  const response = await fetch(`${running.url}/v1/runs/${runId}/approvals/${encodeURIComponent(ref)}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as RunResource & { code: string } };
}

test('FL-02: an earlier step sends the link of the wait; what comes by it is the output of the step', async () => {
  const told = {
    ref: 'told',
    type: 'http',
    method: 'POST',
    url: `${receiver.url}/`,
    json: { reply: '{{ callbacks.paid }}' },
  };
  const runId = await waiting(told, WAIT, { ref: 'end', type: 'set', values: { sum: '{{ paid.sum }}' } });
  const { reply } = JSON.parse(receiver.requests[0]?.text ?? '{}') as { reply: string };
  expect(reply.startsWith(`${running.url}/resume/`)).toBe(true);
  const claim = new LinkTokens(KEYS).verify(reply.slice(reply.lastIndexOf('/') + 1));
  expect(claim).toMatchObject({ kind: 'callback', runId, step: 'paid' });
  expect(claim?.expiresAt).toBeGreaterThan(Date.now() / 1000 + 366 * 86_400);
  await neighbours.callback(runId, 'paid', { sum: 7 });
  expect(await ended(runId)).toMatchObject({ status: 'succeeded', result: { sum: 7 } });
});

test('FL-02: a callback that comes before its step waits is kept until it does', async () => {
  const runId = await waiting({ ref: 'nap', type: 'delay', for: 'PT0.5S' }, WAIT);
  await neighbours.callback(runId, 'paid', 'early');
  await reached(runId, 'StepAnswered');
  expect(await ended(runId)).toMatchObject({ status: 'succeeded', result: 'early' });
  expect(await typesOf(runId)).toEqual([
    'RunStarted',
    'RunWaiting',
    'StepAnswered',
    'RunResumed',
    'StepCompleted',
    'RunWaiting',
    'RunResumed',
    'StepCompleted',
    'RunFinished',
  ]);
});

test('FL-02: the first answer counts; one that is delivered twice, or after the end, changes nothing', async () => {
  const runId = await waiting(WAIT, { ref: 'nap', type: 'delay', for: 'PT1H' });
  const id = await neighbours.callback(runId, 'paid', 1);
  await reached(runId, 'StepCompleted');
  const events = await neighbours.accepted(id);
  const consumer = running.app.nest.get(TriggersConsumer, { strict: false });
  const nothing = { name: 'test_no_row', columns: ['int4'], sql: () => 'select 1' };
  await consumer.onTriggers({
    topic: 'gateway.events',
    group: 'runner',
    partition: 0,
    events: [...events, ...events],
    checkpoint: { alongside: () => ({ statement: nothing, rows: [] }), saveWith: () => Promise.resolve() },
    heartbeat: () => Promise.resolve(),
    signal: new AbortController().signal,
  });
  const answers = (await neighbours.run(runId)).filter((event) => event.type === 'StepAnswered');
  expect(answers.map((event) => (event.data as StepAnswered).answer)).toEqual([1]);
});

test('FL-02: a wait that nobody ends fails its step, or runs its onTimeout', async () => {
  const late = { ...WAIT, timeout: 'PT0.2S' };
  const end = { ref: 'end', type: 'set', values: { late: '{{ paid.error.code }}', note: '{{ note.text }}' } };
  const note = { ref: 'note', type: 'set', values: { text: 'nobody came' } };
  const failed = await waiting(late, end);
  expect(await ended(failed)).toMatchObject({ status: 'failed', error: { code: 'wait_timeout', ref: 'paid' } });
  const handled = await waiting({ ...late, onTimeout: [note] }, end);
  const result = { late: 'wait_timeout', note: 'nobody came' };
  expect(await ended(handled)).toMatchObject({ status: 'succeeded', result });
  const continued = await waiting(
    { ...late, onError: 'continue' },
    { ...end, values: { late: '{{ paid.error.code }}' } },
  );
  expect(await ended(continued)).toMatchObject({ status: 'succeeded', result: { late: 'wait_timeout' } });
  // A body that looks like the end of a wait is a body.
  const forged = await waiting({ ...WAIT, onTimeout: [note] }, { ...end, values: { note: '{{ note.text }}' } });
  await neighbours.callback(forged, 'paid', { ok: false, error: { code: 'wait_timeout' } });
  expect((await ended(forged)).result).toEqual({ note: null });
});

test('FL-02: a decision by the link says who was asked, and no run goes on without one', async () => {
  const runId = await waiting({ ...ASK, to: 'ann@example.org', message: 'Buy {{ 1 + 1 }}?' });
  await neighbours.callback(
    runId,
    'ok',
    { approved: false, comment: 'no', at: '2026-01-01T00:00:00.000Z', via: 'link' },
    'approval',
  );
  const result = { approved: false, by: 'ann@example.org', comment: 'no', at: '2026-01-01T00:00:00.000Z' };
  expect((await ended(runId)).result).toEqual(result);
});

test('FL-02: a decision by the API records the person; the first one counts', async () => {
  const runId = await waiting({ ...ASK, message: 'Buy?' }, { ref: 'nap', type: 'delay', for: 'PT1H' });
  const both = await Promise.all([
    decide(runId, 'ok', { decision: 'approve', comment: ' fine ' }),
    decide(runId, 'ok', { decision: 'approve', comment: ' fine ' }),
  ]);
  expect(both.map(({ status }) => status).sort()).toEqual([202, 409]);
  const [answered, ...more] = (await neighbours.run(runId)).filter((event) => event.type === 'StepAnswered');
  expect(more).toEqual([]);
  expect(answered?.meta.actor).toMatchObject({ type: 'token' });
  const output = { approved: true, comment: 'fine', by: expect.stringMatching(/^token:/), at: expect.any(String) };
  expect(answered?.data).toMatchObject({ ref: 'ok', answer: output });
  await reached(runId, 'StepCompleted');
  expect(await decide(runId, 'ok', { decision: 'reject' })).toMatchObject({
    status: 409,
    body: { code: 'already_decided' },
  });
  expect(await decide(runId, 'nap', { decision: 'reject' })).toMatchObject({
    status: 404,
    body: { code: 'approval_not_found' },
  });
  expect((await decide(runId, 'ok', { decision: 'maybe' })).status).toBe(422);
  expect((await decide(runId, 'ok', { decision: 'reject', comment: 'a\u0000' })).status).toBe(422);
});

test('FL-02: where the flow names approvers, others may not decide', async () => {
  await neighbours.token('operator-token', { scopes: ['automation'], userId: null });
  const runId = await waiting({ ...ASK, to: ['role:administrator', 'ann@example.org'] });
  const { rows } = await database.pool.query<{ id: string }>('select gen_random_uuid() as id');
  const userId = rows[0]?.id as string;
  await database.pool.query('insert into access.users (user_id, roles, active, generation) values ($1, $2, true, 1)', [
    userId,
    JSON.stringify([{ appId: null, role: 'operator' }]),
  ]);
  await neighbours.token('of-an-operator', { scopes: ['automation'], userId });
  expect(await decide(runId, 'ok', { decision: 'approve' }, 'of-an-operator')).toMatchObject({
    status: 403,
    body: { code: 'not_an_approver' },
  });
  const named = await waiting({ ...ASK, to: ['role:operator'] });
  expect((await decide(named, 'ok', { decision: 'approve' }, 'of-an-operator')).status).toBe(202);
  expect((await ended(named)).result).toMatchObject({ approved: true, by: userId });
});
