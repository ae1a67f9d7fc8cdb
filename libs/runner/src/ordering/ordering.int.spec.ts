import { Logger } from '@nestjs/common';
import { type RunFinished, timeOfId } from '@sluice/contracts';
import {
  createTestDatabase,
  recordingReceiver,
  type RecordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Neighbours, NEIGHBOURS, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;
let headers: { authorization: string };

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
  receiver.respond({ status: 204 });
});

afterAll(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

const WEBHOOK = { ref: 'web1', type: 'webhook' };
const call = () => ({ ref: 'res', type: 'http', url: `${receiver.url}/{{ web1.n }}`, method: 'POST' });

async function ended(runId: string): Promise<RunFinished> {
  return waitFor(async () => {
    const last = (await neighbours.run(runId)).at(-1);
    return last?.type === 'RunFinished' ? (last.data as RunFinished) : null;
  }, 20_000);
}

/** Sends the requests in one commit; `n` counts them. */
const send = (flow: { id: string }, keys: readonly (string | undefined)[]) =>
  neighbours.acceptAll(
    keys.map((orderingKey, n) => ({
      flow,
      accept: { body: { n }, ...(orderingKey === undefined ? {} : { orderingKey }) },
    })),
  );

async function nothingLeft(): Promise<void> {
  const { rows } = await database.pool.query(
    'select run_id from runner.ordered_runs union all select run_id from runner.ordering_heads',
  );
  expect(rows).toEqual([]);
}

const calls = () => receiver.requests.map(({ path }) => Number(path.slice(1)));

test('GW-10: runs of one key call one after another, in the order in which their requests were accepted', async () => {
  const flow = await neighbours.flow({ steps: [WEBHOOK, call()] });
  let open = 0;
  let most = 0;
  receiver.respond(async (_request, index) => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setTimeout(resolve, index % 3 === 0 ? 20 : 2));
    open--;
    return { status: 204 };
  });
  const runs = await send(
    flow,
    Array.from({ length: 30 }, () => 'one'),
  );
  await Promise.all(runs.map(ended));
  expect(calls()).toEqual(Array.from({ length: 30 }, (_, n) => n));
  expect(most).toBe(1);
  await nothingLeft();
});

test('GW-10: a run that waits holds its key; other keys and runs without one go past', async () => {
  const slow = await neighbours.flow({ steps: [WEBHOOK, { ref: 'nap', type: 'delay', for: 'PT1H' }, call()] });
  const quick = await neighbours.flow({ steps: [WEBHOOK, call()] });
  const [head] = await send(slow, ['held']);
  const [behind] = await send(quick, ['held']);
  const free = await send(quick, ['free', undefined]);
  await Promise.all(free.map(ended));
  expect(await neighbours.run(behind as string)).toEqual([]);
  const cancel = await fetch(`${running.url}/v1/runs/${head}/cancel`, {
    method: 'POST',
    headers,
  });
  expect(cancel.status).toBe(202);
  expect((await ended(behind as string)).status).toBe('succeeded');
  await nothingLeft();
});

test('GW-10: a head that fails releases the next; what is cancelled before its turn ends at once and holds up nobody', async () => {
  const failing = await neighbours.flow({ steps: [WEBHOOK, call(), { ref: 'f', type: 'fail', message: 'no' }] });
  const nap = await neighbours.flow({ steps: [WEBHOOK, { ref: 'nap', type: 'delay', for: 'PT1H' }] });
  const [first, second] = await send(failing, ['key', 'key']);
  expect([(await ended(first as string)).status, (await ended(second as string)).status]).toEqual(['failed', 'failed']);
  const [head] = await send(nap, ['key']);
  const [unwanted, last] = await send(failing, ['key', 'key']);
  await waitFor(async () => (await neighbours.run(head as string)).length > 0);
  const waiting = 'select 1 from runner.ordered_runs where run_id = any($1)';
  await waitFor(async () => (await database.pool.query(waiting, [[unwanted, last]])).rowCount === 2);
  const cancel = (id: string | undefined) =>
    fetch(`${running.url}/v1/runs/${id}/cancel`, { method: 'POST', headers }).then((answer) => answer.status);
  expect(await cancel(unwanted)).toBe(202);
  expect((await ended(unwanted as string)).status).toBe('cancelled');
  expect(await neighbours.run(last as string)).toEqual([]);
  expect(await cancel(head)).toBe(202);
  expect((await ended(last as string)).status).toBe('failed');
  await nothingLeft();
});

test('GW-10: runs that end at once go many in a commit, still in their order', async () => {
  const flow = await neighbours.flow({
    steps: [WEBHOOK, { ref: 'e', type: 'emit', event: 'seen', data: '{{ web1 }}' }],
  });
  const runs = await send(
    flow,
    Array.from({ length: 100 }, () => 'pure'),
  );
  await Promise.all(runs.map(ended));
  const { rows } = await database.pool.query<{ id: string; xid: string }>(
    `select stream_id as id, transaction_id::text as xid from runner.events
     where heads like '%EventEmitted%' and stream_id = any($1::uuid[]) order by epoch, transaction_id, position`,
    [runs],
  );
  expect(rows.map(({ id }) => id)).toEqual(runs);
  expect(new Set(rows.map(({ xid }) => xid)).size).toBeLessThan(20);
  expect(timeOfId(runs[0] as string)).toBeLessThanOrEqual(timeOfId(runs[99] as string));
});

test('a body over 256 KiB waits for its turn in libs/payloads, and a flow that is gone fails its runs alone', async () => {
  const { Payloads } = await import('@sluice/payloads');
  const payloads = new Payloads(neighbours.pool);
  const bytes = Buffer.from(JSON.stringify({ text: 'x'.repeat(300_000) }));
  const bodyPayloadId = await payloads.put(bytes);
  await neighbours.runner.commit({ appends: [], alongside: [payloads.reference([bodyPayloadId])] });
  const flow = await neighbours.flow({
    steps: [WEBHOOK, { ref: 'm', type: 'set', values: { size: '{{ web1.text | length }}' } }],
  });
  const gone = { id: '01900000-0000-7000-8000-000000000000' };
  const [lost, large] = await neighbours.acceptAll([
    { flow: gone, accept: { orderingKey: 'large' } },
    { flow, accept: { orderingKey: 'large', body: '', bodyKind: 'json', bodyPayloadId, bodySize: bytes.length } },
  ]);
  expect(await ended(lost as string)).toMatchObject({ status: 'failed', error: { code: 'flow_not_found' } });
  expect(await ended(large as string)).toMatchObject({ status: 'succeeded', result: { size: 300_000 } });
  await nothingLeft();
});
