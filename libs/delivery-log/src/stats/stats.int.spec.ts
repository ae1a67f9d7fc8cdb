import { newId } from '@sluice/contracts';
import { migrate } from '@sluice/platform';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliveryLogService } from '../delivery-log.service.ts';
import { eventOf, exampleStory, type Story } from '../example-events.fixture.ts';
import { oneStatement } from '../read-model/one-statement.ts';
import { statWrites } from './stats.projection.ts';
import { StatsQueries } from './stats.query.ts';
import { StatsQuery } from './stats.requests.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({
    template: { name: 'delivery-log', prepare: (url) => migrate(url, [deliveryLogService], []) },
  });
});
afterAll(() => database.drop());

async function count(events: Story['gateway']): Promise<void> {
  const query = oneStatement(statWrites(events));
  if (query) await database.pool.query(query);
}
const RANGE = { since: '2026-11-22T09:55:00.000Z', until: '2026-11-22T10:05:00.000Z' };
const statsOf = (appId: string, values: Partial<StatsQuery> = {}) =>
  new StatsQueries(database.pool).of(appId, Object.assign(new StatsQuery(), RANGE, values));

describe('stats', () => {
  it('counts requests, runs, events, deliveries and attempts of an app by minute, with latencies', async () => {
    const appId = newId();
    for (let n = 0; n < 3; n++) {
      const story = exampleStory(appId);
      for (const events of [story.gateway, story.runner, story.dispatcher]) await count(events);
    }
    const stats = await statsOf(appId);
    expect(stats.series).toHaveLength(10);
    expect(stats.series.map((point) => point.requests)).toEqual([0, 0, 0, 0, 0, 3, 0, 0, 0, 0]);
    expect(stats.totals).toMatchObject({
      requests: 3,
      runsStarted: 3,
      runsSucceeded: 3,
      runsFailed: 0,
      events: 3,
      deliveriesPlanned: 3,
      deliveriesSucceeded: 3,
      attemptsSucceeded: 3,
      attemptsFailed: 3,
      runMs: { count: 3 },
      queueMs: { count: 3, p50: 7.5 },
      attemptMs: { count: 6 },
    });
    expect(stats.backlog).toEqual({ runs: 0, deliveries: 0 });
    const hours = await statsOf(appId, { step: 'hour', since: '2026-11-22T09:00:00Z', until: '2026-11-22T11:00:00Z' });
    expect(hours.series.map((point) => [point.at, point.requests])).toEqual([
      ['2026-11-22T09:00:00.000Z', 0],
      ['2026-11-22T10:00:00.000Z', 3],
    ]);
    expect(hours.totals).toEqual(stats.totals);
    expect((await statsOf(newId())).totals.requests).toBe(0);
  });

  it('counts for trigger, flow and endpoint, each what concerns it', async () => {
    const story = exampleStory();
    for (const events of [story.gateway, story.runner, story.dispatcher]) await count(events);
    const { triggerId, flowId } = (story.gateway[0] as Story['gateway'][0]).data as {
      triggerId: string;
      flowId: string;
    };
    expect((await statsOf(story.appId, { triggerId })).totals).toMatchObject({ requests: 1, runsSucceeded: 0 });
    expect((await statsOf(story.appId, { flowId })).totals).toMatchObject({ requests: 1, runsSucceeded: 1 });
    const endpoint = await statsOf(story.appId, { endpointId: story.endpointUuid });
    expect(endpoint.totals).toMatchObject({ requests: 0, deliveriesSucceeded: 1, attemptsFailed: 1 });
    expect(endpoint.subject).toEqual({ kind: 'endpoint', id: story.endpointUuid });
    const hours = { step: 'hour', since: '2026-11-22T09:00:00Z', until: '2026-11-22T11:00:00Z' } as const;
    expect((await statsOf(story.appId, { flowId, ...hours })).series.map((point) => point.requests)).toEqual([0, 1]);
  });

  it('the backlog is what became due and has not ended, at the end of each minute, also of a time that is past', async () => {
    const story = exampleStory();
    await count(story.gateway);
    await count(story.dispatcher.slice(0, 2));
    const before = await statsOf(story.appId);
    expect(before.backlog).toEqual({ runs: 1, deliveries: 1 });
    expect(before.series.map((point) => point.backlog.runs)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    await count([...story.runner, ...story.dispatcher.slice(2)]);
    expect((await statsOf(story.appId)).backlog).toEqual({ runs: 0, deliveries: 0 });
    const earlier = await statsOf(story.appId, { until: '2026-11-22T10:00:00.000Z' });
    expect(earlier.series.at(-1)?.backlog).toEqual({ runs: 0, deliveries: 0 });
  });

  it('a delivery that is tried again after its end is due once more, and a replay is due with its first attempt', async () => {
    const story = exampleStory();
    const [, , last] = story.dispatcher;
    const attempt = (values: object) =>
      eventOf('dispatcher.events', newId(), 1, 'AttemptFinished', story.appId, {
        ...(last?.data as object),
        ...values,
      });
    await count(story.dispatcher);
    await count([attempt({ number: 3, again: true, outcome: 'failed' }), attempt({ number: 1, replayId: newId() })]);
    const { totals, backlog } = await statsOf(story.appId);
    expect([totals.deliveriesPlanned, totals.deliveriesFailed, totals.deliveriesSucceeded]).toEqual([3, 1, 2]);
    expect(backlog.deliveries).toBe(0);
  });

  it('a record of refused requests stands for those that were not recorded, too', async () => {
    const [appId, triggerId] = [newId(), newId()];
    const data = { triggerId, flowId: null, receivedAt: '2026-11-22T10:00:00.000Z', notRecorded: 41 };
    await count([eventOf('gateway.events', newId(), 1, 'RequestRejected', appId, data)]);
    expect((await statsOf(appId, { triggerId })).totals.rejected).toBe(42);
  });

  it.each([
    [{ since: '2026-11-22T10:05:00Z' }, '/since'],
    [{ since: '2026-11-20T10:05:00Z' }, '/since'],
    [{ since: '0001-01-01T00:00:00Z', until: '0001-01-01T01:00:00Z' }, '/since'],
    [{ triggerId: newId(), flowId: newId() }, '/triggerId'],
  ])('refuses %j', async (values, pointer) => {
    await expect(statsOf(newId(), values)).rejects.toMatchObject({ code: 'invalid_request', errors: [{ pointer }] });
  });
});
