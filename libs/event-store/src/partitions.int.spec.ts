import { derivedId, newId } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { StreamOutsidePartitionsError, VersionConflictError } from './event-store.errors.ts';
import type { EventStore } from './event-store.ts';
import { createTables, event, openStore, readUntil, TEMPLATE, withClient } from './store.fixture.ts';

const DAY_MS = 86_400_000;
let database: TestDatabase;
let store: EventStore;

beforeEach(async () => {
  database = await createTestDatabase({ template: TEMPLATE });
  store = await openStore(database.url);
});
afterEach(async () => {
  await store.close();
  await database.drop();
});

const daysAgo = (days: number) => newId(Date.now() - days * DAY_MS);

async function partitions(): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'runner' and c.relkind = 'r' and c.relname ~ '^events_p' order by 1`,
  );
  return rows.map(({ name }) => name);
}
const nameOf = (days: number) =>
  `events_p${new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`;

it('partitions of yesterday, today and the next two days exist once the store has started, and once if it starts twice', async () => {
  const expected = [1, 0, -1, -2].map(nameOf);
  expect(await partitions()).toEqual(expected);
  const rivals = await Promise.all([openStore(database.url), openStore(database.url)]);
  expect(await partitions()).toEqual(expected);
  await Promise.all(rivals.map((rival) => rival.close()));
});

it('one id is refused the second time although another partition was appended to in between: time is in the id', async () => {
  const cause = daysAgo(1);
  const derived = derivedId('run', cause, 'flow');
  await store.append(derived, 0, [event('A')]);
  await store.append(derivedId('run', newId(), 'flow'), 0, [event('A')]);
  const again = derivedId('run', cause, 'flow');
  await expect(store.append(again, 0, [event('A')])).rejects.toBeInstanceOf(VersionConflictError);
  const { rows } = await database.pool.query(
    'select tableoid::regclass::text as name from runner.events where stream_id = $1',
    [derived],
  );
  expect(rows).toEqual([{ name: `runner.${nameOf(1)}` }]);
});

it('a late id gets its partition when it is first needed, together with its batch-mates', async () => {
  const ids = [daysAgo(9), newId(), daysAgo(20), daysAgo(9)];
  await Promise.all(ids.map((id) => store.append(id, 0, [event('A', {}, { body: Buffer.from('b') })])));
  expect((await Promise.all(ids.map((id) => store.read(id)))).map((events) => events.length)).toEqual([1, 1, 1, 1]);
  expect(await partitions()).toEqual([20, 9, 1, 0, -1, -2].map(nameOf));
});

it('an id from a clock that is far off is refused by itself, with the time it carries', async () => {
  const future = newId(Date.parse('2031-05-06T07:08:09Z'));
  const ancient = newId(0);
  const [good, ahead, behind] = await Promise.allSettled([
    store.append(newId(), 0, [event('A')]),
    store.append(future, 0, [event('A')]),
    store.append(ancient, 0, [event('A')]),
  ]);
  expect(good.status).toBe('fulfilled');
  expect((ahead as PromiseRejectedResult).reason).toBeInstanceOf(StreamOutsidePartitionsError);
  expect(String((ahead as PromiseRejectedResult).reason)).toContain('2031-05-06T07:08:09.000Z');
  expect((behind as PromiseRejectedResult).reason).toBeInstanceOf(StreamOutsidePartitionsError);
});

it('a process that slept for days goes on: the partition of today is made when it is missed', async () => {
  let now = Date.now() - 30 * DAY_MS;
  const sleeper = await openStore(database.url, { now: () => now, daysAhead: 0 });
  await database.pool.query(`alter table runner.events detach partition runner.${nameOf(0)}`);
  await database.pool.query(`drop table runner.${nameOf(0)}`);
  now = Date.now();
  await sleeper.append(newId(now), 0, [event('A')]);
  expect(await partitions()).toContain(nameOf(0));
  await sleeper.close();
});

it('dropping takes whole streams and bodies of old days, keeps what is asked for, and never lets a dropped day back in', async () => {
  const [kept, dropped, recent] = [daysAgo(10), daysAgo(8), daysAgo(2)];
  for (const id of [kept, dropped, recent]) await store.append(id, 0, [event('A', {}, { body: Buffer.from('x') })]);
  const ranges = await store.dropPartitionsBefore(new Date(Date.now() - 5 * DAY_MS), {
    keep: async ({ from, to }) => {
      const { rows } = await database.pool.query<{ stream_id: string }>('select stream_id from runner.events');
      const isKept = rows.some(({ stream_id }) => stream_id === kept);
      const at = Date.now() - 10 * DAY_MS;
      return isKept && from.getTime() <= at && at < to.getTime();
    },
  });
  expect(ranges.map(({ from }) => from.toISOString().slice(0, 10))).toEqual([
    new Date(Date.now() - 8 * DAY_MS).toISOString().slice(0, 10),
  ]);
  expect(await partitions()).toEqual([10, 2, 1, 0, -1, -2].map(nameOf));
  expect(await store.read(dropped)).toEqual([]);
  expect((await store.read(kept))[0]?.body?.toString()).toBe('x');
  await expect(store.append(dropped, 0, [event('A')])).rejects.toBeInstanceOf(StreamOutsidePartitionsError);
  await expect(store.append(kept, 0, [event('A')])).rejects.toBeInstanceOf(VersionConflictError);
  await store.append(daysAgo(3), 0, [event('A')]);
  expect(await store.dropPartitionsBefore(new Date(Date.now() - 5 * DAY_MS), { keep: async () => true })).toEqual([]);
});

it('a partition is dropped while readers run and writers write: none of them fails, misses or repeats anything', async () => {
  for (let index = 0; index < 300; index++) await store.append(daysAgo(index % 2 === 0 ? 8 : 0), 0, [event('A')]);
  const written: string[] = [];
  let isDone = false;
  const writing = (async () => {
    while (!isDone) {
      const id = newId();
      await store.append(id, 0, [event('B')]);
      written.push(id);
    }
  })();
  const reading = (async () => {
    while (!isDone) {
      const events = await readUntil(store, null, 150);
      expect(new Set(events.map(({ streamId }) => streamId)).size).toBe(events.length);
    }
  })();
  await withClient(database.url, async (reader) => {
    await reader.query('begin');
    await reader.query(
      'declare old cursor for select stream_id from runner.events order by epoch, transaction_id, position',
    );
    expect((await reader.query('fetch 10 from old')).rowCount).toBe(10);
    const dropping = store.dropPartitionsBefore(new Date(Date.now() - 5 * DAY_MS));
    await waitFor(async () => {
      const { rows } = await database.pool.query('select 1 from pg_inherits where inhdetachpending');
      return rows.length > 0;
    });
    expect((await store.blockers(0)).filter(({ name }) => name.endsWith('partitions'))).toEqual([]);
    expect((await reader.query('fetch all from old')).rowCount).toBeGreaterThanOrEqual(290);
    await reader.query('commit');
    expect(await dropping).toHaveLength(1);
  });
  isDone = true;
  await Promise.all([writing, reading]);
  const events = await readUntil(store, null, 150 + written.length);
  expect(events.filter(({ type }) => type === 'A')).toHaveLength(150);
  expect(events.filter(({ type }) => type === 'B').map(({ streamId }) => streamId)).toEqual(written);
});

it('a drop that was interrupted after the detaching, or in the middle of it, is finished by the next one', async () => {
  for (const days of [8, 9]) await store.append(daysAgo(days), 0, [event('A')]);
  await database.pool.query(`alter table runner.events detach partition runner.${nameOf(8)}`);
  await withClient(database.url, async (reader) => {
    await reader.query('begin');
    await reader.query('select count(*) from runner.events');
    await withClient(database.url, async (other) => {
      await other.query(`set lock_timeout = '200ms'`);
      await expect(
        other.query(`alter table runner.events detach partition runner.${nameOf(9)} concurrently`),
      ).rejects.toThrow(/timeout/);
    });
    await reader.query('commit');
  });
  expect(await store.dropPartitionsBefore(new Date(Date.now() - 5 * DAY_MS))).toHaveLength(2);
  expect(await partitions()).toEqual([1, 0, -1, -2].map(nameOf));
});

it('streams that live for ever stand in tables without partitions, and take any id', async () => {
  const other = await createTestDatabase();
  await withClient(other.url, (client) => createTables(client, false));
  const forEver = await openStore(other.url, { partitioned: false });
  const ids = [newId(0), daysAgo(4000), newId()];
  for (const id of ids) await forEver.append(id, 0, [event('A', {}, { body: Buffer.from('x') })]);
  const read = await readUntil(forEver, null, 3);
  expect(read.map(({ streamId }) => streamId)).toEqual(ids);
  await expect(forEver.append(ids[0] as string, 0, [event('A')])).rejects.toBeInstanceOf(VersionConflictError);
  expect(await forEver.dropPartitionsBefore(new Date())).toEqual([]);
  await forEver.close();
  await other.drop();
});
