import { newId } from '@sluice/contracts';
import { EventStore } from '@sluice/event-store';
import { migrate } from '@sluice/platform';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { QueryRunner } from 'typeorm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runnerService } from '../runner.service.ts';
import { PackedEvents1764000440000 } from './1764000440000-packed-events.ts';

let database: TestDatabase;
let store: EventStore;

beforeAll(async () => {
  database = await createTestDatabase({
    template: { name: 'runner packed events', prepare: (url) => migrate(url, [runnerService], []) },
  });
  store = new EventStore({
    service: 'runner',
    topics: runnerService.topics,
    connection: { connectionString: database.url },
    partitioned: true,
  });
  await store.start();
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

test('0500: what was written before the migration is read after it, and it is not taken back under rows of several events', async () => {
  const runner = { query: async (sql: string) => (await database.pool.query(sql)).rows } as unknown as QueryRunner;
  const migration = new PackedEvents1764000440000();
  const id = newId();
  await migration.down(runner);
  await database.pool.query(
    `insert into runner.events (epoch, stream_id, version, type, type_version, occurred_at, data, meta)
     select 1, $1, version, 'Old', 1, now(), '{}', '{}' from generate_series(1, 3) as version`,
    [id],
  );
  await migration.up(runner);
  const meta = { correlationId: id, causationId: null };
  const events = ['A', 'B'].map((type) => ({ type, appId: null, data: {}, meta }));
  await store.append(id, 3, events);
  expect((await store.read(id)).map(({ type, version }) => [type, version])).toEqual([
    ['Old', 1],
    ['Old', 2],
    ['Old', 3],
    ['A', 4],
    ['B', 5],
  ]);
  await expect(migration.down(runner)).rejects.toThrow('rows of several events');
  expect(await store.read(id)).toHaveLength(5);
});
