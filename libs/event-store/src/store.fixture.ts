import { newId, type ServiceName, type Topic } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { Client, type ClientBase } from 'pg';
import type { AlongsideStatement, NewEvent, Position, StoredEvent } from './event-store.contract.ts';
import { EventStore, type EventStoreSettings } from './event-store.ts';
import { eventTablesSql } from './event-tables.ts';

/** What the tests of this lib append to: a service with two topics, and tables that statements alongside write. */
export const SERVICE: ServiceName = 'runner';
export const TOPICS: readonly Topic[] = ['runner.events', 'runner.answers'];

export async function createTables(client: ClientBase, partitioned = true): Promise<void> {
  await client.query('create schema runner');
  for (const statement of eventTablesSql(SERVICE, TOPICS, { partitioned })) await client.query(statement);
  await client.query('create table runner.keys (key text primary key, stream_id uuid)');
  await client.query('create table runner.counters (name text primary key, value int not null)');
}

/** A template for createTestDatabase. */
export const TEMPLATE = {
  name: 'event-store runner 4',
  async prepare(url: string): Promise<void> {
    await withClient(url, createTables);
  },
};

export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  client.on('error', (error) => console.warn(`test client: ${error.message}`));
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export async function openStore(url: string, settings: Partial<EventStoreSettings> = {}): Promise<EventStore> {
  const store = new EventStore({
    service: SERVICE,
    topics: TOPICS,
    connection: { connectionString: url },
    partitioned: true,
    ...settings,
  });
  await store.start();
  return store;
}

/** A store on a database of its own, until it is removed. */
export async function freshStore(): Promise<{ database: TestDatabase; store: EventStore; remove(): Promise<void> }> {
  const database = await createTestDatabase({ template: TEMPLATE });
  const store = await openStore(database.url);
  const remove = async (): Promise<void> => {
    await store.close();
    await database.drop();
  };
  return { database, store, remove };
}

export function event(type: string, data: unknown = {}, more: Partial<NewEvent> = {}): NewEvent {
  return { type, appId: null, data, meta: { correlationId: newId(), causationId: null }, ...more };
}

/** Refuses a key that is there already. */
export const TAKE_KEY: AlongsideStatement = {
  name: 'test_take_key',
  columns: ['text', 'uuid'],
  sql: (arrays) => `insert into runner.keys (key, stream_id) select * from unnest(${arrays.join(', ')})`,
};

/** Adds to a counter that exists. */
export const COUNT: AlongsideStatement = {
  name: 'test_count',
  columns: ['text', 'int4'],
  sql: (arrays) => `update runner.counters c set value = c.value + t.more
    from unnest(${arrays.join(', ')}) as t(name, more) where c.name = t.name`,
};

/** A position that all later appends come behind; the head may be older than what was appended last. */
export async function mark(store: EventStore): Promise<Position> {
  const { events } = await store.append(newId(), 0, [event('mark')]);
  return (events[0] as StoredEvent).position;
}

const PATIENCE_MS = 10_000;

/**
 * Everything after a position, in reading order. Writers in other databases of the tests' cluster may hold a reader
 * back for a moment, so it reads until `count` events have come.
 */
export async function readUntil(
  store: EventStore,
  after: Position | null,
  count: number,
  topic: Topic = 'runner.events',
): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const next = await store.readAfter(topic, found.at(-1)?.position ?? after, 500);
    found.push(...next);
    if (next.length > 0) continue;
    if (found.length >= count) return found;
    if (Date.now() > deadline) throw new Error(`${found.length} of ${count} events became readable`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
