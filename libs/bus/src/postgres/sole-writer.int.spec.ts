import { newId } from '@sluice/contracts';
import { EventStore } from '@sluice/event-store';
import { createTestDatabase, eventually, type TestDatabase } from '@sluice/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BusEvent } from '../bus.contract.ts';
import { accept, type BusProcess, commits, event, versionsOf } from '../contract/bus-world.fixture.ts';
import { postgresWorld, prepareBusTables } from '../contract/postgres-world.fixture.ts';
import { QuietLogger } from '../contract/quiet-logger.fixture.ts';
import { PostgresBus, type PostgresBusOptions } from './postgres-bus.ts';

/** What rests on the hand-over from the commit to the consumers of the same process. */
describe('Postgres bus in one process', () => {
  let database: TestDatabase;
  const closing: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    database = await createTestDatabase({ template: { name: 'bus 1', prepare: prepareBusTables } });
    closing.push(() => database.drop());
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  function world(options: Partial<PostgresBusOptions> = {}) {
    const created = postgresWorld({
      url: database.url,
      createBus: (bindings) =>
        new PostgresBus({ bindings, instanceId: 'one', logger: new QuietLogger(), soleWriter: true, ...options }),
    });
    closing.push(() => created.remove());
    return created;
  }

  const consuming = {
    consumers: (bus: BusProcess['bus'], self: BusProcess): void =>
      bus.consume('gateway.events', { group: 'runner' }, commits(self)),
  };

  it('a commit that was never handed over (its answer was lost) is found in the table, in its place', async () => {
    const shared = world();
    const process = await shared.start(consuming);
    await process.bus.ready();
    // Another connection stands for the commit whose answer the store never got.
    const topics = ['gateway.events'] as const;
    const unheard = new EventStore({
      service: 'gateway',
      topics,
      connection: { connectionString: database.url },
      partitioned: true,
    });
    await unheard.start();
    const stream = newId();
    for (let version = 0; version < 60; version++) {
      const store = version % 7 === 3 ? unheard : process.store('gateway');
      await store.append(stream, version, [event('A')]);
      if (version % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await unheard.append(stream, 60, [event('A')]);
    const all = Array.from({ length: 61 }, (_, index) => index + 1);
    await eventually(async () => expect(versionsOf(await shared.effects(), stream)).toEqual(all));
    await unheard.close();
  });

  it('a consumer that falls behind the hand-over reads the table and catches up, in order', async () => {
    const shared = world({ handOverLimit: 50 });
    let isSlow = true;
    const process = await shared.start({
      consumers: (bus, self) =>
        bus.consume('gateway.events', { group: 'runner', maxBatch: 100 }, async (batch) => {
          if (isSlow) await new Promise((resolve) => setTimeout(resolve, 100));
          await commits(self)(batch);
        }),
    });
    const streams = Array.from({ length: 20 }, () => newId());
    for (let version = 0; version < 40; version++) {
      await Promise.all(streams.map((id) => process.store('gateway').append(id, version, [event('A')])));
    }
    isSlow = false;
    await eventually(async () => expect(await shared.effects()).toHaveLength(800));
    const effects = await shared.effects();
    const all = Array.from({ length: 40 }, (_, index) => index + 1);
    for (const stream of streams) expect(versionsOf(effects, stream)).toEqual(all);
    expect(process.bus.statuses()[0]).toMatchObject({ lag: 0 });
  });

  it('a consumer that is far behind takes larger batches, and those of every day once it has caught up', async () => {
    const shared = world({ handOverLimit: 50 });
    const sizes: number[] = [];
    let isHeld = true;
    const process = await shared.start({
      consumers: (bus, self) => {
        const behind = { from: 40, maxBatch: 30 };
        bus.consume('gateway.events', { group: 'runner', maxBatch: 5, behind }, async (batch) => {
          await eventually(() => expect(isHeld).toBe(false));
          sizes.push(batch.events.length);
          await commits(self)(batch);
        });
      },
    });
    const stream = newId();
    for (let version = 0; version < 120; version++) {
      await process.store('gateway').append(stream, version, [event('A')]);
    }
    isHeld = false;
    await eventually(async () => expect(await shared.effects()).toHaveLength(120));
    expect(Math.max(...sizes)).toBe(30);
    expect(Math.max(...sizes.slice(-4))).toBe(5);
    expect(versionsOf(await shared.effects(), stream)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
  });

  it('consumers yield while accepts queue, each batch for a bounded time, so they never stand still', async () => {
    let isBusy = true;
    const times: number[] = [];
    const shared = world({ yieldWhile: () => isBusy });
    const process = await shared.start({
      consumers: (bus, self) =>
        bus.consume('gateway.events', { group: 'runner', maxBatch: 1 }, async (batch) => {
          times.push(performance.now());
          await commits(self)(batch);
        }),
    });
    const stream = await accept(process, ['A', 'A', 'A', 'A']);
    await eventually(() => expect(times.length).toBeGreaterThanOrEqual(3));
    expect((times[2] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(100);
    isBusy = false;
    await eventually(async () => expect(versionsOf(await shared.effects(), stream)).toEqual([1, 2, 3, 4]));
  });

  it('after kill -9 the next process goes on at once: nobody else could hold its leases', async () => {
    // Long enough that nobody mistakes waiting for the end of a lease for going on at once.
    const shared = world({ leaseMs: 120_000 });
    const first = await shared.start(consuming);
    await first.bus.ready();
    const second = await shared.start(consuming);
    const began = performance.now();
    await second.bus.ready();
    await accept(second);
    await eventually(async () => expect(await shared.effects()).toHaveLength(1));
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  it('an event reaches its consumer straight from the commit, although another transaction holds readers of the table back', async () => {
    const seen = new Map<string, number>();
    const shared = world();
    const process = await shared.start({
      consumers: (bus) =>
        bus.consume('gateway.events', { group: 'runner' }, async (batch) => {
          for (const each of batch.events as readonly BusEvent[]) seen.set(each.streamId, performance.now());
        }),
    });
    await process.bus.ready();
    for (let count = 0; count < 5; count++) await accept(process);
    await eventually(() => expect(seen.size).toBe(5));
    const slow = await database.pool.connect();
    await slow.query('begin; select pg_current_xact_id()');
    const stream = await accept(process);
    await eventually(() => expect(seen.has(stream)).toBe(true));
    await slow.query('rollback');
    slow.release();
  });
});
