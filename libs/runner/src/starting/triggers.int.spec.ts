import type { RunAnswered, RunFinished, RunStarted } from '@sluice/contracts';
import { derivedId, newId } from '@sluice/contracts';
import { Payloads } from '@sluice/payloads';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';
import { TriggersConsumer } from './triggers.consumer.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startServices({
    services: [runnerService, ...NEIGHBOURS],
    settings: testSettings(database.url),
    logger: SILENT,
  });
  neighbours = neighboursIn(running.app.nest);
});

afterAll(async () => {
  await running?.close();
  await database?.drop();
});

const ECHO = {
  steps: [
    { ref: 'web1', type: 'webhook' },
    { ref: 'msg', type: 'set', values: { n: '{{ web1.n }}' } },
    { ref: 'e', type: 'emit', event: 'seen', data: '{{ msg }}' },
  ],
};

/** The end of a run, once it is stored. */
function ended(runId: string): Promise<RunFinished> {
  return waitFor(async () => {
    const last = (await neighbours.run(runId)).at(-1);
    return last?.type === 'RunFinished' ? (last.data as RunFinished) : null;
  });
}

async function answerOf(runId: string): Promise<RunAnswered> {
  const events = await waitFor(async () => {
    const found = await neighbours.runner.read(derivedId('answer', runId, ''), { topic: 'runner.answers' });
    return found.length > 0 ? found : null;
  });
  return events[0]?.data as RunAnswered;
}

test('an accepted trigger becomes a run with its id, in one append, with its row', async () => {
  const flow = await neighbours.flow(ECHO, { number: 17 });
  const runId = await neighbours.accept(flow, { body: { n: 5 } });
  expect(await ended(runId)).toMatchObject({ status: 'succeeded', flowNumber: 17, flowVersion: 1 });
  const events = await neighbours.run(runId);
  expect(events.map((event) => event.type)).toEqual(['RunStarted', 'StepCompleted', 'EventEmitted', 'RunFinished']);
  expect(new Set(events.map((event) => event.position.transactionId)).size).toBe(1);
  expect(events[2]?.data).toMatchObject({ type: 'seen', data: { n: 5 } });
  const { rows } = await database.pool.query('select status, flow_id, finished_at from runner.runs where id = $1', [
    runId,
  ]);
  expect(rows).toMatchObject([{ status: 'succeeded', flow_id: flow.id }]);
});

test('events of a run carry the request as their cause, and its trace', async () => {
  const flow = await neighbours.flow(ECHO);
  const runId = await neighbours.accept(flow);
  await ended(runId);
  const [first] = await neighbours.run(runId);
  expect(first?.meta).toMatchObject({
    correlationId: runId,
    causationId: runId,
    traceparent: expect.stringContaining('aaaa'),
  });
  expect(first?.data).toMatchObject({ requestId: runId });
});

test('bad flows and bodies fail their own runs; the others of the batch are run', async () => {
  const good = await neighbours.flow(ECHO);
  const broken = await neighbours.flow({ steps: [{ ref: 'x', type: 'set', values: { a: '{{ nope' } }] });
  const failing = await neighbours.flow({ steps: [{ ref: 'x', type: 'set', values: { a: '{{ 1 / 0 }}' } }] });
  const unknown = { id: newId() };
  const requests = Array.from({ length: 400 }, (_, index) => {
    if (index % 4 === 0) return { flow: good, accept: { body: { n: index } } };
    if (index % 4 === 1) return { flow: broken };
    if (index % 4 === 2) return { flow: index % 8 === 2 ? failing : unknown };
    return { flow: good, accept: { body: '{"broken": ', bodyKind: 'json' as const } };
  });
  const ids = await neighbours.acceptAll(requests);
  const codes = await Promise.all(ids.map(async (id) => (await ended(id)).error?.code ?? 'fine'));
  const counts: Record<string, number> = {};
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  expect(counts).toEqual({ fine: 100, flow_invalid: 100, template_error: 50, flow_not_found: 50, malformed_json: 100 });
});

