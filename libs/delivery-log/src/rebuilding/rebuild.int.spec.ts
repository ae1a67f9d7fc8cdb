import { kafkaPartitionOf } from '@sluice/bus';
import { newId, type ServiceName, schemaOf, serviceOf, type Topic } from '@sluice/contracts';
import { type Alongside, EventStore, eventTablesSql, type StoredEvent } from '@sluice/event-store';
import { Payloads, payloadTablesSql } from '@sluice/payloads';
import { migrate } from '@sluice/platform';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliveryLogService } from '../delivery-log.service.ts';
import { DeliveriesQueries } from '../deliveries/deliveries.query.ts';
import { exampleStory, type Story } from '../example-events.fixture.ts';
import { oneStatement } from '../read-model/one-statement.ts';
import { topicWrites } from '../read-model/topic-writes.ts';
import { AppFloors } from '../retention/app-floors.ts';
import { DayPartitions } from '../retention/day-partitions.ts';
import { EndpointRing } from '../retention/endpoint-ring.ts';
import { LogRetention } from '../retention/log-retention.worker.ts';
import { DAY_MS, dayOf } from '../retention/log-tables.ts';
import { BEGINNING, TopicTables } from '../topics/topic-tables.ts';
import { type Projection, tablesOf } from './projections.ts';
import { Rebuilder, type RunningRebuild } from './rebuilder.ts';
import { RebuildWorker } from './rebuild.worker.ts';
import { Rebuilds } from './rebuilds.ts';

const SERVICES = ['gateway', 'runner', 'dispatcher', 'registry'] as const;
const TOPICS: readonly Topic[] = ['gateway.events', 'runner.events', 'dispatcher.events'];
const PARTITIONS = 2;

let database: TestDatabase;
let stores: Map<ServiceName, EventStore>;
let rebuilds: Rebuilds;
let live: Live;

beforeAll(async () => {
  database = await createTestDatabase({
    template: { name: 'delivery-log', prepare: (url) => migrate(url, [deliveryLogService], []) },
  });
  const { pool } = database;
  for (const sql of payloadTablesSql()) await pool.query(sql);
  stores = new Map();
  for (const service of SERVICES) {
    await pool.query(`create schema ${schemaOf(service)}`);
    for (const sql of eventTablesSql(service, [`${service}.events`], { partitioned: false })) await pool.query(sql);
    const store = new EventStore({
      service,
      topics: [`${service}.events`],
      connection: { connectionString: database.url },
      partitioned: false,
    });
    await store.start();
    stores.set(service, store);
  }
  await new DayPartitions(pool).keep();
  for (const topic of TOPICS) {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await pool.query('insert into delivery_log.checkpoints (consumer_group, topic, partition) values ($1, $2, $3)', [
        'delivery-log',
        topic,
        partition,
      ]);
    }
  }
  rebuilds = new Rebuilds(pool);
  live = new Live();
});
afterAll(async () => {
  for (const store of stores?.values() ?? []) await store.close();
  await database?.drop();
});

/** A request with everything it led to, as the services append it: what follows in a stream at once. */
async function happen(appId: string, story = exampleStory(appId)): Promise<void> {
  const streams = new Map<string, StoredEvent[]>();
  for (const event of [...story.gateway, ...story.runner, ...story.dispatcher]) {
    const stream = `${event.topic} ${event.streamId}`;
    streams.set(stream, [...(streams.get(stream) ?? []), event]);
  }
  for (const stored of streams.values()) {
    const { topic, streamId, version } = stored[0] as StoredEvent;
    const events = stored.map(({ type, data, meta, body }) => ({ type, appId, data, meta, ...(body ? { body } : {}) }));
    await (stores.get(serviceOf(topic)) as EventStore).append(streamId, version - 1, events);
  }
}

const checkpoint = (topic: Topic, partition: number, { position }: StoredEvent): Alongside => ({
  statement: {
    name: 'test_checkpoint',
    columns: ['text', 'int4', 'int4', 'int8', 'int8'],
    sql: (
      arrays,
    ) => `update delivery_log.checkpoints c set epoch = u.epoch, transaction_id = u.tx, position = u.position
      from unnest(${arrays.join(', ')}) as u(topic, partition, epoch, tx, position)
      where c.topic = u.topic and c.partition = u.partition`,
  },
  rows: [[topic, partition, position.epoch, position.transactionId, position.position]],
});

