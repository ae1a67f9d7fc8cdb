import { DEFAULT_APP_ID } from '@sluice/access';
import type { EventBatch, ForeignMessage } from '@sluice/bus';
import { newId } from '@sluice/contracts';
import { isTransientError } from '@sluice/event-store';
import {
  createTestDatabase,
  type RecordingReceiver,
  recordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../dispatcher.fixture.ts';
import { dispatcherService } from '../dispatcher.service.ts';
import { DomainEventsConsumer } from './domain-events.consumer.ts';
import { InvalidEventDataError } from './invalid-event-data-error.ts';

const SCHEMA = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } };

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;
let consumer: DomainEventsConsumer;

beforeAll(async () => {
  database = await createTestDatabase();
  const services = [dispatcherService, ...NEIGHBOURS];
  running = await startServices({ services, settings: testSettings(database.url), logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  receiver = await recordingReceiver();
  consumer = running.app.nest.get(DomainEventsConsumer, { strict: false });
  const kafka = { brokers: [], ssl: false, extraCa: null, sasl: null, partitions: 1, replication: 1 };
  running.settings.kafka = { ...kafka, topicApps: { 'domain.events': 'default' }, trustedTopics: [] };
  await database.pool.query('create table public.counted (n int)');
  await neighbours.endpoint({ url: receiver.url, events: ['stock.*'] });
  await neighbours.settled();
  await database.pool.query(
    'insert into event_schemas.enforced (event_type_id, app_id, name, schema) values ($1, $2, $3, $4)',
    [newId(), DEFAULT_APP_ID, 'stock.left', JSON.stringify(SCHEMA)],
  );
});
afterAll(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

function record(id: string, data: unknown): EventBatch<ForeignMessage> {
  const headers = { ce_specversion: '1.0', ce_id: id, ce_source: '/shop', ce_type: 'stock.left' };
  const value = Buffer.from(JSON.stringify(data));
  const message = {
    topic: 'domain.events',
    partition: 0,
    offset: 0n,
    key: null,
    headers,
    value,
    timestamp: new Date(),
  };
  const statement = {
    name: 'test_count',
    columns: ['int4'],
    sql: (arrays: readonly string[]) => `insert into public.counted select unnest(${arrays[0]})`,
  };
  return {
    topic: 'domain.events',
    group: 'dispatcher',
    partition: 0,
    events: [message],
    checkpoint: { alongside: () => ({ statement, rows: [[1]] }), saveWith: () => Promise.resolve() },
    heartbeat: () => Promise.resolve(),
    signal: new AbortController().signal,
  };
}

const refusalOf = (id: string, data: unknown): Promise<unknown> =>
  consumer.onKafka(record(id, data)).then(
    () => 'taken',
    (error: unknown) => error,
  );

describe('RG-05: types that are validated', () => {
  it('what Kafka brings and does not fit is refused for good, with its reason', async () => {
    let tries = 0;
    // The dispatcher's copy of the schemas is a moment behind the table.
    const refused = await waitFor(async () => {
      const answer = await refusalOf(`late-${tries++}`, { n: 'many' });
      return answer instanceof InvalidEventDataError ? answer : null;
    }, 30_000);
    expect(refused.message).toBe('the data does not fit the schema of "stock.left": /data/n must be integer');
    expect(isTransientError(refused)).toBe(false);
  });

  it('what a flow emits and does not fit becomes a dead letter with its reason; other runs go on', async () => {
    await waitFor(async () => (await refusalOf(newId(), { n: 'many' })) instanceof InvalidEventDataError, 30_000);
    receiver.clear();
    const [bad] = await neighbours.emit(1, { type: 'stock.left', data: { left: 1 } });
    await neighbours.emit(1, { type: 'stock.left', data: { n: 3 } });
    // What was accepted while the schema was not known yet may still come.
    await waitFor(() => receiver.requests.some(({ text }) => text.includes('"n":3')));
    expect(receiver.requests.filter(({ text }) => text.includes('"left"'))).toEqual([]);
    const letters = await waitFor(async () => {
      const { rows } = await database.pool.query('select * from dispatcher.dead_letters');
      return rows.length > 0 ? rows : null;
    }, 30_000);
    expect(JSON.stringify(letters)).toContain("/data must have required property 'n'");
    expect((await neighbours.recorded()).map(({ eventId }) => eventId)).not.toContain(bad);
  });

  it('an event that was recorded before its type was validated is not judged again', async () => {
    const type = 'stock.right';
    const batch = record('known', { n: 'text' });
    const [message] = batch.events;
    if (!message) throw new Error('a batch without a message');
    message.headers.ce_type = type;
    await consumer.onKafka(batch);
    await database.pool.query(
      'insert into event_schemas.enforced (event_type_id, app_id, name, schema) values ($1, $2, $3, $4)',
      [newId(), DEFAULT_APP_ID, type, JSON.stringify(SCHEMA)],
    );
    const other = { ...batch, events: [{ ...message, headers: { ...message.headers } }] };
    let tries = 0;
    await waitFor(async () => {
      (other.events[0] as ForeignMessage).headers.ce_id = `other-${tries++}`;
      return (await consumer.onKafka(other).catch((error: unknown) => error)) instanceof InvalidEventDataError;
    }, 30_000);
    expect(await consumer.onKafka(batch).then(() => 'taken')).toBe('taken');
  });
});