test('a batch that is delivered twice starts each of its runs once', async () => {
  const flow = await neighbours.flow(ECHO);
  const ids = await neighbours.acceptAll(
    Array.from({ length: 20 }, () => ({ flow, accept: { replyTo: 'gateway-1' } })),
  );
  await Promise.all(ids.map(ended));
  const consumer = running.app.nest.get(TriggersConsumer, { strict: false });
  const fresh = await neighbours.flow(ECHO);
  const late = await neighbours.acceptAll([{ flow: fresh }]);
  const events = (await Promise.all([...ids, ...late].map((id) => neighbours.accepted(id)))).flat();
  const nothing = { name: 'test_nothing', columns: ['int4'], sql: () => 'select 1' };
  await consumer.onTriggers({
    topic: 'gateway.events',
    group: 'runner',
    partition: 0,
    events,
    checkpoint: { alongside: () => ({ statement: nothing, rows: [] }), saveWith: () => Promise.resolve() },
    heartbeat: () => Promise.resolve(),
    signal: new AbortController().signal,
  });
  for (const id of [...ids, ...late]) {
    const types = (await neighbours.run(id)).map((event) => event.type);
    expect(types).toEqual(['RunStarted', 'StepCompleted', 'EventEmitted', 'RunFinished']);
  }
});

test('a flow that has not been copied yet is read from the registry', async () => {
  const flow = await neighbours.flowInRegistryOnly(ECHO, { number: 99 });
  const runId = await neighbours.accept(flow, { body: { n: 1 } });
  expect(await ended(runId)).toMatchObject({
    status: 'succeeded',
    flowNumber: 99,
    result: { eventId: expect.any(String) },
  });
});

test('live runs the published version, draft the latest one, and a flow never published runs as it was saved', async () => {
  const define = (text: string) => ({ steps: [{ ref: 'm', type: 'set', values: { text } }] });
  const flow = await neighbours.flow(define('one'));
  const saved = { flow: { ...flow, version: 2 }, definition: define('two') };
  await neighbours.append(flow.id, 'FlowUpdated', saved);
  const draft = await neighbours.flow(define('draft'), { status: 'draft', publishedVersion: null });
  const results = async (mode: 'live' | 'draft', of = flow) =>
    (await ended(await neighbours.accept(of, { mode }))).result;
  expect(await results('draft')).toEqual({ text: 'two' });
  expect(await results('live')).toEqual({ text: 'one' });
  expect(await results('live', draft)).toEqual({ text: 'draft' });
  await neighbours.append(flow.id, 'FlowPublished', { flow: { ...saved.flow, publishedVersion: 2 } });
  expect(await results('live')).toEqual({ text: 'two' });
});

test('a deleted flow fails its runs as flow_not_found', async () => {
  const flow = await neighbours.flow(ECHO);
  await ended(await neighbours.accept(flow));
  await neighbours.append(flow.id, 'FlowDeleted', { flow });
  const after = await ended(await neighbours.accept(flow));
  expect(after).toMatchObject({ status: 'failed', error: { code: 'flow_not_found' } });
});

test('the caller who waits gets the response of the flow, or why there is none', async () => {
  const flow = await neighbours.flow({
    ...ECHO,
    response: { mode: 'sync', status: '{{ 201 if web1.n else 404 }}', body: '{"n": {{ web1.n or 0 }}}' },
  });
  const failing = await neighbours.flow({ steps: [{ ref: 'f', type: 'fail', message: 'no' }] });
  const waiting = { replyTo: 'gateway-7' };
  const [ok, missing, failed] = await neighbours.acceptAll([
    { flow, accept: { ...waiting, body: { n: 3 } } },
    { flow, accept: waiting },
    { flow: failing, accept: waiting },
  ]);
  expect(await answerOf(ok as string)).toEqual({
    runId: ok,
    replyTo: 'gateway-7',
    runStatus: 'succeeded',
    status: 201,
    contentType: 'application/json',
    body: '{"n": 3}',
    error: null,
  });
  expect(await answerOf(missing as string)).toMatchObject({ status: 404, body: '{"n": 0}' });
  expect(await answerOf(failed as string)).toMatchObject({
    status: 500,
    runStatus: 'failed',
    error: { code: 'failed_by_flow' },
  });
});

test('nobody waits: nothing is answered', async () => {
  const runId = await neighbours.accept(await neighbours.flow(ECHO));
  await ended(runId);
  expect(await neighbours.runner.read(derivedId('answer', runId, ''), { topic: 'runner.answers' })).toEqual([]);
});

