import { newId } from '@sluice/contracts';
import type { Alongside } from '@sluice/event-store';
import { migrate } from '@sluice/platform';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deadLetterWrites } from './dead-letters/dead-letters.projection.ts';
import { DeadLettersQueries } from './dead-letters/dead-letters.query.ts';
import { deliveryLogService } from './delivery-log.service.ts';
import { deliveryWrites } from './deliveries/deliveries.projection.ts';
import { DeliveriesQueries } from './deliveries/deliveries.query.ts';
import { DeliveriesQuery } from './deliveries/deliveries.requests.ts';
import { EventsQueries } from './events/events.query.ts';
import { ListQuery } from './read-model/list.requests.ts';
import { encodeCursor } from './read-model/page.ts';
import { oneStatement } from './read-model/one-statement.ts';
import { AppFloors } from './retention/app-floors.ts';
import { requestWrites } from './requests/requests.projection.ts';
import { RequestsQueries } from './requests/requests.query.ts';
import { runWrites } from './runs/runs.projection.ts';
import { eventOf, exampleStory, type Story } from './example-events.fixture.ts';
import type { TimelineNode } from './timeline/timeline-node.ts';
import { TimelineRowsQuery } from './timeline/timeline-rows.query.ts';
import { timelineTree } from './timeline/timeline-tree.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase({
    template: { name: 'delivery-log', prepare: (url) => migrate(url, [deliveryLogService], []) },
  });
  pool = database.pool;
});
afterAll(() => database.drop());

async function write(...writes: readonly (readonly Alongside[])[]): Promise<void> {
  for (const each of writes) {
    const query = oneStatement(each);
    if (query) await pool.query(query);
  }
}

const tell = (story: Story): Promise<void> =>
  write(requestWrites(story.gateway), runWrites(story.runner), deliveryWrites(story.dispatcher));

async function timelineOf(id: string): Promise<TimelineNode | null> {
  const query = new TimelineRowsQuery(pool);
  const place = await query.rootOf(id);
  return place ? timelineTree(await query.rowsOf(place)) : null;
}

const kindsOf = (node: TimelineNode): string[] => [`${node.kind}:${node.status}`, ...node.children.flatMap(kindsOf)];
const TREE = [
  'request:accepted',
  'run:succeeded',
  'step:succeeded',
  'event:matched',
  'delivery:succeeded',
  'attempt:retry',
  'attempt:succeeded',
];
const listQuery = (values: Partial<ListQuery> = {}): ListQuery => Object.assign(new ListQuery(), values);

