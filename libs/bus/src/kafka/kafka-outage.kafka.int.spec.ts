import { randomBytes } from 'node:crypto';
import { newId } from '@sluice/contracts';
import { eventually, createTestDatabase, temporaryKafka, type TestDatabase } from '@sluice/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BusEvent } from '../bus.contract.ts';
import { accept, type BusWorld, commits, event, versionsOf } from '../contract/bus-world.fixture.ts';
import { prepareBusTables } from '../contract/postgres-world.fixture.ts';
import { kafkaWorld } from './kafka-world.fixture.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** With a broker of this file's own, which each test may stop and has to start again. */
describe('the broker away', () => {
  let kafka: Awaited<ReturnType<typeof temporaryKafka>>;
  let database: TestDatabase;
  let shared: BusWorld;

  beforeAll(async () => {
    kafka = await temporaryKafka();
  });
  afterAll(() => kafka.remove());
  beforeEach(async () => {
    database = await createTestDatabase({ template: { name: 'bus 1', prepare: prepareBusTables } });
    shared = kafkaWorld({
      url: database.url,
      brokers: kafka.server.brokers,
      prefix: `${randomBytes(4).toString('hex')}.`,
      options: () => ({ closeTimeoutMs: 4_000 }),
    });
  });
  afterEach(async () => {
    await shared.remove();
    await database.drop();
  });

  it('events are still accepted, wait in the table, and follow by themselves; nothing is lost, doubled or parked', async () => {
    const live: string[] = [];
    const process = await shared.start({
      consumers: (bus, self) => {
        bus.consume('gateway.events', { group: 'runner' }, commits(self));
        bus.consume('gateway.events', { group: 'gateway', mode: 'everyInstance' }, async (batch) => {
          live.push(...(batch.events as readonly BusEvent[]).map((each) => `${each.streamId}/${each.version}`));
        });
      },
    });
    await process.bus.ready();
    const stream = await accept(process, ['A', 'B']);
    await eventually(async () => expect(await shared.effects()).toHaveLength(2));
    await kafka.server.stop();
    for (let version = 2; version < 42; version++) {
      await process.store('gateway').append(stream, version, [event('A')]);
      await sleep(150);
    }
    await kafka.restart();
    await process.store('gateway').append(stream, 42, [event('A')]);
    const all = Array.from({ length: 43 }, (_, index) => index + 1);
    await eventually(async () => expect(versionsOf(await shared.effects(), stream)).toEqual(all));
    await eventually(() => expect(new Set(live)).toEqual(new Set(all.map((version) => `${stream}/${version}`))));
    expect(await process.letters.list()).toEqual([]);
    expect(process.bus.statuses().every((status) => status.joined && status.pausedBecause === null)).toBe(true);
  }, 120_000);

  it('killed with kill -9 under load and restarted: every event has one effect, in order', async () => {
    const process = await shared.start({
      consumers: (bus, self) => bus.consume('gateway.events', { group: 'runner' }, commits(self)),
    });
    await process.bus.ready();
    const streams = Array.from({ length: 10 }, () => newId());
    let isLoading = true;
    let length = 0;
    const loading = (async () => {
      while (isLoading) {
        await Promise.all(streams.map((id) => process.store('gateway').append(id, length, [event('A')])));
        length++;
        await sleep(20);
      }
    })();
    for (let kill = 0; kill < 2; kill++) {
      await sleep(1_500);
      await kafka.server.kill9();
      await sleep(500);
      await kafka.restart();
    }
    await sleep(1_000);
    isLoading = false;
    await loading;
    const count = length * streams.length;
    await eventually(async () => expect((await shared.effects()).length).toBeGreaterThanOrEqual(count));
    const effects = await shared.effects();
    const all = Array.from({ length }, (_, index) => index + 1);
    for (const stream of streams) expect(versionsOf(effects, stream)).toEqual(all);
    expect(effects).toHaveLength(count);
  }, 120_000);

  it('a process that starts while the broker is away comes up, and joins when it is back', async () => {
    await kafka.server.stop();
    const process = await shared.start({
      consumers: (bus, self) => bus.consume('gateway.events', { group: 'runner' }, commits(self)),
    });
    const stream = await accept(process, ['A', 'B']);
    expect(process.bus.statuses()[0]).toMatchObject({ joined: false });
    await kafka.restart();
    await process.bus.ready();
    await eventually(async () => expect(versionsOf(await shared.effects(), stream)).toEqual([1, 2]));
  }, 120_000);

  it('a process closes within its bound while the broker is away', async () => {
    const process = await shared.start({
      consumers: (bus, self) => bus.consume('gateway.events', { group: 'runner' }, commits(self)),
    });
    await process.bus.ready();
    await kafka.server.stop();
    await accept(process);
    await sleep(500);
    const began = performance.now();
    await process.close();
    expect(performance.now() - began).toBeLessThan(20_000);
    await kafka.restart();
  }, 120_000);
});
