import { newId } from '@sluice/contracts';
import { AlongsideConflictError, EventStore, type Position } from '@sluice/event-store';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BEGINNING, CheckpointMovedError, type GroupTables } from '../consuming/group-tables.ts';
import { prepareBusTables } from '../contract/postgres-world.fixture.ts';
import type { NewDeadLetter } from '../dead-letters/dead-letter.ts';
import { PostgresGroupTables } from './postgres-group-tables.ts';

const at = (position: number): Position => ({ epoch: 1, transactionId: 900n, position: BigInt(position) });

describe('checkpoints and dead letters in Postgres', () => {
  let database: TestDatabase;
  let store: EventStore;
  let tables: GroupTables;
  beforeAll(async () => {
    database = await createTestDatabase({ template: { name: 'bus 1', prepare: prepareBusTables } });
    const connection = { connectionString: database.url };
    store = new EventStore({ service: 'runner', topics: ['runner.events'], connection, partitioned: true });
    await store.start();
    tables = new PostgresGroupTables('runner', database.pool);
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  const keyOf = () => ({ group: `runner:${newId()}`, topic: 'gateway.events', partition: 0 });

  it('a move commits from where the checkpoint is, and is refused from anywhere else', async () => {
    const key = keyOf();
    const { fence, position } = await tables.take(key);
    expect(position).toEqual(BEGINNING);
    const move = { key, fence, from: BEGINNING, to: at(5) };
    await store.commit({ appends: [], alongside: [tables.move(move)] });
    expect(await tables.current(key)).toEqual({ fence, position: at(5) });
    const again = store.commit({ appends: [], alongside: [tables.move(move)] });
    await expect(again).rejects.toBeInstanceOf(AlongsideConflictError);
    await expect(tables.moveAlone(move)).rejects.toBeInstanceOf(CheckpointMovedError);
    await tables.moveAlone({ ...move, from: at(5), to: at(6) });
    const client = await database.pool.connect();
    await expect(tables.moveWith(client, move)).rejects.toBeInstanceOf(CheckpointMovedError);
    client.release();
    expect(await tables.current(key)).toEqual({ fence, position: at(6) });
  });

  it('whoever took the partition before is refused, also from the right position', async () => {
    const key = keyOf();
    const before = await tables.take(key);
    const after = await tables.take(key);
    const move = { key, from: BEGINNING, to: at(1) };
    const stale = store.commit({ appends: [], alongside: [tables.move({ ...move, fence: before.fence })] });
    await expect(stale).rejects.toBeInstanceOf(AlongsideConflictError);
    await store.commit({ appends: [], alongside: [tables.move({ ...move, fence: after.fence })] });
  });

  it('of rivals whose moves the store merges into one statement, exactly one passes', async () => {
    for (let round = 0; round < 10; round++) {
      const key = keyOf();
      const { fence } = await tables.take(key);
      const move = tables.move({ key, fence, from: BEGINNING, to: at(1) });
      const rivals = Array.from({ length: 5 }, () => store.commit({ appends: [], alongside: [move] }));
      const results = await Promise.allSettled(rivals);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  });

  it('a lease keeps others out until it ends or is given up', async () => {
    const key = keyOf();
    const [mine, yours] = [
      { owner: newId(), leaseMs: 60_000 },
      { owner: newId(), leaseMs: 60_000 },
    ];
    expect(await tables.takeLeased(key, mine)).not.toBeNull();
    expect(await tables.takeLeased(key, yours)).toBeNull();
    expect(await tables.renewLeases(mine)).toEqual([key]);
    expect(await tables.renewLeases(yours)).toEqual([]);
    await tables.releaseLeases(mine.owner);
    expect(await tables.takeLeased(key, { ...yours, leaseMs: 1 })).not.toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await tables.renewLeases({ ...yours, leaseMs: 1 })).toEqual([]);
    expect(await tables.takeLeased(key, mine)).not.toBeNull();
    expect(await tables.takeLeased(key, { ...yours, force: true })).not.toBeNull();
  });

  function letterOf(streamId: string, version: number, reason: 'failed' | 'behind'): NewDeadLetter {
    const message = {
      kind: 'event' as const,
      position: at(version),
      partitionKey: streamId,
      typeVersion: 1,
      appId: null,
      dataJson: '{}',
      metaJson: '{"correlationId":"c","causationId":null}',
      occurredAt: new Date(),
      body: Buffer.from([1, 2, 0]),
    };
    const about = { group: 'runner', topic: 'gateway.events', partition: 2, type: 'A', announced: 1 };
    const error = reason === 'failed' ? { name: 'TypeError', message: 'no' } : null;
    return { id: newId(), streamId, version, reason, error, parkedAt: new Date(), message, ...about };
  }

  it('an event waits behind another only while that one is parked', async () => {
    const stream = newId();
    const park = (letter: NewDeadLetter) => store.commit({ appends: [], alongside: [tables.park([letter])] });
    await expect(park(letterOf(stream, 2, 'behind'))).rejects.toBeInstanceOf(AlongsideConflictError);
    const failed = letterOf(stream, 1, 'failed');
    await park(failed);
    await park(letterOf(stream, 2, 'behind'));
    const { state: _, attempts, ...kept } = (await tables.letter(failed.id)) ?? { state: '', attempts: 0 };
    expect(kept).toEqual(failed);
    expect(attempts).toBe(1);
    await store.commit({ appends: [], alongside: [tables.handled(failed.id)] });
    const twice = store.commit({ appends: [], alongside: [tables.handled(failed.id)] });
    await expect(twice).rejects.toBeInstanceOf(AlongsideConflictError);
    expect((await tables.firstParked('runner', 'gateway.events', stream))?.version).toBe(2);
    expect(await tables.orphanedStreams(10)).toEqual([{ group: 'runner', topic: 'gateway.events', streamId: stream }]);
  });

  it('whoever parks behind the last letter while it is being finished waits for the outcome', async () => {
    for (let round = 0; round < 20; round++) {
      const stream = newId();
      const failed = letterOf(stream, 1, 'failed');
      await store.commit({ appends: [], alongside: [tables.park([failed])] });
      const behind = letterOf(stream, 2, 'behind');
      const client = await database.pool.connect();
      await client.query('begin');
      await tables.handledWith(client, failed.id);
      const parking = store.commit({ appends: [], alongside: [tables.park([behind])] });
      const outcome = parking.then(
        () => 'parked',
        () => 'refused',
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
      const isFinished = round % 2 === 0;
      await client.query(isFinished ? 'commit' : 'rollback');
      client.release();
      expect(await outcome).toBe(isFinished ? 'refused' : 'parked');
    }
  });

  it('finished letters are forgotten after a while, parked ones never', async () => {
    const stream = newId();
    const [failed, behind] = [letterOf(stream, 1, 'failed'), letterOf(stream, 2, 'behind')];
    await store.commit({ appends: [], alongside: [tables.park([failed])] });
    await store.commit({ appends: [], alongside: [tables.park([behind])] });
    await tables.discard(failed.id);
    expect(await tables.discard(failed.id)).toBe(false);
    expect((await tables.unannounced(100)).map(({ id }) => id)).toContain(failed.id);
    await store.commit({ appends: [], alongside: [tables.done(failed.id)] });
    await tables.sweep(3_600);
    expect(await tables.letter(failed.id)).toMatchObject({ state: 'done' });
    await tables.sweep(0);
    expect(await tables.letter(failed.id)).toBeNull();
    expect(await tables.letter(behind.id)).toMatchObject({ state: 'parked' });
  });
});
