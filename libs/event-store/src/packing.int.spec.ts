import { newId } from '@sluice/contracts';
import type { TestDatabase } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CuttingConnection } from './cutting-connection.fixture.ts';
import type { NewEvent, Position, StoredEvent } from './event-store.contract.ts';
import type { EventStore } from './event-store.ts';
import { comparePositions } from './position.ts';
import { event, freshStore, mark, openStore, readUntil } from './store.fixture.ts';
import { readStreamFacts } from './stream-facts.ts';

let database: TestDatabase;
let store: EventStore;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ database, store, remove } = await freshStore());
});
afterAll(() => remove());

const meta = { correlationId: newId(), causationId: null };
const of = (type: string, data: unknown = {}, more: Partial<NewEvent> = {}) => event(type, data, { meta, ...more });
const many = (count: number, data: unknown = {}) => Array.from({ length: count }, (_, index) => of(`T${index}`, data));

/** How many events each row of a stream holds. */
async function rowsOf(stream: string): Promise<number[]> {
  const { rows } = await database.pool.query<{ n: number }>(
    'select coalesce(events, 1)::int as n from runner.events where stream_id = $1 order by version',
    [stream],
  );
  return rows.map(({ n }) => n);
}

/** Everything after a position, read in pages of so many events. */
async function inPages(after: Position, limit: number): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  for (;;) {
    const page = await store.readAfter('runner.events', found.at(-1)?.position ?? after, limit);
    if (page.length === 0) return found;
    expect(page.length).toBeLessThanOrEqual(limit);
    found.push(...page);
  }
}

