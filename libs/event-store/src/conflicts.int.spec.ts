import { newId } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AlongsideStatement, Committed } from './event-store.contract.ts';
import { AlongsideConflictError, InvalidAppendError, VersionConflictError } from './event-store.errors.ts';
import type { EventStore } from './event-store.ts';
import { COUNT, event, mark, openStore, readUntil, TAKE_KEY, TEMPLATE, withClient } from './store.fixture.ts';

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

type Outcome = PromiseSettledResult<Committed>;
const errorsOf = (outcomes: readonly Outcome[]) =>
  outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'committed' : (outcome.reason as Error).name));

it('a conflict among 128 appends of a batch reaches its own caller only', async () => {
  const taken = newId();
  await store.append(taken, 0, [event('A')]);
  const before = store.stats;
  const outcomes = await Promise.allSettled(
    Array.from({ length: 128 }, (_, index) => store.append(index === 77 ? taken : newId(), 0, [event('B')])),
  );
  expect(errorsOf(outcomes)).toEqual(
    Array.from({ length: 128 }, (_, index) => (index === 77 ? 'VersionConflictError' : 'committed')),
  );
  expect(store.stats.refused - before.refused).toBe(1);
  expect(store.stats.halved).toBe(before.halved);
});

it('a batch of nothing but repeated appends is answered by one look, not by 128', async () => {
  const streams = Array.from({ length: 128 }, () => newId());
  const send = () => Promise.allSettled(streams.map((stream) => store.append(stream, 0, [event('A')])));
  await send();
  const before = store.stats.refused;
  expect(new Set(errorsOf(await send()))).toEqual(new Set(['VersionConflictError']));
  expect(store.stats.refused - before).toBe(1);
});

it('a gap among the appends of a batch reaches its own caller only', async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 60 }, (_, index) => store.append(newId(), index % 20 === 19 ? 4 : 0, [event('A')])),
  );
  const expected = Array.from({ length: 60 }, (_, index) => (index % 20 === 19 ? 'VersionConflictError' : 'committed'));
  expect(errorsOf(outcomes)).toEqual(expected);
});

it('a failing statement alongside is found by halving, and its batch-mates commit exactly once', async () => {
  await database.pool.query(`insert into runner.keys values ('taken', null)`);
  await database.pool.query(`insert into runner.counters values ('mates', 0)`);
  const streams = Array.from({ length: 100 }, () => newId());
  const outcomes = await Promise.allSettled(
    streams.map((stream, index) =>
      store.append(stream, 0, [event('A')], {
        alongside: [{ statement: TAKE_KEY, rows: [[index === 41 || index === 90 ? 'taken' : `key ${index}`, stream]] }],
      }),
    ),
  );
  expect(errorsOf(outcomes).flatMap((name, index) => (name === 'committed' ? [] : [`${index} ${name}`]))).toEqual([
    '41 AlongsideConflictError',
    '90 AlongsideConflictError',
  ]);
  const refused = (outcomes[41] as PromiseRejectedResult).reason as AlongsideConflictError;
  expect(refused.constraint).toBe('keys_pkey');
  const stored = await Promise.all(streams.map((stream) => store.read(stream)));
  expect(stored.map((events) => events.length)).toEqual(
    streams.map((_, index) => (index === 41 || index === 90 ? 0 : 1)),
  );
  const { rows } = await database.pool.query(`select count(*)::int as n from runner.keys where key like 'key %'`);
  expect(rows[0].n).toBe(98);
});

it('a statement alongside that is broken altogether fails its own units only', async () => {
  const broken: AlongsideStatement = {
    name: 'test_broken',
    columns: ['text'],
    sql: ([names]) => `insert into runner.no_such_table select * from unnest(${names})`,
  };
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      store.append(newId(), 0, [event('A')], { alongside: index === 3 ? [{ statement: broken, rows: [['x']] }] : [] }),
    ),
  );
  expect(errorsOf(outcomes).filter((name) => name !== 'committed')).toEqual(['error']);
});

