import { newId } from '@sluice/contracts';
import { comparePositions, type Position } from '@sluice/event-store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY_MS, dayOf, retentionWorld, type World } from './retention.fixture.ts';
import { tombstonePrune } from './tombstones.ts';

let world: World;
beforeEach(async () => {
  world = await retentionWorld();
});
afterEach(() => world.close());

const rowsIn = async (table: string): Promise<number> =>
  Number((await world.database.pool.query(`select count(*) as count from ${table}`)).rows[0].count);

describe('LG-04: days of events past their age', () => {
  it('are dropped when nobody needs them, younger ones and the events in them stay', async () => {
    const [old, young] = [await world.append('gateway', 40), await world.append('gateway', 29)];
    expect(await world.sweep('gateway')).toEqual({ dropped: [dayOf(40)], kept: {}, pruned: {} });
    expect(await world.gateway.read(old.id)).toEqual([]);
    expect(await world.gateway.read(young.id)).toHaveLength(1);
  });

  it('stay while a consumer of whichever service has not read them, and go once it has', async () => {
    const { position } = await world.append('gateway', 40);
    await world.checkpoint('runner:triggers', 'gateway.events', null);
    expect(await world.sweep('gateway')).toMatchObject({ dropped: [], kept: { [dayOf(40)]: 'unread_events' } });
    await world.checkpoint('runner:triggers', 'gateway.events', position);
    expect(await world.sweep('gateway')).toMatchObject({ dropped: [dayOf(40)], kept: {} });
  });

  it('are not kept by the checkpoint of a consumer that exists no more, where all that exist are known', async () => {
    await world.append('gateway', 40);
    await world.append('runner', 40);
    await world.checkpoint("runner:it's gone", 'gateway.events', null);
    const groups = () => ['runner:triggers', "runner:it's"];
    for (const unknown of [() => null, () => []]) {
      const kept = await world.sweep('gateway', { groups: unknown });
      expect(kept).toMatchObject({ dropped: [], kept: { [dayOf(40)]: 'unread_events' } });
    }
    await world.checkpoint('runner:triggers', 'gateway.events', null);
    expect(await world.sweep('gateway', { groups })).toMatchObject({ kept: { [dayOf(40)]: 'unread_events' } });
    expect(await world.sweep('runner', { groups })).toMatchObject({ kept: { [dayOf(40)]: 'unprocessed_events' } });
    const { rows } = await world.database.pool.query(
      "delete from runner.checkpoints where consumer_group = 'runner:triggers'",
    );
    expect(rows).toEqual([]);
    for (const service of ['runner', 'gateway'] as const) {
      expect(await world.sweep(service, { groups })).toMatchObject({ dropped: [dayOf(40)], kept: {} });
    }
  });

  it('stay in the service that has yet to read an event of the same day: what comes of it gets an id of that day', async () => {
    const { position } = await world.append('gateway', 40);
    await world.append('runner', 40);
    await world.checkpoint('runner:triggers', 'gateway.events', null);
    expect(await world.sweep('runner')).toMatchObject({ kept: { [dayOf(40)]: 'unprocessed_events' } });
    await world.checkpoint('runner:triggers', 'gateway.events', position);
    expect(await world.sweep('runner')).toMatchObject({ dropped: [dayOf(40)] });
  });

  it('stay while a dead letter of their day is parked', async () => {
    const { id } = await world.append('gateway', 40);
    await world.append('runner', 40);
    await world.database.pool.query(
      `insert into runner.dead_letters (id, consumer_group, topic, partition, stream_id, version, type, reason,
         announced, parked_at, kind, epoch, transaction_id, position, type_version, data, meta, occurred_at)
       values ($1, 'runner', 'gateway.events', 0, $2, 1, 'A', 'failed', 1, now(), 'event', 1, 1, 1, 1, '{}', '{}', now())`,
      [newId(), id],
    );
    expect(await world.sweep('runner')).toMatchObject({ kept: { [dayOf(40)]: 'dead_letters' } });
    await world.database.pool.query(`update runner.dead_letters set state = 'discarded'`);
    expect(await world.sweep('runner')).toMatchObject({ dropped: [dayOf(40)] });
  });

  it('distributed: stay until the relay has sent them to Kafka', async () => {
    const { position } = await world.append('gateway', 40);
    const isKafka = true;
    expect(await world.sweep('gateway', { isKafka })).toMatchObject({ kept: { [dayOf(40)]: 'unsent_events' } });
    const relayed = (to: string) =>
      world.database.pool.query(
        `insert into gateway.relay_positions (topic, epoch, transaction_id, position) values ('gateway.events', $1, $2, $3)
         on conflict (topic) do update set position = excluded.position`,
        [position.epoch, position.transactionId.toString(), to],
      );
    await relayed((position.position - 1n).toString());
    expect(await world.sweep('gateway', { isKafka })).toMatchObject({ dropped: [] });
    await relayed(position.position.toString());
    expect(await world.sweep('gateway', { isKafka })).toMatchObject({ dropped: [dayOf(40)] });
  });

  it("stay while the service's own needs say so; one whose tables are missing says nothing", async () => {
    await world.append('gateway', 40);
    const needs = [
      { name: 'elsewhere', tables: ['runner.nowhere'], sql: 'select true as needed from runner.nowhere' },
      { name: 'own', sql: 'select $1::uuid < $2::uuid as needed' },
    ];
    expect(await world.sweep('gateway', { rules: { needs, prunes: [] } })).toMatchObject({
      kept: { [dayOf(40)]: 'own' },
    });
  });

  it('are never dropped with 0 days, and by one of several replicas at a time', async () => {
    await world.append('gateway', 400);
    expect(await world.sweep('gateway', { days: 0 })).toBeNull();
    const lease = (until: string) =>
      world.database.pool.query(
        `insert into retention.leases (service, owner, lease_until) values ('gateway', 'one', ${until})
         on conflict (service) do update set lease_until = excluded.lease_until`,
      );
    await lease(`now() + interval '1 minute'`);
    expect(await world.sweep('gateway', { owner: 'two' })).toBeNull();
    await lease(`now() - interval '1 second'`);
    expect(await world.sweep('gateway', { owner: 'two' })).toMatchObject({ dropped: [dayOf(400)] });
  });

  it('go beside a consumer that is behind and writers that append, and it misses and repeats nothing', async () => {
    for (let index = 0; index < 200; index++) await world.append('gateway', index % 2 === 0 ? 40 : 0);
    await world.checkpoint('runner:triggers', 'gateway.events', null);
    let isDone = false;
    const appended: string[] = [];
    const writing = (async () => {
      while (!isDone) appended.push((await world.append('gateway', 0)).id);
    })();
    const reports: string[] = [];
    const sweeping = (async () => {
      while (!isDone) reports.push(...((await world.sweep('gateway'))?.dropped ?? []));
    })();
    const seen: string[] = [];
    let last: Position | null = null;
    let isInOrder = true;
    const readUpTo = async (isEnough: () => boolean): Promise<void> => {
      while (!isEnough()) {
        const events = await world.gateway.readAfter('gateway.events', last, 10);
        for (const { streamId, position } of events) {
          isInOrder &&= last === null || comparePositions(position, last) > 0;
          seen.push(streamId);
          last = position;
        }
        if (last) await world.checkpoint('runner:triggers', 'gateway.events', last);
      }
    };
    await readUpTo(() => seen.length >= 200 && reports.length > 0);
    isDone = true;
    await Promise.all([writing, sweeping]);
    await readUpTo(() => seen.length >= 200 + appended.length);
    expect(new Set(seen).size).toBe(200 + appended.length);
    expect(isInOrder).toBe(true);
    expect(reports).toEqual([dayOf(40)]);
  });
});

