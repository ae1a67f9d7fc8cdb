import {
  createTestDatabase,
  recordingReceiver,
  type RecordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';
import type { RunResource } from './run-resource.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;
let admin: string;

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

type Answer = RunResource & { code: string; errors: { pointer: string }[] };

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: Answer }> {
  const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' };
  const sent =
    body === undefined
      ? { headers: { authorization: headers.authorization } }
      : { headers, body: JSON.stringify(body) };
  const response = await fetch(`${running.url}${path}`, { method, ...sent });
  return { status: response.status, body: (await response.json()) as Answer };
}
const ended = (id: string): Promise<Answer> =>
  waitFor(async () => {
    const { body } = await ask('GET', `/v1/runs/${id}`);
    return body.finishedAt ? body : null;
  }, 30_000);

/** A flow that calls somebody, makes something of the answer, and calls again. */
const calling = () =>
  neighbours.flow({
    steps: [
      { ref: 'web', type: 'webhook' },
      { ref: 'res', type: 'http', url: `${receiver.url}/first` },
      { ref: 'sum', type: 'set', values: { total: '{{ (res.body.n or 0) + web.n }}' } },
      { ref: 'end', type: 'http', url: `${receiver.url}/last` },
    ],
    response: { status: '200', body: '{{ end.status }}' },
  });

describe('CO-01: a test of a draft', () => {
  test('runs one step alone: nothing before it is called, and nothing after it', async () => {
    receiver.clear();
    const flow = await calling();
    const test = { mode: 'draft', input: { n: 1 }, step: 'sum', outputs: { res: { body: { n: 41 } } } };
    const { status, body } = await ask('POST', `/v1/flows/${flow.id}/run`, test);
    expect([status, body.mode]).toEqual([202, 'draft']);
    const run = await ended(body.id);
    expect(run).toMatchObject({ status: 'succeeded', result: { total: 42 } });
    expect(run.steps.map(({ ref, given }) => [ref, given])).toEqual([
      ['web', undefined],
      ['res', true],
      ['sum', undefined],
    ]);
    expect(receiver.requests).toEqual([]);
  });

  test('runs a step with an effect in earnest, and goes on over a look at the database without the rest', async () => {
    receiver.clear();
    const flow = await calling();
    const { body } = await ask('POST', `/v1/flows/${flow.id}/run`, { mode: 'draft', step: 'res' });
    const run = await ended(body.id);
    expect(run).toMatchObject({ status: 'succeeded', result: { status: 204 } });
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/first']);
    const again = await ask('POST', `/v1/runs/${run.id}/retry`, { from: 'res' });
    expect((await ended(again.body.id)).steps.map(({ ref }) => ref)).toEqual(['web', 'res']);
  });

  test('runs all but the steps whose outputs are given', async () => {
    receiver.clear();
    const flow = await calling();
    const { body } = await ask('POST', `/v1/flows/${flow.id}/run`, {
      mode: 'draft',
      input: { n: 1 },
      outputs: { res: {} },
    });
    expect((await ended(body.id)).status).toBe('succeeded');
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/last']);
  });

  test('is refused with pointers for live runs and for what the draft has not', async () => {
    const flow = await calling();
    const refused = async (test: unknown) => {
      const { status, body } = await ask('POST', `/v1/flows/${flow.id}/run`, test);
      return [status, ...(body.errors ?? []).map(({ pointer }) => pointer)];
    };
    expect(await refused({ step: 'sum', outputs: {} })).toEqual([422, '/step', '/outputs']);
    expect(await refused({ mode: 'draft', step: 'nope' })).toEqual([422, '/step']);
    expect(await refused({ mode: 'draft', outputs: { nope: 1 } })).toEqual([422, '/outputs/nope']);
    expect(await refused({ mode: 'draft', outputs: [] })).toEqual([422, '/outputs']);
    expect(await refused({ mode: 'draft', outputs: null })).toEqual([422, '/outputs']);
    expect(await refused({ mode: 'draft', outputs: { res: 'x'.repeat(300_000) } })).toEqual([422, '/outputs/res']);
    expect(await refused({ mode: 'draft', step: 7 })).toEqual([422, '/step']);
  });
});

describe('FL-06: a run and its retries', () => {
  test('name each other', async () => {
    const flow = await neighbours.flow({
      steps: [
        { ref: 'web', type: 'webhook' },
        { ref: 'no', type: 'fail', message: 'no' },
      ],
    });
    const id = await neighbours.accept(flow);
    await ended(id);
    const [first, second] = [await ask('POST', `/v1/runs/${id}/retry`), await ask('POST', `/v1/runs/${id}/retry`, {})];
    await Promise.all([ended(first.body.id), ended(second.body.id)]);
    expect((await ended(id)).retriedAs).toEqual([second.body.id, first.body.id].sort().reverse());
    expect((await ended(first.body.id)).retryOf).toBe(id);
    const list = await ask('GET', `/v1/runs?retryOf=${id}`);
    const { items } = list.body as unknown as { items: RunResource[] };
    expect(items.map((run) => [run.retryOf, run.flowId])).toEqual([
      [id, flow.id],
      [id, flow.id],
    ]);
    expect((await ask('GET', '/v1/runs?retryOf=x')).status).toBe(422);
  });

  test('LT-09: lists the runs of one trigger', async () => {
    const flow = await neighbours.flow({ steps: [{ ref: 'web', type: 'webhook' }] });
    const id = await neighbours.accept(flow);
    await neighbours.accept(flow);
    const { triggerId } = await ended(id);
    const { body } = await ask('GET', `/v1/runs?flowId=${flow.id}&triggerId=${triggerId}`);
    const { items } = body as unknown as { items: RunResource[] };
    expect(items.length).toBeGreaterThan(0);
    expect(new Set(items.map((run) => run.triggerId))).toEqual(new Set([triggerId]));
  });
});
