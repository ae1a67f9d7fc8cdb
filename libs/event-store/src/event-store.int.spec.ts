import { newId } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EventStore } from './event-store.ts';
import { eventTablesSql } from './event-tables.ts';

let database: TestDatabase;
let store: EventStore;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query('create schema runner');
  for (const sql of eventTablesSql('runner', ['runner.events', 'runner.answers'], { partitioned: true })) {
    await database.pool.query(sql);
  }
  store = new EventStore({
    service: 'runner',
    topics: ['runner.events', 'runner.answers'],
    connection: { connectionString: database.url },
    partitioned: true,
    logger: console,
  });
  await store.start();
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

const meta = { correlationId: 'c', causationId: null };

it('reads back what was appended, with its body, in reading order', async () => {
  const a = newId();
  const { events } = await store.append(a, 0, [
    { type: 'A', appId: 'app', data: { n: 1 }, meta, body: Buffer.from('hallo') },
    { type: 'B', appId: null, data: [1, '\u0000\ud800'], meta, partitionKey: 'k' },
  ]);
  expect(await store.read(a)).toEqual(events);
  expect(await store.readAfter('runner.events', null, 10)).toEqual(events);
  expect(await store.head('runner.events')).toEqual(events[1]?.position);
  await expect(store.append(a, 1, [{ type: 'A', appId: null, data: 1, meta }])).rejects.toThrow(
    'not at version 1 but at 2',
  );
  await expect(store.append(a, 3, [{ type: 'A', appId: null, data: 1, meta }])).rejects.toThrow(
    'not at version 3 but at 2',
  );
});