/** The live read models: each partition has a consumer of its own, which is now ahead and now behind. */
class Live {
  readonly #at = new Map<string, StoredEvent['position']>();

  /** @returns whether there was anything to do. */
  async turn(topic: Topic, partition: number, limit: number): Promise<boolean> {
    const key = `${topic} ${partition}`;
    const events = await new TopicTables(database.pool).readAfter(topic, this.#at.get(key) ?? BEGINNING, limit);
    const mine = events.filter((event) => kafkaPartitionOf(event.partitionKey, PARTITIONS) === partition);
    const last = mine.at(-1);
    const query = last ? oneStatement([...topicWrites(topic, mine), checkpoint(topic, partition, last)]) : null;
    if (query) await database.pool.query(query);
    const end = events.at(-1);
    if (end) this.#at.set(key, end.position);
    return events.length > 0;
  }

  /** To the newest event of each topic: a transaction that runs anywhere in the cluster holds readers back for a moment. */
  async catchUp(): Promise<void> {
    await waitFor(async () => {
      let isLevel = true;
      for (const topic of TOPICS) {
        const { rows } = await database.pool.query<{ newest: string | null }>(
          `select max(position) as newest from ${topic}`,
        );
        const newest = BigInt(rows[0]?.newest ?? 0);
        for (let partition = 0; partition < PARTITIONS; partition++) {
          while (await this.turn(topic, partition, 400));
          isLevel &&= (this.#at.get(`${topic} ${partition}`)?.position ?? 0n) >= newest;
        }
      }
      return isLevel;
    }, 60_000);
  }
}

/** Of each table: its rows in an order of their own, as one digest. */
async function checksums(projection: Projection): Promise<Record<string, string>> {
  const sums: Record<string, string> = {};
  for (const table of tablesOf(projection)) {
    const { rows } = await database.pool.query<{ sum: string }>(
      `select count(*) || ' ' || coalesce(md5(string_agg(t::text, '\n' order by t::text)), '') as sum from delivery_log.${table} t`,
    );
    sums[table] = rows[0]?.sum ?? '';
  }
  return sums;
}

async function rebuild(projection: Projection, signal = new AbortController().signal): Promise<void> {
  const { id } = await rebuilds.ask(projection);
  const taken = await rebuilds.take('me');
  expect(taken).toMatchObject({ id, projection });
  await new Rebuilder(database.pool, { id, projection, positions: taken?.positions ?? '' }, 'me', signal).run();
}

describe('LG-05: a read model is built again from the events', () => {
  it('is identical to the live one, under load and with partitions at different places', async () => {
    const appId = newId();
    for (let n = 0; n < 100; n++) await happen(appId);
    await live.catchUp();
    let isOver = false;
    const load = (async () => {
      for (let n = 0; !isOver; n++) {
        await happen(appId);
        // One partition hardly moves, the other is always near the end.
        for (const topic of TOPICS) await live.turn(topic, n % 7 === 0 ? 1 : 0, 50);
      }
    })();
    await rebuild('all');
    await rebuild('deliveries');
    isOver = true;
    await load;
    await live.catchUp();
    const after = await checksums('all');
    expect(after.requests).toMatch(/^\d{3,} /);
    await rebuild('all');
    expect(await checksums('all')).toEqual(after);
    // Against what never was rebuilt: all tables emptied and everything consumed anew.
    for (const table of tablesOf('all')) await database.pool.query(`truncate delivery_log.${table}`);
    live = new Live();
    await live.catchUp();
    expect(await checksums('all')).toEqual(after);
    expect((await rebuilds.list()).map(({ state }) => state)).toEqual(['done', 'done', 'done']);
  });

  it('0500: tells how many events there are about, of which a row may hold several', async () => {
    await happen(newId());
    await database.pool.query('analyze runner.events');
    const { rows } = await database.pool.query<{ events: number; rows: number }>(
      'select sum(coalesce(events, 1))::int as events, count(*)::int as rows from runner.events',
    );
    const [counted = { events: 0, rows: 0 }] = rows;
    expect(counted.events).toBeGreaterThan(counted.rows);
    const { id, estimatedEvents } = await rebuilds.ask('runs');
    expect(estimatedEvents).toBe(counted.events);
    await rebuilds.take('nobody');
    await rebuilds.cancel(id);
    await rebuilds.endCancelled(id, 'nobody');
  });

  it('puts tables with all indexes and partitions in the place of the old ones', async () => {
    const shapeOf = async () =>
      (
        await database.pool.query(
          `select tablename, indexname, indexdef from pg_indexes where schemaname = 'delivery_log'
           and tablename in ('requests', 'deliveries', 'stats', 'rejected_requests') order by 1, 2`,
        )
      ).rows;
    const partitionsOf = async () => (await new DayPartitions(database.pool).list()).map(({ name }) => name).sort();
    const [shape, partitions] = [await shapeOf(), await partitionsOf()];
    await rebuild('all');
    expect(await shapeOf()).toEqual(shape);
    expect(await partitionsOf()).toEqual(partitions);
  });

  it('goes on where it was when its process died; who was taken for dead writes no more', async () => {
    const appId = newId();
    for (let n = 0; n < 20; n++) await happen(appId);
    await live.catchUp();
    const before = await checksums('stats');
    const { id } = await rebuilds.ask('stats');
    const first = (await rebuilds.take('dead')) as RunningRebuild;
    // It looks at its signal before each write: two to begin with, then one for each batch.
    let looks = 0;
    const dying = {
      throwIfAborted: () => {
        if (++looks > 3) throw new Error('died');
      },
    } as AbortSignal;
    await expect(new Rebuilder(database.pool, first, 'dead', dying).run()).rejects.toThrow('died');
    expect((await rebuilds.find(id))?.events).toBeGreaterThan(0);
    await expect(rebuilds.ask('runs')).rejects.toMatchObject({ code: 'conflict' });
    await rebuilds.release(id, 'dead');
    const taken = (await rebuilds.take('me')) as RunningRebuild;
    const { signal } = new AbortController();
    const late = new Rebuilder(database.pool, { ...first, positions: '{}' }, 'dead', signal);
    await expect(late.run()).rejects.toMatchObject({ code: '23502' });
    await new Rebuilder(database.pool, taken, 'me', signal).run();
    expect(await rebuilds.find(id)).toMatchObject({ state: 'done', error: null });
    expect(await checksums('stats')).toEqual(before);
  });

  it('is cancelled while it runs: the live one stays, nothing of the other is left, and the next one may begin', async () => {
    const { pool } = database;
    const appId = newId();
    for (let n = 0; n < 20; n++) await happen(appId);
    await live.catchUp();
    const before = await checksums('runs');
    const worker = new RebuildWorker(pool, rebuilds);
    const asked = await rebuilds.ask('runs');
    expect(await rebuilds.cancel(asked.id)).toMatchObject({ state: 'cancelling', finishedAt: null });
    await worker.work();
    expect(await rebuilds.find(asked.id)).toMatchObject({ state: 'cancelled', error: null });
    await expect(rebuilds.cancel(asked.id)).rejects.toMatchObject({ code: 'conflict' });
    expect(await rebuilds.cancel(newId())).toBeNull();
    // In the middle: its tables are there, and the next batch finds that it shall end.
    const { id } = await rebuilds.ask('runs');
    const taken = (await rebuilds.take('me')) as RunningRebuild;
    let looks = 0;
    const stopping = {
      throwIfAborted: () => {
        if (++looks > 2) throw new Error('stopped');
      },
    } as AbortSignal;
    await expect(new Rebuilder(pool, taken, 'me', stopping).run()).rejects.toThrow('stopped');
    await rebuilds.cancel(id);
    const again = new Rebuilder(pool, { ...taken, positions: '{}' }, 'me', new AbortController().signal);
    await expect(again.run()).rejects.toMatchObject({ code: '23502' });
    expect(await rebuilds.isCancelled(id, 'me')).toBe(true);
    await rebuilds.release(id, 'me');
    await worker.work();
    expect(await rebuilds.find(id)).toMatchObject({ state: 'cancelled' });
    const schemas = `select 1 from pg_namespace where nspname = 'delivery_log_rebuild'`;
    expect((await pool.query(schemas)).rowCount).toBe(0);
    expect(await checksums('runs')).toEqual(before);
    await rebuild('runs');
    expect(await checksums('runs')).toEqual(before);
  });
});

/** A story five days old that ended at an endpoint of its own. */
async function happenLongAgo(endpointId: number): Promise<Story> {
  const story = exampleStory(newId(), undefined, newId(Date.now() - 5 * DAY_MS));
  const own = (data: unknown): unknown =>
    JSON.parse(JSON.stringify(data).replaceAll('"endpointId":12', `"endpointId":${endpointId}`));
  const dispatcher = story.dispatcher.map((event) => ({ ...event, data: own(event.data) }) as StoredEvent);
  await happen(story.appId, { ...story, dispatcher });
  await live.catchUp();
  return story;
}

describe('LG-05, LG-04: what retention has dropped', () => {
  const retention = (totalBytes: number) => {
    const limits = { days: 30, totalBytes, appBytes: null, apps: {} };
    const floors = new AppFloors(database.pool);
    return new LogRetention(database.pool, { logRetention: limits }, new EndpointRing(database.pool), floors).apply(
      limits,
    );
  };
  const ringOf = async ({ appId, endpointUuid }: Story) =>
    (await new DeliveriesQueries(database.pool, new AppFloors(database.pool)).ring(appId, endpointUuid)).items;

  it('does not come back with a rebuild; what came late for such a day does', async () => {
    await new DayPartitions(database.pool).make([dayOf(Date.now() - 5 * DAY_MS)]);
    const gone = await happenLongAgo(4_711);
    await retention(5);
    const late = await happenLongAgo(4_712);
    const [before, rings] = [await checksums('all'), [await ringOf(gone), await ringOf(late)]];
    expect(rings.map((ring) => ring.map(({ attempts }) => attempts.length))).toEqual([[2], [2]]);
    await rebuild('all');
    expect(await checksums('all')).toEqual(before);
    expect([await ringOf(gone), await ringOf(late)]).toEqual(rings);
  });

  it('ET-09: the last 100 of an endpoint stay whose events are gone', async () => {
    const story = await happenLongAgo(4_713);
    const ring = await ringOf(story);
    expect(ring.map(({ id }) => id)).toEqual([story.deliveryId]);
    for (const service of ['runner', 'dispatcher']) {
      await database.pool.query(`delete from ${service}.events where app_id = $1`, [story.appId]);
    }
    await rebuild('deliveries');
    expect(await ringOf(story)).toEqual(ring);
    await rebuild('deliveries');
    expect(await ringOf(story)).toEqual(ring);
  });

  it('ET-09: long bodies, samples and dead letters stay whose events are gone; bodies that were taken away are not named', async () => {
    const { pool } = database;
    const payloads = new Payloads(pool);
    const [kept = '', left = ''] = await payloads.putAll([Buffer.from('whole'), Buffer.from('left the ring')]);
    const told = exampleStory(newId());
    const attempt = told.dispatcher[1] as StoredEvent;
    const { request, ...others } = attempt.data as { request: object };
    const data = { ...others, request: { ...request, truncated: true, payloadId: left } };
    const dispatcher = told.dispatcher.with(1, { ...attempt, data } as StoredEvent);
    await happen(told.appId, { ...told, dispatcher });
    await live.catchUp();
    await pool.query(
      `insert into delivery_log.whole_bodies (payload_id, endpoint_uuid, delivery_id, at, recorded_at)
       values ($1, $2, $3, now() - interval '99 days', now() - interval '99 days')`,
      [kept, newId(), newId()],
    );
    await pool.query(
      `insert into delivery_log.samples (id, app_id, trigger_id, captured_at, data)
       values ($1, $1, $1, now() - interval '99 days', '{}')`,
      [newId()],
    );
    await pool.query(
      `insert into delivery_log.dead_letter_list (id, service, consumer_group, topic, stream_id, version, type, reason, status, parked_at)
       values ($1, 'runner', 'g', 't', $1, 1, 'T', 'r', 'parked', now() - interval '99 days')`,
      [newId()],
    );
    // As the sweep does it with what is outside of the ring.
    await payloads.remove([left]);
    await pool.query('delete from delivery_log.whole_bodies where payload_id = $1', [left]);
    const before = await checksums('all');
    expect([before.whole_bodies, before.samples, before.dead_letter_list]).toEqual([
      expect.stringMatching(/^1 /),
      expect.stringMatching(/^1 /),
      expect.stringMatching(/^1 /),
    ]);
    await rebuild('all');
    const { whole_bodies, samples, dead_letter_list } = before;
    expect(await checksums('all')).toMatchObject({ whole_bodies, samples, dead_letter_list });
  });
});