describe('rows past their age', () => {
  it('go in batches, however many they are', async () => {
    await world.database.pool.query(
      `create table gateway.things as select n as id, now() - interval '40 days' + n * interval '1 hour' as at
       from generate_series(1, 480) n`,
    );
    const sql = `delete from gateway.things where id in (select id from gateway.things where at < $1 limit 7)`;
    const prunes = [{ table: 'gateway.things', sql, batchRows: 7 }];
    const report = await world.sweep('gateway', { rules: { needs: [], prunes } });
    expect(await rowsIn(`gateway.things where at < now() - interval '30 days'`)).toBe(0);
    expect(await rowsIn('gateway.things')).toBe(480 - (report?.pruned['gateway.things'] ?? 0));
  });

  it('tombstones go when they are older than a day and than the retention, not before', async () => {
    const { pool } = world.database;
    await pool.query(`create table gateway.tailed (id int primary key, deleted boolean not null,
      changed_xid xid8 not null default pg_current_xact_id())`);
    await pool.query('insert into gateway.tailed values (1, true), (2, false)');
    const rules = { needs: [], prunes: [tombstonePrune('gateway.tailed', 'id')] };
    await world.sweep('gateway', { rules });
    expect(await rowsIn('gateway.tailed')).toBe(2);
    await pool.query(`update retention.marks set taken_at = now() - interval '31 days'`);
    await pool.query('insert into gateway.tailed values (3, true)');
    expect(await world.sweep('gateway', { rules })).toMatchObject({ pruned: { 'gateway.tailed': 1 } });
    expect((await pool.query('select id from gateway.tailed order by id')).rows).toEqual([{ id: 2 }, { id: 3 }]);
  });

  it('payloads stay while any service holds a day that is as old, and go with the last', async () => {
    const { pool } = world.database;
    const old = newId(Date.now() - 50 * DAY_MS);
    await pool.query(
      `insert into payloads.payloads (id, referenced, size, sha256, bytes) values ($1, true, 1, sha256('x'), 'x')`,
      [old],
    );
    const young = await world.payloads.put(Buffer.from('young'));
    await world.append('runner', 50);
    expect(await world.sweep('gateway')).toMatchObject({ pruned: {} });
    expect((await world.payloads.get(old)).toString()).toBe('x');
    await world.sweep('runner');
    expect(await world.sweep('gateway')).toMatchObject({ pruned: { 'payloads.payloads': 1 } });
    await expect(world.payloads.get(old)).rejects.toMatchObject({ code: 'unknown' });
    expect((await world.payloads.get(young)).toString()).toBe('young');
  });

  it('ET-09: payloads that the delivery log shows whatever their age stay', async () => {
    const { pool } = world.database;
    const ids = [1, 2, 3].map(() => newId(Date.now() - 50 * DAY_MS));
    await pool.query(
      `insert into payloads.payloads (id, referenced, size, sha256, bytes)
       select id, true, 1, sha256('x'), 'x' from unnest($1::uuid[]) as u(id)`,
      [ids],
    );
    await pool.query('create schema delivery_log');
    await pool.query('create table delivery_log.whole_bodies (payload_id uuid)');
    await pool.query('create table delivery_log.samples (data text)');
    await pool.query('insert into delivery_log.whole_bodies values ($1)', [ids[0]]);
    await pool.query('insert into delivery_log.samples values ($1), ($2)', [
      JSON.stringify({ bodyPayloadId: ids[1] }),
      JSON.stringify({ bodyPayloadId: null }),
    ]);
    expect(await world.sweep('gateway')).toMatchObject({ pruned: { 'payloads.payloads': 1 } });
    expect((await pool.query('select id from payloads.payloads order by id')).rows.map(({ id }) => id)).toEqual(
      ids.slice(0, 2).toSorted(),
    );
  });
});

it('a worker that is closed in its sweep ends it, and gives the lease back', async () => {
  await world.append('gateway', 40);
  const needs = [{ name: 'slow', sql: 'select $1::uuid < $2::uuid as needed from pg_sleep(0.2)' }];
  const worker = world.worker('gateway', { rules: { needs, prunes: [] } });
  const sweeping = worker.sweep();
  await worker.close();
  await sweeping;
  expect(await world.sweep('gateway', { owner: 'other' })).toMatchObject({ dropped: [dayOf(40)] });
});
