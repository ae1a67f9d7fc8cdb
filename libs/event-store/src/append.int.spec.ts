import { derivedId, newId } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredEvent } from './event-store.contract.ts';
import { InvalidAppendError, VersionConflictError } from './event-store.errors.ts';
import type { EventStore } from './event-store.ts';
import { COUNT, event, mark, openStore, readUntil, TAKE_KEY, TEMPLATE } from './store.fixture.ts';

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

describe('an append', () => {
  it('comes back exactly as it was given, body and all, by stream and in reading order', async () => {
    const stream = newId();
    const first = event('A', { n: 1, text: 'ä€😀' }, { appId: 'app', body: Buffer.from([0, 255, 10]), typeVersion: 3 });
    const second = event('B', null, { partitionKey: 'key "1"', occurredAt: new Date('2026-01-02T03:04:05.678Z') });
    const before = await mark(store);
    const { events } = await store.append(stream, 0, [first, second]);
    expect(await store.read(stream)).toEqual(events);
    expect(await readUntil(store, before, 2)).toEqual(events);
    expect(await store.head('runner.events')).toEqual(events[1]?.position);
    expect(events[0]).toMatchObject({
      version: 1,
      partitionKey: stream,
      appId: 'app',
      typeVersion: 3,
      data: first.data,
    });
    expect(events[0]?.body).toEqual(first.body);
    expect(events[1]).toMatchObject({ version: 2, partitionKey: 'key "1"', occurredAt: second.occurredAt, body: null });
    expect(await store.read(stream, { fromVersion: 2 })).toEqual(events.slice(1));
    expect(await store.read(stream, { limit: 1 })).toEqual(events.slice(0, 1));
    expect(await store.read(stream, { fromVersion: 2, limit: 9 })).toEqual(events.slice(1));
    expect(await store.read(newId())).toEqual([]);
  });

  it('keeps the SHA-256 of a body beside it, and an empty body is a body', async () => {
    const stream = newId();
    await store.append(stream, 0, [
      event('A', {}, { body: Buffer.from('abc') }),
      event('B', {}, { body: Buffer.alloc(0) }),
    ]);
    const { rows } = await database.pool.query(
      `select encode(sha256, 'hex') as sha256 from runner.events_bodies where stream_id = $1 order by version`,
      [stream],
    );
    expect(rows[0].sha256).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect((await store.read(stream)).map(({ body }) => body?.length)).toEqual([3, 0]);
  });

  it('stores what jsonb would refuse: NUL and lone surrogates in JSON, 2,000 levels', async () => {
    const deep = JSON.parse(`${'['.repeat(2000)}${']'.repeat(2000)}`) as unknown;
    const data = { nul: 'a\u0000b', lone: '\ud800', other: '\udc00x', big: 1e300, deep };
    const stream = newId();
    await store.append(stream, 0, [event('A', data)]);
    expect((await store.read(stream))[0]?.data).toEqual(data);
  });

  it('takes the data as it is at the call, not as its owner changes it afterwards', async () => {
    const stream = newId();
    const data = { n: 1 };
    const pending = store.append(stream, 0, [event('A', data)]);
    data.n = 2;
    expect((await pending).events[0]?.data).toEqual({ n: 1 });
  });

  it('is not sent at all when it can never be stored', async () => {
    const bad = (more: object) => store.append(newId(), 0, [{ ...event('A'), ...more }]);
    await expect(bad({ data: undefined })).rejects.toThrow(InvalidAppendError);
    await expect(bad({ data: 1n })).rejects.toThrow(InvalidAppendError);
    await expect(bad({ partitionKey: 'a\u0000' })).rejects.toThrow(InvalidAppendError);
    await expect(bad({ appId: '\ud800' })).rejects.toThrow(InvalidAppendError);
    await expect(bad({ typeVersion: 0 })).rejects.toThrow(InvalidAppendError);
    await expect(store.append('no-uuid', 0, [event('A')])).rejects.toThrow(InvalidAppendError);
    await expect(store.append(newId(), -1, [event('A')])).rejects.toThrow(InvalidAppendError);
    await expect(store.append(newId(), 0, [])).rejects.toThrow(InvalidAppendError);
    await expect(store.append(newId(), 0, [event('A')], { topic: 'gateway.events' })).rejects.toThrow(
      InvalidAppendError,
    );
  });

  it('of two topics commits together, each with positions of its own table', async () => {
    const run = newId();
    const answer = derivedId('answer', run, '');
    const { events } = await store.commit({
      appends: [
        { topic: 'runner.answers', streamId: answer, expectedVersion: 0, events: [event('RunAnswered')] },
        { streamId: run, expectedVersion: 0, events: [event('RunStarted')] },
      ],
    });
    expect(events.map(({ topic }) => topic)).toEqual(['runner.answers', 'runner.events']);
    expect(await store.read(answer, { topic: 'runner.answers' })).toEqual([events[0]]);
    expect(await store.read(answer)).toEqual([]);
    expect(events[0]?.position.transactionId).toBe(events[1]?.position.transactionId);
  });
});