describe('0500: the events of a run that are appended together', () => {
  it('are one row, and come back exactly as they were given, each with a position of its own', async () => {
    const stream = newId();
    const before = await mark(store);
    const { events } = await store.append(stream, 0, [
      of('A', { text: 'ä€😀 "],[" \u0000 \ud800', n: 1e21 }, { appId: 'app', typeVersion: 3 }),
      of('B', null, { appId: 'app', partitionKey: 'key "1"', occurredAt: new Date('2026-01-02T03:04:05.678Z') }),
      of('C', 'text', { appId: 'app', occurredAt: new Date('2026-01-02T03:04:05.679Z') }),
      of('D', [1, [2]], { appId: 'app' }),
    ]);
    expect(await rowsOf(stream)).toEqual([4]);
    expect(await store.read(stream)).toEqual(events);
    expect(await readUntil(store, before, 4)).toEqual(events);
    expect((await store.read(stream)).map(({ data }) => data)).toEqual(events.map(({ data }) => data));
    expect(await store.head('runner.events')).toEqual(events[3]?.position);
    expect(new Set(events.map(({ position }) => position.position)).size).toBe(4);
    const { rows } = await database.pool.query<{ at: Date; type: string; data: unknown[] }>(
      `select occurred_at as at, type, replace(replace(data, '\\u0000', ''), '\\ud800', '')::jsonb as data
       from runner.events where stream_id = $1`,
      [stream],
    );
    expect(rows[0]).toMatchObject({
      type: 'D',
      at: events[3]?.occurredAt,
      data: [{ n: 1e21 }, null, 'text', [1, [2]]],
    });
  });

  it('are read from any version and any position, so many at a time as were asked for', async () => {
    const stream = newId();
    const before = await mark(store);
    const first = await store.append(stream, 0, many(4));
    const second = await store.append(stream, 4, many(1));
    const third = await store.append(stream, 5, many(20));
    const all = [...first.events, ...second.events, ...third.events];
    expect(await rowsOf(stream)).toEqual([4, 1, 16, 4]);
    await readUntil(store, before, all.length);
    for (let from = 0; from < all.length; from++) {
      expect(await store.read(stream, { fromVersion: from + 1 })).toEqual(all.slice(from));
      expect(await store.read(stream, { fromVersion: from + 1, limit: 3 })).toEqual(all.slice(from, from + 3));
      const after = all[from]?.position as Position;
      for (const limit of [1, 3, 5, 500]) expect(await inPages(after, limit)).toEqual(all.slice(from + 1));
    }
    expect(await store.read(stream, { fromVersion: all.length + 1 })).toEqual([]);
  });

  it('are not packed with a body, for another app or cause, or when they are large', async () => {
    const rows = async (events: NewEvent[]) => {
      const stream = newId();
      const committed = await store.append(stream, 0, events);
      expect(await store.read(stream)).toEqual(committed.events);
      return await rowsOf(stream);
    };
    expect(await rows([of('A'), of('B', {}, { body: Buffer.from('x') }), of('C'), of('D')])).toEqual([1, 1, 2]);
    expect(await rows([of('A', {}, { appId: 'a' }), of('B', {}, { appId: 'b' }), of('C', {}, { appId: 'b' })])).toEqual(
      [1, 2],
    );
    expect(await rows([event('A'), event('B')])).toEqual([1, 1]);
    expect(await rows([of('A', 'x'.repeat(40_000)), of('B', 'x'.repeat(40_000)), of('C')])).toEqual([1, 2]);
    const answer = newId();
    const { events } = await store.append(answer, 0, [of('A'), of('B')], { topic: 'runner.answers' });
    expect(await store.read(answer, { topic: 'runner.answers' })).toEqual(events);
  });

  it('refuse every append that expects another version than the last, also one within their row', async () => {
    const stream = newId();
    await store.append(stream, 0, many(4));
    for (const expectedVersion of [0, 1, 2, 3, 5]) {
      for (const count of [1, 2, 6]) {
        const refused = store.append(stream, expectedVersion, many(count));
        await expect(refused).rejects.toMatchObject({
          name: 'VersionConflictError',
          expectedVersion,
          actualVersion: 4,
        });
      }
    }
    await store.append(stream, 4, many(2));
    await expect(store.append(stream, 4, many(1))).rejects.toMatchObject({ actualVersion: 6 });
    expect((await store.read(stream)).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('of two writers at the same moment one is refused, however many events each brings', async () => {
    const rival = await openStore(database.url);
    for (let round = 0; round < 40; round++) {
      const stream = newId();
      const outcomes = await Promise.allSettled([
        store.append(stream, 0, many(1 + (round % 4))),
        rival.append(stream, 0, many(4 - (round % 4))),
      ]);
      const won = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value.events] : []));
      expect(won).toHaveLength(1);
      expect(await store.read(stream)).toEqual(won[0]);
    }
    await rival.close();
  });

  it('follow rows of single events, as they were written before, and are followed by them', async () => {
    const stream = newId();
    const old = `insert into runner.events (epoch, stream_id, version, type, type_version, occurred_at, data, meta)
      values (1, $1, $2, 'Old', 1, now(), '{}', '{}')`;
    const before = await mark(store);
    await database.pool.query(old, [stream, 1]);
    await store.append(stream, 1, many(3));
    await database.pool.query(old, [stream, 5]);
    await store.append(stream, 5, many(2));
    const types = ['Old', 'T0', 'T1', 'T2', 'Old', 'T0', 'T1'];
    const read = await store.read(stream);
    expect(read.map(({ type, version }) => [type, version])).toEqual(types.map((type, index) => [type, index + 1]));
    expect(await readUntil(store, before, 7)).toEqual(read);
  });

  it('come once each and in order to a reader whose pages end within rows, while several processes write', async () => {
    const writers = await Promise.all([1, 2, 3].map(() => openStore(database.url)));
    const start = await mark(store);
    let writing = true;
    const written = Promise.all(
      writers.map(async (writer) => {
        const committed: StoredEvent[] = [];
        for (let round = 0; round < 25; round++) {
          const units = Array.from({ length: 1 + (round % 7) }, (_, index) =>
            writer.append(newId(), 0, many(1 + ((round + index) % 5))),
          );
          for (const { events } of await Promise.all(units)) committed.push(...events);
        }
        return committed;
      }),
    ).finally(() => {
      writing = false;
    });
    const seen: StoredEvent[] = [];
    while (writing) seen.push(...(await store.readAfter('runner.events', seen.at(-1)?.position ?? start, 3)));
    const expected = (await written).flat().sort((a, b) => comparePositions(a.position, b.position));
    seen.push(...(await readUntil(store, seen.at(-1)?.position ?? start, expected.length - seen.length)));
    expect(seen).toEqual(expected);
    await Promise.all(writers.map((writer) => writer.close()));
  });

  it('are found again, with their positions, when the answer of their commit is lost', async () => {
    const { proxy, url } = await CuttingConnection.before(database.url);
    const cut = await openStore(url);
    const stream = newId();
    proxy.cutNext('after the server has answered', 'LostAnswer');
    const { events } = await cut.append(stream, 0, [of('LostAnswer'), of('B'), of('C')]);
    expect(proxy.cuts).toBe(1);
    expect(await rowsOf(stream)).toEqual([3]);
    expect(await store.read(stream)).toEqual(events);
    await cut.close();
    await proxy.close();
  });

  it('tell how their stream stands: its first and last event, and those of the types asked for', async () => {
    const stream = newId();
    await store.append(stream, 0, [of('Started'), of('Done', { step: 1 }), of('Waits', { step: 2 }), of('Done')]);
    await store.append(stream, 4, [of('Waits', { step: 3 })]);
    await store.append(stream, 5, [of('Done', 'x'.repeat(100))]);
    const facts = { name: 'test-facts', topic: 'runner.events', types: ['Waits'] } as const;
    const found = await readStreamFacts(database.pool, facts, stream);
    expect(found.map(({ type, version, data }) => [type, version, data])).toEqual([
      ['Started', 1, {}],
      ['Waits', 3, { step: 2 }],
      ['Waits', 5, { step: 3 }],
      ['Done', 6, null],
    ]);
  });
});
