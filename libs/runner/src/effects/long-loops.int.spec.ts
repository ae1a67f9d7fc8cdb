import type { RunFinished, StoredOutput } from '@sluice/contracts';
import {
  createTestDatabase,
  recordingReceiver,
  type RecordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunResource } from '../api/run-resource.ts';
import { NEIGHBOURS, type Neighbours, neighboursIn, SILENT, testSettings } from '../runner.fixture.ts';
import { runnerService } from '../runner.service.ts';

const ITEMS = 2_100;
const WEBHOOK = { ref: 'web', type: 'webhook' };

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

const get = (path: string) => fetch(`${running.url}${path}`, { headers: { authorization: `Bearer ${admin}` } });
const ended = (runId: string): Promise<RunFinished> =>
  waitFor(async () => {
    const last = (await neighbours.run(runId)).at(-1);
    return last?.type === 'RunFinished' ? (last.data as RunFinished) : null;
  }, 60_000);
/** A call for each item, whose answers are more than a run can hold; then something that reads the list. */
const loop = (...then: object[]) => [
  WEBHOOK,
  {
    ref: 'each',
    type: 'foreach',
    in: '{{ range(web.n) }}',
    parallel: 50,
    steps: [{ ref: 'call', type: 'http', url: receiver.url }],
  },
  ...then,
];

test('FL-02: a loop whose calls put out more than 1 MiB ends; its list is a file of the run, and a retry reads it', async () => {
  receiver.respond({ status: 200, headers: { 'content-type': 'text/plain' }, body: 'x'.repeat(700) });
  const read = { ref: 'read', type: 'set', values: '{{ each | map(attribute="status") | sum }}' };
  const check = { ref: 'check', type: 'fail', if: '{{ web.bad }}', message: 'bad' };
  const flow = await neighbours.flow({ steps: loop(read, check) as never });
  const runId = await neighbours.accept(flow, { body: { n: ITEMS, bad: true } });
  expect(await ended(runId)).toMatchObject({ status: 'failed', error: { ref: 'check' } });
  expect(receiver.requests).toHaveLength(ITEMS);

  const shown = (await (await get(`/v1/runs/${runId}`)).json()) as RunResource;
  expect(shown.steps).toHaveLength(2_000);
  // The webhook, the loop, one step that read the list and one that failed come to the items.
  expect(shown.stepsOmitted).toBe(ITEMS + 4 - 2_000);
  expect(shown.steps.at(-2)).toMatchObject({ ref: 'read', output: 200 * ITEMS });
  const { output } = shown.steps.find(({ ref }) => ref === 'each') as { output: StoredOutput };
  const file = await get(`/v1/runs/${runId}/files/${output.payloadId}`);
  const list = (await file.json()) as { status: number }[];
  expect([list.length, list.at(-1)?.status]).toEqual([ITEMS, 200]);

  const again = await fetch(`${running.url}/v1/runs/${runId}/retry`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ from: 'read', input: { n: ITEMS, bad: false } }),
  });
  const { id } = (await again.json()) as RunResource;
  expect(await ended(id)).toMatchObject({ status: 'succeeded' });
  expect((await ended(id)).error).toBeNull();
  expect(receiver.requests).toHaveLength(ITEMS);
  expect((await get(`/v1/runs/${id}/files/${output.payloadId}`)).status).toBe(200);
});

test('FL-02: a run whose last step is such a loop has the file as its result, computed or called for', async () => {
  const texts = {
    ref: 'each',
    type: 'foreach',
    in: '{{ range(5) }}',
    steps: [{ ref: 's', type: 'set', values: '{{ "x" * 90000 }}' }],
  };
  const runId = await neighbours.accept(await neighbours.flow({ steps: [WEBHOOK, texts] as never }));
  const { result } = (await ended(runId)) as { result: StoredOutput };
  const file = await get(`/v1/runs/${runId}/files/${result.payloadId}`);
  expect(await file.json()).toEqual(Array.from({ length: 5 }, () => 'x'.repeat(90_000)));
});
