import { DEFAULT_APP_ID } from '@sluice/access';
import type { EventBatch, ForeignMessage } from '@sluice/bus';
import type { FlowState, RunFinished } from '@sluice/contracts';
import { newId } from '@sluice/contracts';
import { type EventStorePort, isTransientError } from '@sluice/event-store';
import { storeToken } from '@sluice/platform';
import {
  createTestDatabase,
  type RecordingReceiver,
  recordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../dispatcher.fixture.ts';
import { dispatcherService } from '../dispatcher.service.ts';
import { DeliveringConfig } from '../delivering/delivering.config.ts';
import { DomainEventsConsumer } from './domain-events.consumer.ts';
import { BadRecordError } from './from-kafka.ts';

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
  // As the distributed wiring has it by default.
  const kafka = { brokers: [], ssl: false, extraCa: null, sasl: null, partitions: 1, replication: 1 };
  running.settings.kafka = { ...kafka, topicApps: { 'domain.events': 'default' }, trustedTopics: [] };
  await neighbours.endpoint({ url: receiver.url, events: ['*'] });
  await neighbours.settled();
});
beforeEach(() => receiver.clear());
afterAll(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

let offset = 0n;

function record(id: string, value: unknown = { n: 1 }, at = offset++): ForeignMessage {
  const headers = { ce_specversion: '1.0', ce_id: id, ce_source: '/shop', ce_type: 'order.paid', ce_subject: '42' };
  const bytes = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  return { topic: 'domain.events', partition: 0, offset: at, key: null, headers, value: bytes, timestamp: new Date() };
}

/** As the bus gives it, with a checkpoint that only counts how often it was committed. */
function batch(events: ForeignMessage[]): EventBatch<ForeignMessage> {
  const alongside = {
    name: 'test_count',
    columns: ['int4'],
    sql: (arrays: readonly string[]) => `insert into public.counted select unnest(${arrays[0]})`,
  };
  return {
    topic: 'domain.events',
    group: 'dispatcher',
    partition: 0,
    events,
    checkpoint: { alongside: () => ({ statement: alongside, rows: [[1]] }), saveWith: () => Promise.resolve() },
    heartbeat: () => Promise.resolve(),
    signal: new AbortController().signal,
  };
}

async function recordedOf(sourceId: string) {
  return (await neighbours.recorded()).filter((event) => event.sourceId === sourceId);
}

describe('the one door', () => {
  beforeAll(() => database.pool.query('create table public.counted (n int)'));

  it('records what Kafka brings once, also when it is read again or sent again', async () => {
    const message = record('k1');
    await consumer.onKafka(batch([message, record('k1'), record('k2')]));
    await consumer.onKafka(batch([message]));
    await consumer.onKafka(batch([record('k1')]));
    const ids = (await Promise.all(['k1', 'k2'].map(recordedOf))).flat().map((event) => event.eventId);
    // What the tests before have sent may still come.
    const received = () => receiver.requests.flatMap(({ text }) => ids.filter((id) => text.includes(id)));
    await waitFor(() => received().length >= 2);
    expect(await recordedOf('k1')).toMatchObject([
      { type: 'order.paid', source: '/shop', subject: '42', entityId: '42', data: { n: 1 } },
    ]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(received().sort()).toEqual(ids.sort());
    expect(ids).toHaveLength(2);
    // A batch of what is known already still moves the checkpoint.
    const { rows } = await database.pool.query('select count(*)::int as count from public.counted');
    expect(rows).toEqual([{ count: 3 }]);
  });

  it('of events to very many endpoints commits some at a time, and each is sent once, also when they come again', async () => {
    const config = running.app.nest.get(DeliveringConfig, { strict: false });
    const usual = config.mostPlannedAtOnce;
    config.mostPlannedAtOnce = 2;
    try {
      const counted = async () => (await database.pool.query('select from public.counted')).rowCount ?? 0;
      const before = await counted();
      const messages = ['c1', 'c2', 'c3', 'c4', 'c5'].map((id) => record(id));
      // As after a crash between two commits: what was recorded comes again, with the rest.
      await consumer.onKafka(batch(messages.slice(0, 3)));
      await consumer.onKafka(batch(messages));
      expect((await counted()) - before).toBe(2);
      const recorded = (await Promise.all(['c1', 'c2', 'c3', 'c4', 'c5'].map(recordedOf))).flat();
      expect(recorded.map((event) => event.sourceId)).toEqual(['c1', 'c2', 'c3', 'c4', 'c5']);
      const ids = recorded.flatMap((event) => event.deliveries.map((each) => each.deliveryId));
      const arrived = () => receiver.requests.flatMap(({ text }) => ids.filter((id) => text.includes(id)));
      await waitFor(() => arrived().length >= ids.length);
      expect([ids.length, arrived().sort()]).toEqual([5, ids.sort()]);
    } finally {
      config.mostPlannedAtOnce = usual;
    }
  });

  it('is the same door for Kafka and POST /v1/events', async () => {
    await consumer.onKafka(batch([record('both')]));
    await neighbours.publish({ specversion: '1.0', id: 'both', source: '/shop', type: 'order.paid', data: { n: 1 } });
    await neighbours.publish({ specversion: '1.0', id: 'after', source: '/shop', type: 'order.paid' });
    await receiver.waitFor(2);
    expect(await recordedOf('both')).toHaveLength(1);
    expect(await recordedOf('after')).toMatchObject([
      { data: null, entityId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    ]);
  });

  it('records the same event twice at once only once', async () => {
    const twice = await Promise.all([
      consumer.onKafka(batch([record('race'), record('race-a')])),
      consumer.onKafka(batch([record('race'), record('race-b')])),
    ]);
    expect(twice).toHaveLength(2);
    await receiver.waitFor(3);
    expect(await recordedOf('race')).toHaveLength(1);
    expect(await recordedOf('race-b')).toHaveLength(1);
  });

  it('refuses a bad record for good, with its reason: the bus makes a dead letter of it and goes on', async () => {
    for (const bad of [record('', { n: 1 }), record('x', '{"n":')]) {
      const refused = await consumer.onKafka(batch([bad])).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(BadRecordError);
      expect(isTransientError(refused)).toBe(false);
    }
  });

  it('keeps the extensions of a record, but not the app that it names', async () => {
    const extended = record('extended');
    Object.assign(extended.headers, { ce_appid: newId(), ce_tenant: 'a', ce_dataschema: 'https://shop.example/s' });
    await consumer.onKafka(batch([extended]));
    const attributes = { dataschema: 'https://shop.example/s', extensions: { tenant: 'a' } };
    expect((await recordedOf('extended')).map((event) => event.attributes)).toEqual([attributes]);
  });

  it('hands on the trace of a record, and none that is malformed', async () => {
    const traced = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const [good, bad] = [record('traced'), record('mistraced')];
    good.headers.traceparent = traced;
    bad.headers.traceparent = `${traced}\r\nx-injected: ż`;
    await consumer.onKafka(batch([good, bad]));
    const ids = (await Promise.all(['traced', 'mistraced'].map(recordedOf))).flat().map((event) => event.eventId);
    const arrived = () => ids.map((id) => receiver.requests.find(({ text }) => text.includes(id)));
    await waitFor(() => arrived().every((request) => request !== undefined), 20_000);
    expect(arrived().map((request) => request?.headers.traceparent)).toEqual([traced, undefined]);
  });

  it('believes no app that an untrusted record names', async () => {
    const foreign = record('foreign');
    foreign.headers.ce_appid = newId();
    await consumer.onKafka(batch([foreign]));
    await receiver.waitFor(1);
    const { rows } = await database.pool.query<{ app: string }>(
      "select app_id as app from dispatcher.events where type = 'DomainEventRecorded' and data::json->>'sourceId' = 'foreign'",
    );
    expect(rows).toEqual([{ app: DEFAULT_APP_ID }]);
  });
});

describe('ET-10, ET-11: built-in events', () => {
  const flow: FlowState = {
    id: newId(),
    number: 12,
    appId: DEFAULT_APP_ID,
    name: 'Greet',
    listener: null,
    status: 'active',
    version: 1,
    publishedVersion: 1,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
  };

  it('a new flow is Flow.Created with its number', async () => {
    await neighbours.append(flow.id, 'FlowCreated', { flow, definition: { steps: [] } });
    const [request] = await receiver.waitFor(1);
    expect(JSON.parse(request?.text ?? '')).toMatchObject({
      eventType: 'Flow.Created',
      entityId: '12',
      entityUrl: 'https://sluice.example/rest/v1/flows/12',
      entity: { id: flow.id, name: 'Greet' },
    });
  });

  it('a finished run is Flow.Executed or Flow.Failed with the run’s number, a cancelled one neither', async () => {
    const runner = running.app.nest.get<EventStorePort>(storeToken('runner'), { strict: false });
    const finish = async (status: RunFinished['status'], number: number): Promise<void> => {
      const at = new Date().toISOString();
      const data: RunFinished = {
        status,
        number,
        flowId: flow.id,
        flowNumber: 12,
        flowVersion: 1,
        triggerId: null,
        result: null,
        error: null,
        startedAt: at,
        finishedAt: at,
      };
      const id = newId();
      const meta = { correlationId: id, causationId: null };
      await runner.append(id, 0, [{ type: 'RunFinished', appId: DEFAULT_APP_ID, data, meta }]);
    };
    await finish('cancelled', 1);
    await finish('succeeded', 2);
    await finish('failed', 3);
    await finish('timed_out', 4);
    const requests = await receiver.waitFor(3);
    const bodies = requests.map((request) => JSON.parse(request.text) as Record<string, unknown>);
    expect(new Map(bodies.map((body) => [body.entityId, body.eventType]))).toEqual(
      new Map([
        ['2', 'Flow.Executed'],
        ['3', 'Flow.Failed'],
        ['4', 'Flow.Failed'],
      ]),
    );
    expect(bodies.find((body) => body.entityId === '2')?.entityUrl).toBe(
      'https://sluice.example/rest/v1/flows/12?auditId=2',
    );
  });

  it('an endpoint’s change names no secret, not even its reference', async () => {
    const endpoint = await neighbours.endpoint({
      url: 'https://hooks.example/',
      events: ['none'],
      secret: 's3cret',
      headers: { 'X-K': 'v4lue' },
    });
    await waitFor(() =>
      receiver.requests.some((request) => request.headers['x-etl-webhook-event'] === 'Endpoint.Created'),
    );
    const text = receiver.requests.map((request) => request.text).join();
    expect(text).toContain('"hasSecret":true');
    for (const hidden of ['s3cret', 'v4lue', endpoint.secret?.id as string]) expect(text).not.toContain(hidden);
  });
});