test('a body over 256 KiB is read from where it was put, and not written again', async () => {
  const flow = await neighbours.flow({
    steps: [
      { ref: 'web1', type: 'webhook' },
      { ref: 'm', type: 'set', values: { n: '{{ web1.list | length }}', last: '{{ web1.list[-1] }}' } },
    ],
  });
  const bytes = Buffer.from(JSON.stringify({ list: Array.from({ length: 60_000 }, (_, index) => index) }));
  const bodyPayloadId = await new Payloads(database.pool).put(bytes);
  const runId = await neighbours.accept(flow, { body: '', bodyKind: 'json', bodySize: bytes.length, bodyPayloadId });
  expect(await ended(runId)).toMatchObject({ status: 'succeeded', result: { n: 60_000, last: 59_999 } });
  const [first] = await neighbours.run(runId);
  expect(first?.data as RunStarted).toMatchObject({ input: null, inputPayload: { id: bodyPayloadId, kind: 'json' } });
});

test.each([10, 300_000])(
  'LC-10: a multipart body with a file of %i bytes is read as the gateway read it',
  async (size) => {
    const flow = await neighbours.flow({
      steps: [
        { ref: 'web1', type: 'webhook' },
        { ref: 'm', type: 'set', values: { a: '{{ web1.a }}', file: '{{ web1.doc }}' } },
      ],
    });
    const part = (header: string, value: string) =>
      `--x\r\nContent-Disposition: form-data; ${header}\r\n\r\n${value}\r\n`;
    const body = Buffer.from(`${part('name=a', '1')}${part('name=doc; filename=d.txt', 'y'.repeat(size))}--x--`);
    const stored = new Payloads(database.pool);
    const fileIds = await stored.putAll([Buffer.from('y'.repeat(size))]);
    const large = size > 100_000;
    const runId = await neighbours.accept(flow, {
      body: large ? '' : body.toString(),
      bodyKind: 'multipart',
      contentType: 'multipart/form-data; boundary=x',
      fileIds,
      ...(large ? { bodySize: body.length, bodyPayloadId: await stored.put(body) } : {}),
    });
    const file = { filename: 'd.txt', contentType: 'application/octet-stream', size, payloadId: fileIds[0] };
    expect(await ended(runId)).toMatchObject({ status: 'succeeded', result: { a: '1', file } });
  },
);

test('LC-09: profile flow merges body and query into the output of the webhook step, the body wins', async () => {
  const flow = await neighbours.flow({
    steps: [
      { ref: 'web1', type: 'webhook' },
      { ref: 'nap', type: 'delay', for: 'PT0.01S' },
      {
        ref: 'm',
        type: 'set',
        values: { all: '{{ web1 }}', body: '{{ trigger.body }}', query: '{{ trigger.query }}' },
      },
    ],
  });
  const query = { company_id: '7', source: 'crm', tag: ['a', 'b'] };
  const small = { profile: 'flow' as const, query, body: { company_id: 9 } };
  const bytes = Buffer.from(JSON.stringify({ company_id: 9 }));
  const bodyPayloadId = await new Payloads(database.pool).put(bytes);
  const large = { profile: 'flow' as const, query, body: '', bodyKind: 'json' as const, bodyPayloadId };
  for (const accept of [small, large]) {
    const runId = await neighbours.accept(flow, accept);
    const { result } = await ended(runId);
    expect(result).toEqual({ all: { company_id: 9, source: 'crm', tag: ['a', 'b'] }, body: { company_id: 9 }, query });
  }
  const native = await ended(await neighbours.accept(flow, { query, body: { company_id: 9 } }));
  expect(native.result).toMatchObject({ all: { company_id: 9 }, body: { company_id: 9 } });
});

test('runs are numbered uniquely', async () => {
  const flow = await neighbours.flow(ECHO);
  const ids = await neighbours.acceptAll(Array.from({ length: 250 }, () => ({ flow })));
  await Promise.all(ids.map(ended));
  const { rows } = await database.pool.query(
    'select count(*)::int as runs, count(distinct number)::int as numbers from runner.runs',
  );
  expect(rows[0]?.runs).toBeGreaterThanOrEqual(250);
  expect(rows[0]?.numbers).toBe(rows[0]?.runs);
});