it('a value that does not fit its column, and a row that is too short, are refused before anything is sent', async () => {
  const wrong = (row: unknown[]) =>
    store.append(newId(), 0, [event('A')], { alongside: [{ statement: COUNT, rows: [row] }] });
  const outcomes = await Promise.allSettled([
    wrong(['a', 'many']),
    store.append(newId(), 0, [event('A')]),
    wrong(['a']),
  ]);
  expect(errorsOf(outcomes)).toEqual(['InvalidAppendError', 'committed', 'InvalidAppendError']);
  expect((outcomes[0] as PromiseRejectedResult).reason).toBeInstanceOf(InvalidAppendError);
});

it('two processes that append to the same streams neither die in a deadlock nor tear a stream', async () => {
  const rival = await openStore(database.url);
  const start = await mark(store);
  const streams = Array.from({ length: 64 }, () => newId());
  const work = async (one: EventStore, order: readonly string[]) => {
    let committed = 0;
    for (let version = 0; version < 30; version++) {
      const outcomes = await Promise.allSettled(
        order.map((stream) => one.append(stream, version, [event('A'), event('B')])),
      );
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') committed += outcome.value.events.length;
        else if (!(outcome.reason instanceof VersionConflictError)) throw outcome.reason;
      }
    }
    return committed;
  };
  const [mine, theirs] = await Promise.all([work(store, streams), work(rival, streams.toReversed())]);
  const read = await readUntil(store, start, mine + theirs);
  expect(read).toHaveLength(mine + theirs);
  for (const stream of streams) {
    const versions = read.filter(({ streamId }) => streamId === stream).map(({ version }) => version);
    expect(versions).toEqual(versions.map((_, index) => index + 1));
    expect(versions.length % 2).toBe(0);
  }
  expect(store.stats.deadlocks + rival.stats.deadlocks).toBe(0);
  await rival.close();
});

/** How many append connections of this database wait for a lock. */
async function waitingAppends(): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity
     where application_name = 'sluice:runner:append' and wait_event_type = 'Lock' and datname = current_database()`,
  );
  return rows[0]?.n ?? 0;
}

it('two batches over the same streams in opposite order wait for each other in turn, at the worst moment, too', async () => {
  const rival = await openStore(database.url);
  const streams = Array.from({ length: 9 }, () => newId()).sort();
  const append = (one: EventStore, order: readonly string[]) =>
    Promise.allSettled(order.map((stream) => one.append(stream, 0, [event('A')])));
  const outcomes = await withClient(database.url, async (client) => {
    // Both have to stop in the middle: unsorted, each would hold by then what the other one needs next.
    await client.query('begin');
    await client.query(
      `insert into runner.events (epoch, stream_id, version, type, type_version, occurred_at, data, meta)
       values (1, $1, 1, 'A', 1, now(), '{}', '{}')`,
      [streams[4]],
    );
    const both = [append(store, streams), append(rival, streams.toReversed())];
    await waitFor(async () => (await waitingAppends()) === 2);
    await client.query('rollback');
    return await Promise.all(both);
  });
  expect(store.stats.deadlocks + rival.stats.deadlocks).toBe(0);
  expect(outcomes.map((one) => new Set(errorsOf(one)).size)).toEqual([1, 1]);
  expect(new Set(outcomes.flatMap(errorsOf))).toEqual(new Set(['committed', 'VersionConflictError']));
  await rival.close();
});

it('a batch that PostgreSQL ends as the victim of a deadlock is sent again, and its caller never hears of it', async () => {
  await database.pool.query(`insert into runner.counters values ('lock a', 0), ('lock b', 0)`);
  const add = `update runner.counters set value = value + 1 where name = $1`;
  await withClient(database.url, async (client) => {
    await client.query('begin');
    await client.query(add, ['lock b']);
    const victim = store.append(newId(), 0, [event('A')], {
      alongside: [{ statement: COUNT, rows: ['lock a', 'lock b'].map((name) => [name, 1]) }],
    });
    await waitFor(async () => (await waitingAppends()) === 1);
    await client.query(add, ['lock a']);
    await client.query('commit');
    expect((await victim).events).toHaveLength(1);
    // Sent again it may meet the same client once more before that commits.
    expect(store.stats.deadlocks).toBeGreaterThanOrEqual(1);
  });
  const { rows } = await database.pool.query(`select value from runner.counters where name like 'lock _'`);
  expect(rows).toEqual([{ value: 2 }, { value: 2 }]);
});
