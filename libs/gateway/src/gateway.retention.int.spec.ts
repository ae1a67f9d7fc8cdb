import { newId, timeOfId } from '@sluice/contracts';
import type { EventStore } from '@sluice/event-store';
import { storeToken } from '@sluice/platform';
import { RetentionWorker } from '@sluice/retention';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NEIGHBOURS, SILENT, testSettings } from './gateway.fixture.ts';
import { GATEWAY_RETENTION } from './gateway.retention.ts';
import { gatewayService } from './gateway.service.ts';

let database: TestDatabase;
let running: RunningServices;
let store: EventStore;

beforeAll(async () => {
  database = await createTestDatabase();
  const services = [gatewayService, ...NEIGHBOURS];
  running = await startServices({ services, settings: testSettings(database.url), logger: SILENT });
  store = running.app.nest.get<EventStore>(storeToken('gateway'), { strict: false });
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

async function sweep() {
  const worker = new RetentionWorker({
    service: 'gateway',
    topics: gatewayService.topics,
    rules: GATEWAY_RETENTION,
    store,
    pool: database.pool,
    days: 30,
    isKafka: false,
    owner: 'test',
    logger: SILENT,
  });
  return await worker.sweep();
}

it('the day of a request is kept while its run is queued or unfinished, and what was published long ago is forgotten', async () => {
  const id = newId(Date.now() - 33 * 86_400_000);
  const day = new Date(timeOfId(id)).toISOString().slice(0, 10);
  const meta = { correlationId: id, causationId: null };
  await store.append(id, 0, [{ type: 'TriggerAccepted', appId: null, data: {}, meta }]);
  // The columns of the runner's tables that count here.
  for (const table of ['due', 'schedules']) {
    await database.pool.query(`create table runner.${table} (id uuid primary key)`);
  }
  await database.pool.query('create table runner.ordered_runs (run_id uuid primary key)');
  await database.pool.query('insert into runner.ordered_runs values ($1)', [id]);
  await database.pool.query(
    `insert into gateway.published_events (key, stream_id, accepted_at)
     select sha256(n::text::bytea), $1, now() - n * interval '1 day' from generate_series(1, 40) n`,
    [newId()],
  );
  expect(await sweep()).toEqual({
    dropped: [],
    kept: { [day]: 'queued_runs' },
    pruned: { 'gateway.published_events': 11 },
  });
  await database.pool.query('delete from runner.ordered_runs');
  await database.pool.query('insert into runner.due values ($1)', [id]);
  expect(await sweep()).toMatchObject({ kept: { [day]: 'unfinished_runs' } });
  // The row of a schedule has the id of its schedule, which may be years old.
  await database.pool.query('insert into runner.schedules values ($1)', [id]);
  expect(await sweep()).toMatchObject({ dropped: [day] });
});
