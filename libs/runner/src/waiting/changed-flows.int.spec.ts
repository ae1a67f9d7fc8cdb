import { Logger } from '@nestjs/common';
import type { FlowDefinition, FlowState, RunFinished } from '@sluice/contracts';
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

beforeAll(async () => {
  Logger.overrideLogger(SILENT);
  database = await createTestDatabase();
  receiver = await recordingReceiver();
  await startAgain();
});
afterAll(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

/** A process that knows nothing but what is stored. */
async function startAgain(): Promise<void> {
  await running?.close();
  const settings = testSettings(database.url);
  running = await startServices({ services: [runnerService, ...NEIGHBOURS], settings, logger: SILENT });
  const before = neighbours;
  neighbours = neighboursIn(running.app.nest);
  if (before) neighbours.continueFrom(before);
}

const WEB = { ref: 'web', type: 'webhook' };
const set = (values: unknown) => ({ ref: 'out', type: 'set', values });
/** One flow for each way to wait. */
const WAITS: Record<string, (url: string) => FlowDefinition['steps']> = {
  callback: () => [WEB, { ref: 'w', type: 'wait_for_callback' }, set('old {{ w }}')],
  approval: () => [WEB, { ref: 'w', type: 'approval' }, set('old {{ w }}')],
  delay: () => [WEB, { ref: 'w', type: 'delay', for: 'PT3S' }, set('old {{ 7 }}')],
  retry: (url) => [
    WEB,
    { ref: 'w', type: 'http', url: `${url}/{{ run.id }}`, retry: { maxAttempts: 2, backoff: 'PT3S' } },
    set('old {{ 7 }}'),
  ],
};
const CHANGES: Record<string, (flow: FlowState) => Promise<void>> = {
  saved: (flow) =>
    neighbours.append(flow.id, 'FlowUpdated', {
      flow: { ...flow, version: 2, publishedVersion: 2 },
      definition: { steps: [WEB, { ref: 'other', type: 'fail', message: 'new' }] },
    }),
  paused: (flow) => neighbours.append(flow.id, 'FlowStatusChanged', { flow: { ...flow, status: 'paused' } }),
  deleted: (flow) => neighbours.append(flow.id, 'FlowDeleted', { flow }),
};

const ended = (runId: string): Promise<RunFinished> =>
  waitFor(async () => {
    const last = (await neighbours.run(runId)).at(-1);
    return last?.type === 'RunFinished' ? (last.data as RunFinished) : null;
  }, 60_000);
/** Waits for an answer, or for the time of its next attempt. */
const waits = (runId: string) =>
  waitFor(async () => ['RunWaiting', 'StepFailed'].includes((await neighbours.run(runId)).at(-1)?.type ?? ''), 60_000);

test('FL-05: runs that wait end by the version they began with, whatever becomes of the flow, also after a restart', {
  timeout: 120_000,
}, async () => {
  receiver.respond(({ path }) => {
    const isFirst = receiver.requests.filter((each) => each.path === path).length === 1;
    return { status: isFirst ? 503 : 200 };
  });
  const cases = Object.keys(WAITS).flatMap((wait) => Object.keys(CHANGES).map((change) => ({ wait, change })));
  const runs = await Promise.all(
    cases.map(async ({ wait, change }) => {
      const steps = (WAITS[wait] as (url: string) => FlowDefinition['steps'])(receiver.url);
      const flow = await neighbours.flow({ steps });
      return { wait, change, flow, runId: await neighbours.accept(flow) };
    }),
  );
  await Promise.all(runs.map(({ runId }) => waits(runId)));
  await Promise.all(runs.map(({ change, flow }) => (CHANGES[change] as (flow: FlowState) => Promise<void>)(flow)));
  await startAgain();
  for (const { wait, runId } of runs) {
    if (wait === 'callback') await neighbours.callback(runId, 'w', 7);
    if (wait === 'approval')
      await neighbours.callback(runId, 'w', { approved: true, by: null, comment: '7', at: '' }, 'approval');
  }
  const finished = await Promise.all(runs.map(({ runId }) => ended(runId)));
  const shown = finished.map(
    ({ status, result }, index) => `${runs[index]?.change} ${status} ${String(result).slice(0, 4)}`,
  );
  expect(shown).toEqual(cases.map(({ change }) => `${change} succeeded old `));
});

test('FL-05, LC-05: a run that is still queued gets the version of the time it begins, also of a paused flow; of a deleted one it fails', async () => {
  const headers = { authorization: `Bearer ${await neighbours.admin()}` };
  const nap = { ref: 'nap', type: 'delay', for: 'PT1H' };
  const queued = await Promise.all(
    Object.entries(CHANGES).map(async ([change, apply]) => {
      const flow = await neighbours.flow({
        steps: [
          WEB,
          { ref: 'w', type: 'wait_for_callback', if: '{{ web.first }}' },
          { ...nap, if: '{{ web.first }}' },
          set('old'),
        ],
        concurrency: { limit: 1, whenFull: 'queue' },
      });
      const first = await neighbours.accept(flow, { body: { first: true } });
      await waits(first);
      const second = await neighbours.accept(flow, { body: {} });
      const waiting = 'select 1 from runner.ordered_runs where run_id = $1';
      await waitFor(async () => (await database.pool.query(waiting, [second])).rowCount === 1, 30_000);
      await apply(flow);
      await fetch(`${running.url}/v1/runs/${first}/cancel`, { method: 'POST', headers });
      return { change, end: await ended(second) };
    }),
  );
  expect(queued).toMatchObject([
    { change: 'saved', end: { status: 'failed', error: { message: 'new' } } },
    { change: 'paused', end: { status: 'succeeded', result: 'old' } },
    { change: 'deleted', end: { status: 'failed', error: { code: 'flow_not_found' } } },
  ]);
});
