import { randomBytes } from 'node:crypto';
import { eventually, createTestDatabase, type TestDatabase, testKafka } from '@sluice/testing';
import kafkajs, { type Producer } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventBatch, ForeignMessage } from '../bus.contract.ts';
import type { BusProcess, BusWorld } from '../contract/bus-world.fixture.ts';
import { prepareBusTables } from '../contract/postgres-world.fixture.ts';
import { QuietLogger } from '../contract/quiet-logger.fixture.ts';
import { createKafka } from './kafka-client.ts';
import { kafkaWorld } from './kafka-world.fixture.ts';

describe('foreign topics', () => {
  let database: TestDatabase;
  let shared: BusWorld;
  let topic: string;
  let brokers: string;
  let producer: Producer;

  beforeEach(async () => {
    ({ brokers } = await testKafka());
    database = await createTestDatabase({ template: { name: 'bus 1', prepare: prepareBusTables } });
    const prefix = `${randomBytes(4).toString('hex')}.`;
    topic = `domain.events.${prefix}`;
    shared = kafkaWorld({ url: database.url, brokers, prefix });
    producer = createKafka({ brokers: [brokers] }, new QuietLogger()).producer();
    await producer.connect();
  });
  afterEach(async () => {
    await producer.disconnect();
    await shared.remove();
    await database.drop();
  });

  function start(handle: (batch: EventBatch<ForeignMessage>, self: BusProcess) => Promise<void>) {
    return shared.start({
      consumers: (bus, self) => {
        const handler = (batch: EventBatch<ForeignMessage>): Promise<void> => handle(batch, self);
        bus.consume(topic, { group: 'runner:door', foreign: true }, handler);
      },
    });
  }

  it('messages arrive as the broker gave them, once per group, also after a restart', async () => {
    const seen: ForeignMessage[] = [];
    const handle = async ({ events }: EventBatch<ForeignMessage>): Promise<void> => void seen.push(...events);
    const first = await start(handle);
    await first.bus.ready();
    const headers = { ce_id: '1', ce_type: 'order.paid', ce_source: Buffer.from('/ü'), twice: ['a', 'b'] };
    const messages = [
      { key: 'k', value: '{"a":1}', headers },
      { key: null, value: Buffer.from([0, 255]) },
      { key: 'tomb', value: null },
    ];
    await producer.send({ topic, messages, compression: kafkajs.CompressionTypes.GZIP });
    await eventually(() => expect(seen).toHaveLength(3));
    const keyed = seen.find((message) => message.key === 'k');
    expect(keyed).toMatchObject({ topic, value: Buffer.from('{"a":1}') });
    expect(keyed?.headers).toEqual({ ce_id: '1', ce_type: 'order.paid', ce_source: '/ü', twice: 'b' });
    expect(seen.find((message) => message.key === null)?.value).toEqual(Buffer.from([0, 255]));
    expect(seen.find((message) => message.key === 'tomb')?.value).toEqual(Buffer.alloc(0));
    await first.close();
    const second = await start(handle);
    await second.bus.ready();
    await producer.send({ topic, messages: [{ key: 'k', value: 'next' }] });
    await eventually(() => expect(seen.map(({ value }) => value.toString())).toContain('next'));
    expect(seen).toHaveLength(4);
  });

  it.each(['snappy', 'lz4', 'zstd', 'gzip'])('records that are compressed with %s are read', async (compression) => {
    const admin = createKafka({ brokers: [brokers] }, new QuietLogger()).admin();
    await admin.connect();
    // The broker itself packs them again by its own library, as any client's would be.
    const configEntries = [{ name: 'compression.type', value: compression }];
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }], waitForLeaders: true });
    await admin.disconnect();
    const seen: string[] = [];
    const handle = async ({ events }: EventBatch<ForeignMessage>): Promise<void> =>
      void seen.push(...events.map(({ value }) => value.toString()));
    const process = await start(handle);
    await process.bus.ready();
    const sent = Array.from({ length: 200 }, (_, index) => JSON.stringify({ index, same: 'ab'.repeat(index) }));
    await producer.send({ topic, messages: sent.map((value) => ({ key: 'k', value })) });
    await eventually(() => expect(seen).toEqual(sent));
  });

  it('a topic that was created anew is read from its start, although its offsets are below the checkpoint', async () => {
    const seen: string[] = [];
    const handle = async ({ events }: EventBatch<ForeignMessage>): Promise<void> =>
      void seen.push(...events.map(({ value }) => value.toString()));
    const first = await start(handle);
    await first.bus.ready();
    const many = Array.from({ length: 20 }, (_, index) => ({ key: 'k', value: `old ${index}` }));
    await producer.send({ topic, messages: many });
    await eventually(() => expect(seen).toHaveLength(20));
    await first.close();
    const admin = createKafka({ brokers: [brokers] }, new QuietLogger()).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [topic] });
    await admin.disconnect();
    const second = await start(handle);
    await second.bus.ready();
    const fresh = createKafka({ brokers: [brokers] }, new QuietLogger()).producer();
    await fresh.connect();
    await fresh.send({ topic, messages: [{ key: 'k', value: 'new' }] });
    await fresh.disconnect();
    await eventually(() => expect(seen).toContain('new'));
    expect(seen).toHaveLength(21);
  });

  it('of a transaction only what was committed is read; a producer that died in one holds nobody up for longer than it lasts', async () => {
    const seen: string[] = [];
    const handle = async ({ events }: EventBatch<ForeignMessage>): Promise<void> =>
      void seen.push(...events.map(({ value }) => value.toString()));
    const first = await start(handle);
    await first.bus.ready();
    const transactional = async (): Promise<Producer> => {
      const made = createKafka({ brokers: [brokers] }, new QuietLogger()).producer({
        transactionalId: `till ${topic}`,
        idempotent: true,
        maxInFlightRequests: 1,
        transactionTimeout: 60_000,
      });
      await made.connect();
      return made;
    };
    const send = (to: Pick<Producer, 'send'>, ...values: string[]): Promise<unknown> =>
      to.send({ topic, messages: values.map((value) => ({ key: 'k', value })) });
    const till = await transactional();
    const committed = await till.transaction();
    await send(committed, 'a', 'b');
    await committed.commit();
    const aborted = await till.transaction();
    await send(aborted, 'never');
    await aborted.abort();
    await send(producer, 'c');
    await eventually(() => expect(seen).toEqual(['a', 'b', 'c']));
    // It dies between its records and the commit; who takes its place ends what it had begun.
    await send(await till.transaction(), 'nor this');
    await send(producer, 'd');
    await till.disconnect();
    const successor = await transactional();
    const again = await successor.transaction();
    await send(again, 'e');
    await again.commit();
    await eventually(() => expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']));
    await first.close();
    const second = await start(handle);
    await second.bus.ready();
    await send(producer, 'f');
    await eventually(() => expect(seen).toEqual(['a', 'b', 'c', 'd', 'e', 'f']));
    await successor.disconnect();
  });

  it('a message that cannot be handled is parked alone and can be redriven; others of its key go on', async () => {
    let isMended = false;
    const handled: string[] = [];
    const process = await start(async (batch) => {
      if (!isMended && batch.events.some(({ value }) => value.toString() === 'bad')) throw new SyntaxError('not JSON');
      handled.push(...batch.events.map(({ value }) => value.toString()));
    });
    const messages = ['one', 'bad', 'two'].map((value) => ({ key: 'same', value, headers: { ce_type: 't' } }));
    await producer.send({ topic, messages }).catch(() => eventually(() => producer.send({ topic, messages })));
    await eventually(() => expect(handled).toEqual(['one', 'two']));
    const [letter] = await eventually(async () => {
      const letters = await process.letters.list();
      expect(letters).toHaveLength(1);
      return letters;
    });
    expect(letter).toMatchObject({ group: 'runner:door', topic, type: 't', reason: 'failed' });
    expect(letter?.message).toMatchObject({ kind: 'foreign', value: Buffer.from('bad') });
    isMended = true;
    expect(await process.letters.redrive(letter?.id ?? '')).toBe('handled');
    expect(handled).toEqual(['one', 'two', 'bad']);
  });
});
