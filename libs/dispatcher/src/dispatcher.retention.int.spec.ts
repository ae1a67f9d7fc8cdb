import { newId, timeOfId } from '@sluice/contracts';
import type { EventStore } from '@sluice/event-store';
import { storeToken } from '@sluice/platform';
import { RetentionWorker } from '@sluice/retention';
import {
  createTestDatabase,
  type RecordingReceiver,
  recordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from './dispatcher.fixture.ts';
import { DISPATCHER_RETENTION } from './dispatcher.retention.ts';
import { dispatcherService } from './dispatcher.service.ts';

const DAY_MS = 86_400_000;
let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;

beforeEach(async () => {
  database = await createTestDatabase();
  const services = [dispatcherService, ...NEIGHBOURS];
  running = await startServices({ services, settings: testSettings(database.url), logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  receiver = await recordingReceiver();
});
afterEach(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

/** Sweeps until consumers are no reason any more to keep a day: they save their place a moment later. */
const swept = () =>
  waitFor(async () => {
    const worker = new RetentionWorker({
      service: 'dispatcher',
      topics: dispatcherService.topics,
      rules: DISPATCHER_RETENTION,
      store: running.app.nest.get<EventStore>(storeToken('dispatcher'), { strict: false }),
      pool: neighbours.pool,
      days: 30,
      isKafka: false,
      owner: 'test',
      logger: SILENT,
    });
    const report = await worker.sweep();
    const isEarly = Object.values(report?.kept ?? {}).some((need) => /^un(read|processed)/.test(need));
    return isEarly ? null : report;
  }, 30_000);

it('a day is kept while a delivery of one of its events is retried, and goes with its end', async () => {
  receiver.respond({ status: 503 });
  const endpoint = await neighbours.endpoint({ url: receiver.url, retrySchedule: ['PT0S', 'PT1H'] });
  await neighbours.settled();
  const eventId = newId(Date.now() - 33 * DAY_MS);
  const day = new Date(timeOfId(eventId)).toISOString().slice(0, 10);
  await neighbours.emit(1, { eventId });
  await waitFor(
    async () => (await neighbours.attempts()).length === 1 && (await neighbours.due()).length === 1,
    30_000,
  );
  expect(await swept()).toMatchObject({ dropped: [], kept: { [day]: 'pending_deliveries' } });
  await neighbours.change(endpoint, { enabled: false });
  await waitFor(async () => (await neighbours.due()).length === 0, 30_000);
  expect(await swept()).toMatchObject({ dropped: [day], kept: {} });
});

it('a replay that is looking for its events keeps every day; keys and replays that are old go', async () => {
  await neighbours.emit(1, { eventId: newId(Date.now() - 33 * DAY_MS) });
  await waitFor(async () => (await neighbours.recorded()).length === 1, 30_000);
  const { pool } = database;
  const app = newId();
  await pool.query(
    `insert into dispatcher.replays (id, app_id, query, state, created_at, finished_at) values
       ($1, $3, '{}', 'running', now(), null), ($2, $3, '{}', 'finished', now(), now() - interval '31 days')`,
    [newId(), newId(), app],
  );
  await pool.query(
    `insert into dispatcher.event_keys (app_id, key, event_id, recorded_at)
     select $1, sha256(n::text::bytea), $2, now() - n * interval '1 day' from generate_series(1, 40) n`,
    [app, newId()],
  );
  const kept = await swept();
  expect(Object.values(kept?.kept ?? {})).toEqual(['running_replays']);
  expect(kept?.pruned).toEqual({ 'dispatcher.event_keys': 11, 'dispatcher.replays': 1 });
  await pool.query(`update dispatcher.replays set state = 'finished', finished_at = now()`);
  expect((await swept())?.dropped).toHaveLength(1);
});