describe('delivery log', () => {
  it('LG-01: shows one causal tree for the id of the request, run, event or delivery', async () => {
    const story = exampleStory();
    await tell(story);
    for (const id of [story.requestId, story.eventId, story.deliveryId]) {
      expect(kindsOf((await timelineOf(id)) as TimelineNode)).toEqual(TREE);
    }
    const root = (await timelineOf(story.requestId)) as TimelineNode;
    expect(root.detail).toMatchObject({ body: '{"id": 7}', traceId: '0af7651916cd43dd8448eb211c80319c' });
    expect(root.children[0]).toMatchObject({
      title: 'Run 41',
      durationMs: 20,
      detail: { queueMs: 10, runMs: 20, flowVersion: 3 },
    });
    expect(await timelineOf(newId())).toBeNull();
  });

  it('says the same when everything comes twice and when the topics come in another order', async () => {
    const story = exampleStory();
    await write(
      ...[...story.dispatcher].reverse().map((event) => deliveryWrites([event])),
      deliveryWrites(story.dispatcher),
      ...story.runner.map((event) => runWrites([event])),
      runWrites(story.runner),
      requestWrites(story.gateway),
      requestWrites(story.gateway),
    );
    expect(kindsOf((await timelineOf(story.deliveryId)) as TimelineNode)).toEqual(TREE);
    const delivery = await new DeliveriesQueries(pool, new AppFloors(pool)).find(story.deliveryId);
    expect(delivery).toMatchObject({ status: 'succeeded', endpointName: 'Shop', eventType: 'order.placed' });
    expect(delivery?.attempts.map((attempt) => [attempt.number, attempt.response?.status])).toEqual([
      [1, 500],
      [2, 200],
    ]);
  });

  it('LG-02: keeps 64 KiB of a body and marks that it was longer', async () => {
    const story = exampleStory(newId(), Buffer.alloc(70_000, 'x'));
    await tell(story);
    const request = await new RequestsQueries(pool, new AppFloors(pool)).find(story.requestId);
    expect([request?.body?.length, request?.bodyTruncated, request?.bodySize]).toEqual([65_536, true, 70_000]);
    expect(request?.run).toMatchObject({ number: 41, status: 'succeeded' });
  });

  it.each([
    ['8087-02-03T02:16:14-23:27', 0],
    ['0000-01-01T00:00:00+23:59', 1],
    ['9999-12-31T23:59:59-23:59', 0],
    ['1970-01-01', 1],
  ])('takes every RFC 3339 time as the start of a range: %s', async (since, found) => {
    const story = exampleStory();
    await tell(story);
    expect(
      (await new EventsQueries(pool, new AppFloors(pool)).list(story.appId, listQuery({ since }))).items,
    ).toHaveLength(found);
    const until = await new EventsQueries(pool, new AppFloors(pool)).list(story.appId, listQuery({ until: since }));
    expect(until.items).toHaveLength(1 - found);
  });

  it('pages through an app without showing another, newest first, each item once', async () => {
    const appId = newId();
    const stories = Array.from({ length: 5 }, () => exampleStory(appId));
    for (const story of [...stories, exampleStory()]) await tell(story);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await new RequestsQueries(pool, new AppFloors(pool)).list(
        appId,
        listQuery({ limit: 2, ...(cursor ? { cursor } : {}) }),
      );
      seen.push(...page.items.map((item) => item.id));
      cursor = page.nextCursor;
    } while (cursor);
    expect(seen).toEqual(
      stories
        .map((story) => story.requestId)
        .sort()
        .reverse(),
    );
    const events = await new EventsQueries(pool, new AppFloors(pool)).list(appId, listQuery());
    expect(events.items).toHaveLength(5);
  });

  it('filters deliveries by endpoint, status and event type, and refuses a cursor that it did not give out', async () => {
    const story = exampleStory();
    await tell(story);
    const queries = new DeliveriesQueries(pool, new AppFloors(pool));
    const found = (values: Partial<DeliveriesQuery>) =>
      queries.list(story.appId, Object.assign(new DeliveriesQuery(), values));
    expect((await found({ endpointId: '12', status: 'succeeded', eventType: 'order.placed' })).items).toHaveLength(1);
    expect((await found({ endpointId: story.endpointUuid })).items).toHaveLength(1);
    expect((await found({ status: 'failed' })).items).toHaveLength(0);
    for (const cursor of [
      'bm90IG9uZQ',
      encodeCursor({ at: '8087-02-03T02:16:14-23:27', id: newId() }),
      encodeCursor({ at: '2026-02-30T00:00:00.000Z', id: newId() }),
      encodeCursor({ at: '2026-11-22T10:00:09.000Z', id: '-'.repeat(36) }),
    ])
      await expect(found({ cursor })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('shows a discarded delivery with its reason', async () => {
    const story = exampleStory();
    const discarded = eventOf('dispatcher.events', story.deliveryId, 2, 'DeliveryDiscarded', story.appId, {
      deliveryId: story.deliveryId,
      eventId: story.eventId,
      endpointId: 12,
      endpointUuid: story.endpointUuid,
      reason: 'the endpoint was deleted',
      at: '2026-11-22T10:00:09.000Z',
    });
    await write(deliveryWrites(story.dispatcher.slice(0, 2)), deliveryWrites([discarded]));
    const shown = { status: 'discarded', reason: 'the endpoint was deleted', eventType: 'order.placed' };
    expect(await new DeliveriesQueries(pool, new AppFloors(pool)).find(story.deliveryId)).toMatchObject(shown);
    // Over Kafka the plan may come last, or in the same batch.
    await pool.query('truncate delivery_log.deliveries');
    await write(deliveryWrites([discarded]), deliveryWrites(story.dispatcher.slice(0, 2)));
    expect(await new DeliveriesQueries(pool, new AppFloors(pool)).find(story.deliveryId)).toMatchObject(shown);
    await pool.query('truncate delivery_log.deliveries');
    await write(deliveryWrites([discarded, ...story.dispatcher.slice(0, 2)]));
    expect(await new DeliveriesQueries(pool, new AppFloors(pool)).find(story.deliveryId)).toMatchObject(shown);
  });

  it('a delivery that was discarded and is sent again is pending, then what became of it; one attempt that was on its way revives nothing', async () => {
    const story = exampleStory();
    const [plan, first] = story.dispatcher as [(typeof story.gateway)[number], (typeof story.gateway)[number]];
    const discarded = eventOf('dispatcher.events', story.deliveryId, 2, 'DeliveryDiscarded', story.appId, {
      deliveryId: story.deliveryId,
      eventId: story.eventId,
      eventType: 'order.placed',
      endpointId: 12,
      endpointUuid: story.endpointUuid,
      reason: 'endpoint_disabled',
      at: '2026-11-22T10:00:09.000Z',
    });
    const attempt = (number: number, more: object) =>
      eventOf('dispatcher.events', story.deliveryId, number + 1, 'AttemptFinished', story.appId, {
        ...(first.data as object),
        number,
        ...more,
      });
    const [again, more] = [attempt(2, { again: true }), attempt(3, {})];
    const done = attempt(4, { outcome: 'succeeded', nextAttemptAt: null });
    const now = async () => {
      const found = await new DeliveriesQueries(pool, new AppFloors(pool)).find(story.deliveryId);
      return [found?.status, found?.reason];
    };
    await write(deliveryWrites([plan, first]), deliveryWrites([discarded]), deliveryWrites([more]));
    expect(await now()).toEqual(['discarded', 'endpoint_disabled']);
    for (const parts of [
      [[plan, first], [discarded], [again]],
      [
        [plan, first, discarded],
        [again, more],
      ],
      [[plan, first, discarded, again]],
    ]) {
      await pool.query('truncate delivery_log.deliveries, delivery_log.attempts');
      await write(...parts.map((events) => deliveryWrites(events)));
      expect(await now()).toEqual(['pending', null]);
    }
    await write(deliveryWrites([more, done]));
    expect(await now()).toEqual(['succeeded', null]);
  });

  it('writers of the same deliveries in different orders do not wait for each other in a circle', async () => {
    const stories = Array.from({ length: 50 }, () => exampleStory());
    const plans = stories.map((story) => story.dispatcher.filter((event) => event.type === 'DomainEventRecorded'));
    const write = (order: typeof plans) =>
      Promise.all([oneStatement(deliveryWrites(order.flat()))].map((query) => query && pool.query(query)));
    for (let round = 0; round < 20; round++) await Promise.all([write(plans), write(plans.toReversed())]);
    const { rows } = await pool.query('select deadlocks::int from pg_stat_database where datname = current_database()');
    expect(rows).toEqual([{ deadlocks: 0 }]);
  });

  it('lists dead letters of every service until they are handled', async () => {
    const deadLetterId = newId();
    const parked = {
      deadLetterId,
      group: 'runner',
      topic: 'gateway.events',
      streamId: newId(),
      version: 1,
      type: 'TriggerAccepted',
      reason: 'failed',
      error: { name: 'Error', message: 'no' },
      parkedAt: '2026-11-22T10:00:00.000Z',
    };
    const queries = new DeadLettersQueries(pool);
    await write(deadLetterWrites([eventOf('runner.events', newId(), 1, 'EventParked', newId(), parked)]));
    expect(await queries.find(deadLetterId)).toMatchObject({
      service: 'runner',
      status: 'parked',
      error: { message: 'no' },
    });
    const redriven = {
      deadLetterId,
      group: 'runner',
      topic: 'gateway.events',
      streamId: parked.streamId,
      version: 1,
      outcome: 'handled',
      at: '2026-11-22T10:01:00.000Z',
    };
    const ended = eventOf('runner.events', newId(), 2, 'EventRedriven', newId(), redriven);
    await write(deadLetterWrites([ended]));
    expect(await queries.find(deadLetterId)).toMatchObject({ status: 'handled' });
    const again = eventOf('runner.events', newId(), 1, 'EventParked', newId(), parked);
    await write(deadLetterWrites([again]));
    expect(await queries.find(deadLetterId)).toMatchObject({ status: 'parked' });
    await write(deadLetterWrites([again, ended]));
    expect(
      (await queries.list(Object.assign(listQuery(), { status: 'parked' }))).items.map((each) => each.id),
    ).not.toContain(deadLetterId);
  });
});
