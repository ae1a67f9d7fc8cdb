import type { RunFinished } from '@sluice/contracts';
import { newId } from '@sluice/contracts';
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
import { NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';

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

async function retry(
  id: string,
  body: unknown = {},
): Promise<{ status: number; body: RunResource & { code: string } }> {
  const response = await fetch(`${running.url}/v1/runs/${id}/retry`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as RunResource & { code: string } };
}

const ended = (runId: string): Promise<RunFinished> =>
  waitFor(async () => {
    const last = (await neighbours.run(runId)).at(-1);
    return last?.type === 'RunFinished' ? (last.data as RunFinished) : null;
  }, 30_000);

const typesOf = async (runId: string): Promise<string[]> => (await neighbours.run(runId)).map((event) => event.type);

/** Tells about itself, calls /one, fails when the input is bad, and calls /two. */
const steps = (url = receiver.url, note = 'first') => [
  { ref: 'web1', type: 'webhook' },
  { ref: 'told', type: 'emit', event: 'order.seen', data: '{{ web1 }}' },
  { ref: 'one', type: 'http', url: `${url}/one` },
  {
    ref: 'check',
    type: 'condition',
    branches: [{ when: '{{ web1.bad }}', steps: [{ ref: 'stop', type: 'fail', message: 'bad order' }] }],
  },
  { ref: 'two', type: 'http', url: `${url}/two` },
  {
    ref: 'end',
    type: 'set',
    values: { note, was: '{{ one.status }}', said: '{{ trigger.headers.x }}', in: '{{ web1 }}' },
  },
];

async function failedRun(): Promise<{ id: string; flowId: string }> {
  const flow = await neighbours.flow({ steps: steps() });
  const id = await neighbours.accept(flow, { body: { bad: true, n: 1 }, headers: { x: 'y' } });
  expect((await ended(id)).status).toBe('failed');
  return { id, flowId: flow.id };
}

test('FL-06: a retry begins with the step that failed; what was done is not done again', async () => {
  const { id } = await failedRun();
  expect(receiver.requests.map(({ path }) => path)).toEqual(['/one']);
  const { status, body } = await retry(id);
  expect([status, body.retryOf]).toEqual([202, id]);
  expect(body.id).not.toBe(id);
  expect(await ended(body.id)).toMatchObject({ status: 'failed', error: { code: 'failed_by_flow', ref: 'stop' } });
  expect(receiver.requests).toHaveLength(1);
  expect(await typesOf(body.id)).not.toContain('EventEmitted');
  const [first, told] = await neighbours.run(body.id);
  expect(first?.meta).toMatchObject({ correlationId: id, causationId: id, actor: { type: 'token' } });
  expect(told?.data).toMatchObject({ ref: 'told', takenFrom: id, output: { eventId: expect.any(String) } });
});

test('FL-06: from any step with another input; outputs of the steps before stay, those after are made anew', async () => {
  const { id } = await failedRun();
  const { body } = await retry(id, { from: 'check', input: { bad: false, n: 2 } });
  expect((await ended(body.id)).result).toEqual({ note: 'first', was: 204, said: 'y', in: { bad: false, n: 2 } });
  expect(receiver.requests.map(({ path }) => path)).toEqual(['/one', '/two']);
  const again = await retry(body.id, { from: 'one' });
  expect(again.body.retryOf).toBe(body.id);
  expect((await ended(again.body.id)).status).toBe('succeeded');
  expect(receiver.requests.map(({ path }) => path)).toEqual(['/one', '/two', '/one', '/two']);
});

test('FL-06: another input without a step begins with the first one', async () => {
  const { id } = await failedRun();
  const { body } = await retry(id, { input: { bad: false } });
  expect((await ended(body.id)).status).toBe('succeeded');
  expect(await typesOf(body.id)).toContain('EventEmitted');
  expect(receiver.requests.map(({ path }) => path)).toEqual(['/one', '/one', '/two']);
});

test('FL-06: the original version unless the current one, or any other, is asked for', async () => {
  const { id, flowId } = await failedRun();
  const flow = { ...(await neighbours.flow({ steps: steps() })), id: flowId };
  await neighbours.append(flowId, 'FlowUpdated', {
    flow: { ...flow, version: 2 },
    definition: { steps: steps(receiver.url, 'second').filter(({ ref }) => ref !== 'check') },
  });
  await neighbours.append(flowId, 'FlowPublished', { flow: { ...flow, version: 2, publishedVersion: 2 } });
  const current = await retry(id, { version: 'current' });
  expect(await ended(current.body.id)).toMatchObject({ flowVersion: 2, result: { note: 'second' } });
  expect(await ended((await retry(id)).body.id)).toMatchObject({ flowVersion: 1, status: 'failed' });
  const named = await retry(current.body.id, { version: 1, input: {} });
  expect(await ended(named.body.id)).toMatchObject({ flowVersion: 1, result: { note: 'first' } });
  expect(await retry(id, { version: 9 })).toMatchObject({ status: 422, body: { code: 'unknown_flow_version' } });
  const gone = await retry(id, { version: 'current', from: 'check' });
  expect(gone).toMatchObject({ status: 422, body: { code: 'step_not_in_version' } });
  const there = await retry(id, { version: 'current', from: 'one' });
  expect(await ended(there.body.id)).toMatchObject({ flowVersion: 2, result: { note: 'second' } });
});

test('FL-06: an input of a megabyte is kept beside the run, and used again', async () => {
  const { id } = await failedRun();
  const text = 'x'.repeat(1_000_000);
  const { body } = await retry(id, { from: 'end', input: { text } });
  expect(body.code).toBe('step_not_reached');
  const large = await retry(id, { input: { bad: true, text } });
  await ended(large.body.id);
  const again = await retry(large.body.id);
  expect(again.body.input).toEqual({ bad: true, text });
});

test('FL-06: what cannot be retried says why', async () => {
  const { id, flowId } = await failedRun();
  const napping = await neighbours.flow({ steps: [{ ref: 'nap', type: 'delay', for: 'PT1H' }] });
  const asleep = await neighbours.accept(napping);
  await waitFor(async () => (await typesOf(asleep)).length > 0);
  expect(await retry(asleep)).toMatchObject({ status: 409, body: { code: 'run_not_finished' } });
  expect(await retry(newId())).toMatchObject({ status: 404, body: { code: 'run_not_found' } });
  expect(await retry('nonsense')).toMatchObject({ status: 404 });
  expect(await retry(id, { from: 'two' })).toMatchObject({ status: 422, body: { code: 'step_not_reached' } });
  for (const body of [{ from: 7 }, { version: 'latest' }, { version: 0 }, { version: 1e12 }, { other: 1 }, []]) {
    expect(await retry(id, body)).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
  }
  const flow = { ...napping, id: flowId };
  await neighbours.append(flowId, 'FlowUpdated', {
    flow: { ...flow, status: 'paused', version: 2 },
    definition: { steps: steps() },
  });
  expect(await retry(id)).toMatchObject({ status: 409, body: { code: 'flow_paused' } });
});

test('FL-06, GW-10: a retry keeps its ordering key: it waits for its turn and can be looked at meanwhile', async () => {
  const flow = await neighbours.flow({
    steps: [
      { ref: 'web1', type: 'webhook' },
      { ref: 'nap', type: 'delay', for: '{{ web1.nap }}' },
    ],
  });
  const [first, second] = await neighbours.acceptAll([
    { flow, accept: { body: { nap: 'nonsense' }, orderingKey: 'k1' } },
    { flow, accept: { body: { nap: 'PT1H' }, orderingKey: 'k1' } },
  ]);
  await ended(first as string);
  await waitFor(async () => (await typesOf(second as string)).length > 0);
  const { body } = await retry(first as string, { input: { nap: 'PT0S' } });
  expect(body).toMatchObject({ status: 'queued', retryOf: first, input: { nap: 'PT0S' } });
  const show = async (path: string, method = 'GET') => {
    const answer = await fetch(`${running.url}/v1/runs/${path}`, {
      method,
      headers: { authorization: `Bearer ${admin}` },
    });
    return (await answer.json()) as RunResource;
  };
  expect(await show(body.id)).toMatchObject({ id: body.id, status: 'queued', retryOf: first });
  await show(`${second}/cancel`, 'POST');
  expect((await ended(body.id)).status).toBe('succeeded');
});

test('FL-06: a dry run says which version and steps a retry would take, finds what is wrong, and starts nothing', async () => {
  const { id } = await failedRun();
  const rehearse = async (body: unknown) => {
    const response = await fetch(`${running.url}/v1/runs/${id}/retry?dryRun=true`, {
      method: 'POST',
      headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { response, body: (await response.json()) as RunResource & { code: string } };
  };
  const { response, body } = await rehearse({});
  expect([response.status, response.headers.get('sluice-dry-run'), response.headers.get('location')]).toEqual([
    202,
    'true',
    null,
  ]);
  expect(body).toMatchObject({ status: 'queued', number: null, flowVersion: 1, retryOf: id });
  expect(body.steps.map(({ ref, takenFrom }) => [ref, takenFrom])).toEqual([
    ['told', id],
    ['one', id],
    ['check', id],
  ]);
  expect((await rehearse({ from: 'two' })).body.code).toBe('step_not_reached');
  expect((await rehearse({ version: 9 })).body.code).toBe('unknown_flow_version');
  expect((await rehearse({ input: { n: 'x'.repeat(300_000) } })).body.steps).toEqual([]);
  const { rows } = await database.pool.query('select 1 from runner.runs where retry_of = $1', [id]);
  expect(rows).toEqual([]);
  expect(await neighbours.run(body.id)).toEqual([]);
});
