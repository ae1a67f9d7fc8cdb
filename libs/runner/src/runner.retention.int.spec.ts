import { Logger } from '@nestjs/common';
import { DEFAULT_APP_ID } from '@sluice/access';
import { type EventEmitted, newId, timeOfId } from '@sluice/contracts';
import { type EventStore } from '@sluice/event-store';
import { storeToken } from '@sluice/platform';
import { RetentionWorker } from '@sluice/retention';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Neighbours, NEIGHBOURS, neighboursIn, SILENT, testSettings } from './runner.fixture.ts';
import { RUNNER_RETENTION } from './runner.retention.ts';
import { runnerService } from './runner.service.ts';

const DAY_MS = 86_400_000;
const AGE_DAYS = 33;
let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;

beforeAll(async () => {
  Logger.overrideLogger(SILENT);
  database = await createTestDatabase();
  const settings = testSettings(database.url);
  running = await startServices({ services: [runnerService, ...NEIGHBOURS], settings, logger: SILENT });
  neighbours = neighboursIn(running.app.nest);
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

/** A sweep by the runner's rules, so many days from now. */
async function sweep(inDays = 0) {
  const worker = new RetentionWorker({
    service: 'runner',
    topics: runnerService.topics,
    rules: RUNNER_RETENTION,
    store: running.app.nest.get<EventStore>(storeToken('runner'), { strict: false }),
    pool: neighbours.pool,
    days: 30,
    isKafka: false,
    owner: 'test',
    logger: SILENT,
    now: () => Date.now() + inDays * DAY_MS,
  });
  const report = await worker.sweep();
  if (!report) throw new Error('somebody else sweeps');
  return report;
}

/** Sweeps until consumers are no reason any more to keep the day: they save their place a moment later. */
const swept = (inDays = 0) =>
  waitFor(async () => {
    const report = await sweep(inDays);
    return Object.values(report.kept).some((need) => /^un(read|processed)/.test(need)) ? null : report;
  }, 30_000);

const typesOf = async (runId: string) => (await neighbours.run(runId)).map(({ type }) => type);
const ended = (runId: string) => waitFor(async () => (await typesOf(runId)).at(-1) === 'RunFinished', 30_000);
const dayOf = (id: string) => new Date(timeOfId(id)).toISOString().slice(0, 10);

test('a day is kept while a run of it waits, the run goes on, emits, and is listed for as long as any other, then the day goes', async () => {
  const flow = await neighbours.flow({
    steps: [
      { ref: 'cb', type: 'wait_for_callback', timeout: 'P60D' },
      { ref: 'out', type: 'emit', event: 'order.shipped' },
    ],
  });
  const runId = await neighbours.acceptAt(newId(Date.now() - AGE_DAYS * DAY_MS), flow);
  await waitFor(async () => (await typesOf(runId)).includes('RunWaiting'), 30_000);
  expect((await swept()).kept).toEqual({ [dayOf(runId)]: 'unfinished_runs' });
  await neighbours.callback(runId, 'cb', { ok: true });
  await ended(runId);
  expect((await swept()).kept).toEqual({ [dayOf(runId)]: 'listed_runs' });
  // Where it is recorded, the days of long ago are gone: the event has an id of the time it was emitted at.
  const emitted = (await neighbours.run(runId)).find(({ type }) => type === 'EventEmitted')?.data as EventEmitted;
  expect(timeOfId(emitted.eventId)).toBe(Date.parse(emitted.emittedAt));
  const last = await swept(31);
  expect(last.dropped).toContain(dayOf(runId));
  expect(last.pruned).toMatchObject({ 'runner.runs': 1 });
  expect(await typesOf(runId)).toEqual([]);
});

test('a day is kept for a run that waits for its turn', async () => {
  const runId = newId(Date.now() - 40 * DAY_MS);
  await database.pool.query(
    `insert into runner.ordered_runs (run_id, ordering_key, bytes, pending) values ($1, $2, 2, '{}')`,
    [runId, `${DEFAULT_APP_ID}/held`],
  );
  await database.pool.query('insert into runner.ordering_heads (ordering_key, run_id) values ($1, $2)', [
    `${DEFAULT_APP_ID}/held`,
    newId(),
  ]);
  await database.pool.query(
    `create table if not exists runner.events_p${dayOf(runId).replaceAll('-', '')} (like runner.events)`,
  );
  expect((await swept()).kept).toMatchObject({ [dayOf(runId)]: 'queued_runs' });
  await database.pool.query('delete from runner.ordered_runs');
  expect((await swept()).dropped).toEqual([dayOf(runId)]);
  await database.pool.query('delete from runner.ordering_heads');
});
