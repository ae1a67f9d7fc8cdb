import { newId, type StepCompleted } from '@sluice/contracts';
import { Payloads } from '@sluice/payloads';
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
  await neighbours.token('stranger-token', { appId: newId(), scopes: ['admin'] });
  receiver = await recordingReceiver();
});
afterAll(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

const fetched = (runId: string, payloadId: string, token = admin): Promise<Response> =>
  fetch(`${running.url}/v1/runs/${runId}/files/${payloadId}`, { headers: { authorization: `Bearer ${token}` } });
const over = (runId: string) =>
  waitFor(async () => ((await neighbours.run(runId)).at(-1)?.type === 'RunFinished' ? true : null), 30_000);

test('a file that a step put out is downloaded as bytes, never opened as a page', async () => {
  const page = '<script>alert(1)</script>';
  receiver.respond({ status: 200, headers: { 'content-type': 'text/html' }, body: page });
  const flow = await neighbours.flow({
    steps: [
      { ref: 'web', type: 'webhook' },
      { ref: 'report', type: 'http', url: `${receiver.url}/`, answer: 'file' },
      { ref: 'no', type: 'fail', message: 'no' },
    ],
  });
  const runId = await neighbours.accept(flow);
  await over(runId);
  const step = (await neighbours.run(runId)).find(({ type }) => type === 'StepCompleted');
  const [payloadId = ''] = (step?.data as StepCompleted | undefined)?.payloads ?? [];
  const answer = await fetched(runId, payloadId);
  expect([answer.status, await answer.text()]).toEqual([200, page]);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${payloadId}"`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
  });
  expect((await fetched(runId, payloadId, 'stranger-token')).status).toBe(404);
  // A retry has taken the step over, and its file with it.
  const again = await fetch(`${running.url}/v1/runs/${runId}/retry`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}` },
  });
  const retry = ((await again.json()) as { id: string }).id;
  await over(retry);
  expect((await fetched(retry, payloadId)).status).toBe(200);
});

test('a file that came with the request is downloaded; one that a flow merely names is not there', async () => {
  const [own = '', foreign = ''] = await new Payloads(database.pool).putAll([
    Buffer.from('mine'),
    Buffer.from('theirs'),
  ]);
  const flow = await neighbours.flow({
    steps: [
      { ref: 'web', type: 'webhook' },
      { ref: 'm', type: 'set', values: { payloadId: foreign, payloads: [foreign] } },
    ],
  });
  const runId = await neighbours.accept(flow, { fileIds: [own] });
  await over(runId);
  expect(await (await fetched(runId, own)).text()).toBe('mine');
  for (const id of [foreign, newId(), 'x']) {
    const answer = await fetched(runId, id);
    expect([answer.status, await answer.json()]).toEqual([404, expect.objectContaining({ code: 'file_not_found' })]);
  }
});