describe('versions', () => {
  it('refuse the same append the second time, and say where the stream stands', async () => {
    const stream = newId();
    await store.append(stream, 0, [event('A'), event('B')]);
    const again = store.append(stream, 0, [event('A'), event('B')]);
    await expect(again).rejects.toBeInstanceOf(VersionConflictError);
    await expect(again).rejects.toMatchObject({ streamId: stream, expectedVersion: 0, actualVersion: 2 });
    expect(await store.read(stream)).toHaveLength(2);
  });

  it('refuse a gap: a version without its predecessor is an error, not a hole', async () => {
    const stream = newId();
    await store.append(stream, 0, [event('A')]);
    await expect(store.append(stream, 2, [event('C')])).rejects.toMatchObject({ expectedVersion: 2, actualVersion: 1 });
    await expect(store.append(newId(), 1, [event('B')])).rejects.toMatchObject({ actualVersion: 0 });
    expect(await store.read(stream)).toHaveLength(1);
  });

  it('refuse all of an append when one version is taken: no tear', async () => {
    const stream = newId();
    await store.append(stream, 0, [event('A'), event('B')]);
    const other = newId();
    const torn = store.commit({
      appends: [
        { streamId: other, expectedVersion: 0, events: [event('X')] },
        { streamId: stream, expectedVersion: 1, events: [event('B again'), event('C')] },
      ],
    });
    await expect(torn).rejects.toBeInstanceOf(VersionConflictError);
    expect((await store.read(stream)).map(({ type }) => type)).toEqual(['A', 'B']);
    expect(await store.read(other)).toEqual([]);
  });

  it('hold whatever the case of the stream id', async () => {
    const stream = newId();
    await store.append(stream, 0, [event('A')]);
    await expect(store.append(stream.toUpperCase(), 0, [event('A')])).rejects.toBeInstanceOf(VersionConflictError);
    expect(await store.read(stream.toUpperCase())).toHaveLength(1);
  });

  it('of two appends to one stream in a unit follow each other', async () => {
    const stream = newId();
    const twice = (second: number) => ({
      appends: [
        { streamId: stream, expectedVersion: 0, events: [event('A')] },
        { streamId: stream, expectedVersion: second, events: [event('B')] },
      ],
    });
    await expect(store.commit(twice(0))).rejects.toBeInstanceOf(VersionConflictError);
    await expect(store.commit(twice(2))).rejects.toBeInstanceOf(VersionConflictError);
    expect((await store.commit(twice(1))).events.map(({ version }) => version)).toEqual([1, 2]);
  });
});

