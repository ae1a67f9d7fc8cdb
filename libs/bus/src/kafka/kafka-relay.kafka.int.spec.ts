import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { newId } from '@sluice/contracts';
import { eventually, createTestDatabase, cuttingProxy, type TestDatabase, testKafka } from '@sluice/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventBatch } from '../bus.contract.ts';
import { accept, type BusProcess, commits, event, Gate, versionsOf } from '../contract/bus-world.fixture.ts';
import { prepareBusTables } from '../contract/postgres-world.fixture.ts';
import { QuietLogger } from '../contract/quiet-logger.fixture.ts';
import type { KafkaBus, KafkaBusOptions } from './kafka-bus.ts';
import { createKafka } from './kafka-client.ts';
import { kafkaWorld } from './kafka-world.fixture.ts';

const consuming = {
  consumers: (bus: BusProcess['bus'], self: BusProcess): void =>
    bus.consume('gateway.events', { group: 'runner' }, commits(self)),
};

describe('relay', () => {
  let database: TestDatabase;
  let brokers: string;
  let prefix: string;
  const closing: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    ({ brokers } = await testKafka());
    database = await createTestDatabase({ template: { name: 'bus 1', prepare: prepareBusTables } });
    prefix = `${randomBytes(4).toString('hex')}.`;
    closing.push(() => database.drop());
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  function world(options: (number: number) => Partial<KafkaBusOptions> = () => ({})) {
    const created = kafkaWorld({ url: database.url, brokers, prefix, options });
    closing.push(() => created.remove());
    return created;
  }

  /** How many messages the topic holds, repeats included. */
  async function logLength(): Promise<number> {
    const admin = createKafka({ brokers: [brokers] }, new QuietLogger()).admin();
    await admin.connect();
    const ends = await admin.fetchTopicOffsets(`${prefix}gateway.events`);
    await admin.disconnect();
    return ends.reduce((sum, { high }) => sum + Number(high), 0);
  }

  /** What stands in the log of the topic: `stream/version`, in the order of each partition. */
  async function log(): Promise<string[][]> {
    const expected = await logLength();
    const partitions: string[][] = [[], [], []];
    const consumer = createKafka({ brokers: [brokers] }, new QuietLogger()).consumer({
      groupId: newId(),
      maxWaitTimeInMs: 100,
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [`${prefix}gateway.events`], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message }) => void partitions[partition]?.push(String(message.headers?.ce_id)),
    });
    await eventually(() => expect(partitions.flat().length).toBeGreaterThanOrEqual(expected));
    await consumer.disconnect();
    return partitions;
  }

  const relaysOf = (process: BusProcess) => (process.bus as KafkaBus).relays();

  it('one process per service relays, however many could', async () => {
    const senders = new Set<number>();
    const shared = world((number) => ({ relay: { beforeSend: async () => void senders.add(number) } }));
    const processes = [await shared.start(consuming), await shared.start(), await shared.start()];
    await eventually(() => {
      for (const service of ['gateway', 'runner', 'delivery-log']) {
        const relays = processes.flatMap(relaysOf).filter((relay) => relay.service === service);
        expect(relays.filter((relay) => relay.active)).toHaveLength(1);
      }
    });
    const streams = await Promise.all(processes.map((process) => accept(process, ['A', 'B'])));
    await eventually(async () => expect(await shared.effects()).toHaveLength(6));
    const active = processes.findIndex((process) =>
      relaysOf(process).some((relay) => relay.service === 'gateway' && relay.active),
    );
    expect([...senders]).toEqual([active + 1]);
    // That one may send a batch again whose answer was lost (decision 0021): a repeat, never anything out of order.
    const partitions = (await log()).map((written) => [...new Set(written)]);
    expect(partitions.flat().sort()).toEqual(streams.flatMap((id) => [`${id}/1`, `${id}/2`]).sort());
    for (const written of partitions) {
      for (const id of streams) expect(written.filter((each) => each.startsWith(id)).join()).toMatch(/^$|\/1,.*\/2$/);
    }
    expect(await shared.effects()).toHaveLength(6);
  });

  it('while accepts come in a burst a batch waits its time, and goes then although the burst has not ended', async () => {
    let looks = 0;
    const burst = (): boolean => {
      looks++;
      return true;
    };
    const shared = world(() => ({ relay: { yieldWhile: burst } }));
    const process = await shared.start(consuming);
    for (let count = 0; count < 20; count++) await accept(process);
    await eventually(async () => expect(await shared.effects()).toHaveLength(20));
    expect(looks).toBeGreaterThanOrEqual(100); // a second of 10 ms each
  });

  it('a relay that stops hands over at once', async () => {
    const shared = world(() => ({ relay: { leaseMs: 120_000 } }));
    const first = await shared.start();
    await eventually(() => expect(relaysOf(first).every((relay) => relay.active)).toBe(true));
    const second = await shared.start(consuming);
    await second.bus.ready();
    await first.close();
    const closed = performance.now();
    await accept(second);
    await eventually(async () => expect(await shared.effects()).toHaveLength(1));
    expect(performance.now() - closed).toBeLessThan(40_000);
  });

  it('a relay that wakes up late with a batch in its hands only repeats: consumers see each event once, in order', async () => {
    const gate = new Gate();
    let holdBack = false;
    const shared = world((number) =>
      number === 1 ? { relay: { beforeSend: async () => (holdBack ? gate.pass() : undefined) } } : {},
    );
    const late = await shared.start();
    await eventually(() => expect(relaysOf(late).every((relay) => relay.active)).toBe(true));
    const stream = await accept(late, ['A', 'B']);
    holdBack = true;
    await accept(late, ['C', 'D'], { id: stream, after: 2 });
    await eventually(() => expect(gate.arrived).toBeGreaterThan(0));
    // Its lease ends while it sleeps.
    await database.pool.query("update gateway.relay_lease set lease_until = '-infinity'");
    const successor = await shared.start(consuming);
    await eventually(() => expect(relaysOf(successor).some((r) => r.service === 'gateway' && r.active)).toBe(true));
    await accept(successor, ['E', 'F'], { id: stream, after: 4 });
    await eventually(async () => expect(versionsOf(await shared.effects(), stream)).toEqual([1, 2, 3, 4, 5, 6]));
    gate.open();
    await eventually(async () => expect(await logLength()).toBeGreaterThan(6));
    await accept(successor, ['G'], { id: stream, after: 6 });
    const all = [1, 2, 3, 4, 5, 6, 7];
    await eventually(async () => expect(versionsOf(await shared.effects(), stream)).toEqual(all));
    const raw = (await log()).flat().map((id) => Number(id.split('/')[1]));
    expect(raw.length).toBeGreaterThan(7);
    await eventually(() => expect(relaysOf(late).some((r) => r.service === 'gateway' && r.active)).toBe(false));
  });

  it('connections cut between append and answer: nothing is lost, order per key is kept, repeats are dropped', async () => {
    const [host = '', port = ''] = brokers.split(':');
    const proxy = await cuttingProxy({ host, port: Number(port) });
    closing.push(() => proxy.close());
    const connect = () => net.connect({ host: '127.0.0.1', port: proxy.port });
    const shared = world((number) =>
      number === 1 ? { kafka: { brokers: [brokers], prefix, partitions: 3, connect } } : {},
    );
    const relaying = await shared.start();
    await eventually(() => expect(relaysOf(relaying).every((relay) => relay.active)).toBe(true));
    await shared.start(consuming);
    const streams = Array.from({ length: 10 }, () => newId());
    for (let round = 0; round < 40; round++) {
      if (round % 3 === 0) proxy.cutNext(1);
      const appends = streams.map((id) => relaying.store('gateway').append(id, round, [event('A')]));
      await Promise.all(appends);
      if (round % 6 === 0) await new Promise((resolve) => setTimeout(resolve, 150));
    }
    await eventually(async () => expect((await shared.effects()).length).toBeGreaterThanOrEqual(400));
    const effects = await shared.effects();
    const all = Array.from({ length: 40 }, (_, index) => index + 1);
    for (const stream of streams) expect(versionsOf(effects, stream)).toEqual(all);
    expect(proxy.cuts).toBeGreaterThan(3);
    const partitions = await log();
    expect(new Set(partitions.flat()).size).toBe(400);
    expect(partitions.flat().length).toBeGreaterThan(400);
    for (const partition of partitions) expectRising(partition);
  }, 60_000);

  it('a topic that was lost is filled again from its table: a new group gets all, an old one nothing twice', async () => {
    const shared = world();
    const first = await shared.start(consuming);
    const streams = await Promise.all(Array.from({ length: 10 }, () => accept(first, ['A', 'B'])));
    await eventually(async () => expect(await shared.effects()).toHaveLength(20));
    await first.close();
    const admin = createKafka({ brokers: [brokers] }, new QuietLogger()).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [`${prefix}gateway.events`] });
    await admin.disconnect();
    const seen = new Set<string>();
    const second = await shared.start({
      consumers: (bus, self) => {
        consuming.consumers(bus, self);
        bus.consume('gateway.events', { group: 'runner:new' }, async (batch: EventBatch) => {
          for (const each of batch.events) seen.add(`${each.streamId}/${each.version}`);
        });
      },
    });
    await accept(second, ['C'], { id: streams[0] ?? '', after: 2 });
    await eventually(() => expect(seen.size).toBe(21));
    await eventually(async () => expect(await shared.effects()).toHaveLength(21));
  });

  it('a message on our topic that no relay wrote is passed over with a log line', async () => {
    const logger = new QuietLogger();
    const shared = world(() => ({ logger }));
    const process = await shared.start(consuming);
    await process.bus.ready();
    const producer = createKafka({ brokers: [brokers] }, logger).producer();
    await producer.connect();
    await producer.send({ topic: `${prefix}gateway.events`, messages: [{ key: 'x', value: 'not ours' }] });
    await producer.disconnect();
    await accept(process);
    await eventually(async () => expect(await shared.effects()).toHaveLength(1));
    await eventually(() => expect(logger.lines.join('\n')).toMatch(/foreign message at gateway\.events/));
  });
});

/** Apart from repeats, the versions of each stream rise: a repeat never comes before its first appearance. */
function expectRising(partition: readonly string[]): void {
  const highest = new Map<string, number>();
  for (const id of partition) {
    const [stream = '', version = ''] = id.split('/');
    const before = highest.get(stream) ?? 0;
    expect(Number(version)).toBeLessThanOrEqual(before + 1);
    highest.set(stream, Math.max(before, Number(version)));
  }
}
