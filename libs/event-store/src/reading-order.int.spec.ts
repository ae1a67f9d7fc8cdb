import { newId } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StoredEvent } from './event-store.contract.ts';
import type { EventStore } from './event-store.ts';
import { comparePositions } from './position.ts';
import { event, mark, openStore, readUntil, TEMPLATE, withClient } from './store.fixture.ts';

let database: TestDatabase;
let store: EventStore;

beforeAll(async () => {
  database = await createTestDatabase({ template: TEMPLATE });
  store = await openStore(database.url);
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

const idsOf = (events: readonly StoredEvent[]) => events.map(({ streamId }) => streamId);

it("a slow writer's events are not skipped: readers wait for it, and get them in their place", async () => {
  const slow = await openStore(database.url, { transactionTimeoutMs: 20_000, maxWaitMs: 20_000 });
  const [before, first, later] = [newId(), newId(), newId()];
  const start = await mark(store);
  await store.append(before, 0, [event('before')]);
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slowly = slow.commit({
    appends: [{ streamId: first, expectedVersion: 0, events: [event('slow')] }],
    alone: () => held,
  });
  await waitFor(async () =>
    (await store.blockers(0)).some((one) => one.name === 'sluice:runner:append' && one.database === database.name),
  );
  await store.append(later, 0, [event('fast')]);
  expect(await store.read(later)).toHaveLength(1);
  expect(idsOf(await readUntil(store, start, 1))).toEqual([before]);
  const head = await store.head('runner.events');
  release();
  await slowly;
  expect(idsOf(await readUntil(store, start, 3))).toEqual([before, first, later]);
  expect(idsOf(await readUntil(store, head, 2))).toEqual([first, later]);
  await slow.close();
});

it('many writers at once: a reader that follows along sees every event once and in order', async () => {
  const writers = await Promise.all([1, 2, 3].map(() => openStore(database.url, { lanes: 2, maxRows: 7 })));
  const start = await mark(store);
  const sent: string[] = [];
  let writing = true;
  const written = Promise.all(
    writers.map(async (writer) => {
      for (let round = 0; round < 40; round++) {
        const ids = Array.from({ length: 25 }, () => newId());
        sent.push(...ids);
        await Promise.all(ids.map((id) => writer.append(id, 0, [event('A', { round })])));
      }
    }),
  ).then(() => {
    writing = false;
  });
  const seen: StoredEvent[] = [];
  while (writing) seen.push(...(await store.readAfter('runner.events', seen.at(-1)?.position ?? start, 200)));
  await written;
  seen.push(...(await readUntil(store, seen.at(-1)?.position ?? start, sent.length - seen.length)));
  expect(seen).toHaveLength(sent.length);
  expect(new Set(idsOf(seen))).toEqual(new Set(sent));
  for (let index = 1; index < seen.length; index++) {
    const [a, b] = [seen[index - 1] as StoredEvent, seen[index] as StoredEvent];
    expect(comparePositions(a.position, b.position)).toBeLessThan(0);
  }
  await Promise.all(writers.map((writer) => writer.close()));
});

it('a read stops at its bound in bytes, but gives one event at least', async () => {
  const frugal = await openStore(database.url, { maxReadBytes: 10_000 });
  const start = await mark(store);
  for (const size of [4000, 4000, 4000, 50_000, 10]) {
    await store.append(newId(), 0, [event('A', { size }, { body: Buffer.alloc(size) })]);
  }
  await readUntil(store, start, 5);
  const sizes: number[][] = [];
  for (let after = start; ; ) {
    const events = await frugal.readAfter('runner.events', after, 500);
    const last = events.at(-1);
    if (!last) break;
    sizes.push(events.map(({ body }) => body?.length ?? 0));
    after = last.position;
  }
  expect(sizes).toEqual([[4000, 4000, 4000], [50_000], [10]]);
  await frugal.close();
});

it('what holds readers back is named: the process, its age and its statement', async () => {
  await withClient(database.url, async (client) => {
    await client.query(`set application_name = 'forgotten'`);
    await client.query('begin');
    await client.query(`insert into runner.keys values ('held', null)`);
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const found = await waitFor(async () => (await store.blockers(200)).find(({ name }) => name === 'forgotten'));
    expect(found).toMatchObject({ pid: rows[0]?.pid, database: database.name });
    expect(found.query).toContain('pg_backend_pid');
    expect(found.ageMs).toBeGreaterThanOrEqual(200);
    await client.query('rollback');
    expect((await store.blockers(0)).some(({ name }) => name === 'forgotten')).toBe(false);
  });
});

it('reading alone does not hold readers back', async () => {
  await withClient(database.url, async (client) => {
    await client.query('begin isolation level repeatable read');
    await client.query('select count(*) from runner.events');
    const start = await mark(store);
    const id = newId();
    await store.append(id, 0, [event('A')]);
    expect(idsOf(await readUntil(store, start, 1))).toEqual([id]);
    await client.query('rollback');
  });
});