describe('commits of one process', () => {
  it('to one stream queue behind each other instead of conflicting', async () => {
    const stream = newId();
    const all = Array.from({ length: 50 }, (_, version) => store.append(stream, version, [event(`E${version}`)]));
    await Promise.all(all);
    expect((await store.read(stream)).map(({ type }) => type)).toEqual(Array.from({ length: 50 }, (_, n) => `E${n}`));
  });

  it('share a statement while the previous one is on its way, at most 128 events in each', async () => {
    const before = store.stats.batches;
    await Promise.all(Array.from({ length: 1280 }, () => store.append(newId(), 0, [event('A')])));
    const batches = store.stats.batches - before;
    expect(batches).toBeGreaterThanOrEqual(10);
    expect(batches).toBeLessThanOrEqual(20);
  });

  it('are handed over once each, in the order of the table', async () => {
    const handed: StoredEvent[] = [];
    const before = await mark(store);
    const stop = store.onCommitted((events) => handed.push(...events));
    const streams = Array.from({ length: 300 }, () => newId());
    await Promise.all(streams.map((stream) => store.append(stream, 0, [event('A'), event('B')])));
    stop();
    await store.append(newId(), 0, [event('after')]);
    expect(handed).toHaveLength(600);
    const read = await readUntil(store, before, 601);
    expect(handed.map(({ position }) => position)).toEqual(read.slice(0, 600).map(({ position }) => position));
  });

  it('survive a listener that throws', async () => {
    const stop = store.onCommitted(() => {
      throw new Error('listener');
    });
    expect((await store.append(newId(), 0, [event('A')])).events).toHaveLength(1);
    stop();
  });

  it('wait for company as long as they ask to, but no longer than the most urgent one', async () => {
    const before = store.stats.batches;
    const patient = Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, index));
        await store.append(newId(), 0, [event('A')], { lingerMs: 150 });
      }),
    );
    await patient;
    expect(store.stats.batches - before).toBeLessThanOrEqual(2);
    const waiting = store.append(newId(), 0, [event('A')], { lingerMs: 60_000 });
    await store.append(newId(), 0, [event('B')]);
    await waiting;
  });
});

describe('what rides alongside', () => {
  it('commits with the events, merged over the units of a batch', async () => {
    await database.pool.query(`insert into runner.counters select 'c' || i, 0 from generate_series(1, 200) i`);
    await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        store.append(newId(), 0, [event('A')], {
          alongside: [{ statement: COUNT, rows: [[`c${index + 1}`, index]] }],
        }),
      ),
    );
    const { rows } = await database.pool.query('select sum(value)::int as sum from runner.counters');
    expect(rows[0].sum).toBe(19_900);
  });

  it('may go without events, and thousands of rows at once', async () => {
    const rows = Array.from({ length: 5000 }, (_, index) => [`bulk ${index}`, null]);
    expect(await store.commit({ appends: [], alongside: [{ statement: TAKE_KEY, rows }] })).toEqual({ events: [] });
    expect(await store.commit({ appends: [], alongside: [{ statement: TAKE_KEY, rows: [] }] })).toEqual({ events: [] });
    const count = await database.pool.query(`select count(*)::int as n from runner.keys where key like 'bulk %'`);
    expect(count.rows[0].n).toBe(5000);
  });

  it('may be free SQL that goes alone, and takes its events with it when it fails', async () => {
    const [kept, lost] = [newId(), newId()];
    await store.commit({
      appends: [{ streamId: kept, expectedVersion: 0, events: [event('A')] }],
      alone: async (client) => void (await client.query(`insert into runner.keys values ('alone', $1)`, [kept])),
    });
    const failing = store.commit({
      appends: [{ streamId: lost, expectedVersion: 0, events: [event('A')] }],
      alone: async (client) => {
        await client.query(`insert into runner.keys values ('half', null)`);
        throw new RangeError('no');
      },
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(await store.read(kept)).toHaveLength(1);
    expect(await store.read(lost)).toEqual([]);
    const { rows } = await database.pool.query(`select key from runner.keys where key in ('alone', 'half')`);
    expect(rows).toEqual([{ key: 'alone' }]);
    const conflicting = store.commit({
      appends: [{ streamId: kept, expectedVersion: 0, events: [event('A')] }],
      alone: async () => undefined,
    });
    await expect(conflicting).rejects.toMatchObject({ name: 'VersionConflictError', actualVersion: 1 });
  });
});
