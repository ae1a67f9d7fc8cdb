import { newId, type RequestRejected } from '@sluice/contracts';
import { migrate } from '@sluice/platform';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliveryLogService } from '../delivery-log.service.ts';
import { deliveryWrites } from '../deliveries/deliveries.projection.ts';
import { eventOf, exampleStory, type Story } from '../example-events.fixture.ts';
import { oneStatement } from '../read-model/one-statement.ts';
import { requestWrites } from '../requests/requests.projection.ts';
import { AppFloors } from '../retention/app-floors.ts';
import { runWrites } from '../runs/runs.projection.ts';
import { timelineTree } from '../timeline/timeline-tree.ts';
import { TimelineRowsQuery } from '../timeline/timeline-rows.query.ts';
import { SearchItemsQuery } from './search-items.query.ts';
import { SearchQueries } from './search.query.ts';
import { type SearchItem, SearchQuery } from './search.requests.ts';

let database: TestDatabase;
let queries: SearchQueries;
beforeAll(async () => {
  database = await createTestDatabase({
    template: { name: 'delivery-log', prepare: (url) => migrate(url, [deliveryLogService], []) },
  });
  const { pool } = database;
  queries = new SearchQueries(pool, new AppFloors(pool), new SearchItemsQuery(pool));
});
afterAll(() => database.drop());

async function tell(story: Story): Promise<Story> {
  for (const writes of [requestWrites(story.gateway), runWrites(story.runner), deliveryWrites(story.dispatcher)]) {
    const query = oneStatement(writes);
    if (query) await database.pool.query(query);
  }
  return story;
}
const searchOf = (appId: string, values: Partial<SearchQuery> = {}, budgetMs?: number) =>
  queries.search(appId, Object.assign(new SearchQuery(), values), budgetMs);
const kindsOf = ({ items }: { items: SearchItem[] }) => items.map(({ kind }) => kind).sort();
const ALL = ['delivery', 'event', 'request', 'run'];

/** Its delivery failed with 410, its body says something of its own. */
async function failing(appId: string, word: string): Promise<Story> {
  const story = exampleStory(appId, Buffer.from(JSON.stringify({ word })));
  const last = story.dispatcher[2] as Story['dispatcher'][0];
  const data = { ...(last.data as object), outcome: 'failed', response: { status: 410, headers: {}, body: word } };
  story.dispatcher[2] = eventOf('dispatcher.events', story.deliveryId, 2, 'AttemptFinished', appId, data);
  return tell(story);
}

describe('LG-03: search', () => {
  it('finds by trigger, flow, endpoint, event type, status, status code, time and id', async () => {
    const appId = newId();
    const [story] = [await failing(appId, 'apple'), await tell(exampleStory(appId)), await tell(exampleStory())];
    const { triggerId, flowId } = (story.gateway[0] as Story['gateway'][0]).data as Record<string, string>;
    expect(kindsOf(await searchOf(appId))).toEqual([...ALL, ...ALL].sort());
    expect(kindsOf(await searchOf(appId, { triggerId: triggerId ?? '' }))).toEqual(ALL);
    expect(kindsOf(await searchOf(appId, { flowId: flowId ?? '' }))).toEqual(ALL);
    expect(kindsOf(await searchOf(appId, { endpointId: story.endpointUuid }))).toEqual(['delivery']);
    expect(kindsOf(await searchOf(appId, { endpointId: '12' }))).toEqual(['delivery', 'delivery']);
    expect(kindsOf(await searchOf(appId, { eventType: 'order.placed', kinds: 'event,run' }))).toEqual([
      'event',
      'event',
    ]);
    expect(kindsOf(await searchOf(appId, { status: 'succeeded' }))).toEqual(['delivery', 'run', 'run']);
    expect(kindsOf(await searchOf(appId, { status: 'accepted' }))).toEqual(['request', 'request']);
    const [failed] = (await searchOf(appId, { status: 'failed' })).items;
    expect(failed).toMatchObject({ kind: 'delivery', id: story.deliveryId, statusCode: 410, endpointId: 12 });
    expect((await searchOf(appId, { statusCode: 410 })).items).toEqual([failed]);
    expect((await searchOf(appId, { statusCode: 200 })).items).toMatchObject([{ kind: 'delivery', statusCode: 200 }]);
    expect(kindsOf(await searchOf(appId, { id: story.requestId }))).toEqual(['request', 'run']);
    expect(kindsOf(await searchOf(appId, { id: story.eventId, kinds: 'event' }))).toEqual(['event']);
    const at = { since: new Date(Date.now() + 60_000).toISOString(), kinds: 'request,run,event' };
    expect((await searchOf(appId, at)).items).toEqual([]);
    expect((await searchOf(appId, { until: '2000-01-01' })).items).toEqual([]);
    expect(
      (await searchOf(appId, { since: '0001-01-01T00:00:00Z', until: '9999-12-31T00:00:00Z' })).items,
    ).toHaveLength(8);
    expect((await searchOf(newId())).items).toEqual([]);
  });

  it('LG-03, GW-08: finds refused requests by all that is known of them, and shows them in a timeline of their own', async () => {
    const appId = newId();
    const story = await tell(exampleStory(appId));
    const { triggerId, flowId } = (story.gateway[0] as Story['gateway'][0]).data as Record<string, string>;
    const rejected = (status: number, detail: string): RequestRejected => ({
      triggerId: triggerId ?? '',
      flowId: flowId ?? '',
      profile: 'native',
      method: 'PUT',
      code: 'unauthorized',
      status,
      detail,
      remoteAddress: '203.0.113.9',
      bodySize: 7,
      headerNames: ['x-odd'],
      notRecorded: 0,
      receivedAt: '2026-11-22T10:00:00.000Z',
    });
    const [wrong, big] = [newId(), newId()];
    const events = [
      eventOf('gateway.events', wrong, 1, 'RequestRejected', appId, rejected(401, 'says "status":413 in its detail')),
      eventOf('gateway.events', big, 1, 'RequestRejected', appId, rejected(413, 'too large')),
    ];
    const query = oneStatement(requestWrites(events));
    if (query) await database.pool.query(query);
    const idsOf = async (values: Partial<SearchQuery>) =>
      (await searchOf(appId, values)).items.map(({ id }) => id).sort();
    const both = [wrong, big].sort();
    expect(await idsOf({ status: 'rejected' })).toEqual(both);
    expect(await idsOf({ kinds: 'request' })).toEqual([story.requestId, ...both].sort());
    expect(await idsOf({ kinds: 'request', triggerId: triggerId ?? '' })).toEqual([story.requestId, ...both].sort());
    expect(await idsOf({ status: 'rejected', flowId: flowId?.toUpperCase() ?? '' })).toEqual(both);
    expect(await idsOf({ status: 'rejected', flowId: newId() })).toEqual([]);
    expect(await idsOf({ statusCode: 413 })).toEqual([big]);
    expect(await idsOf({ q: 'X-ODD' })).toEqual(both);
    expect(await idsOf({ id: wrong })).toEqual([wrong]);
    expect(await idsOf({ status: 'rejected', eventType: 'order.placed' })).toEqual([]);
    expect(await idsOf({ kinds: 'run,event,delivery', status: 'rejected' })).toEqual([]);
    expect((await searchOf(appId, { statusCode: 413 })).items).toMatchObject([
      {
        kind: 'request',
        title: 'PUT: unauthorized',
        status: 'rejected',
        statusCode: 413,
        triggerId,
        flowId,
        runId: null,
      },
    ]);
    const rows = new TimelineRowsQuery(database.pool);
    const place = await rows.rootOf(wrong);
    expect(place && timelineTree(await rows.rowsOf(place))).toMatchObject({
      kind: 'request',
      id: wrong,
      status: 'rejected',
      children: [],
      detail: { triggerId, headerNames: ['x-odd'], rejection: { code: 'unauthorized', status: 401 } },
    });
    expect(await idsOf({ status: 'recorded' })).toEqual([story.eventId]);
  });

  it('finds text in bodies, event data, requests and answers, in upper and lower case and other alphabets', async () => {
    const appId = newId();
    const story = await failing(appId, 'Grüße_100%\\');
    await tell(exampleStory(appId));
    const found = await searchOf(appId, { q: 'grüße_100%\\' });
    expect(kindsOf(found)).toEqual(['delivery', 'request']);
    expect(found.items.map(({ id }) => id).sort()).toEqual([story.deliveryId, story.requestId].sort());
    expect(kindsOf(await searchOf(appId, { q: '"ID": 7' }))).toEqual(['request']);
    expect(kindsOf(await searchOf(appId, { q: '"id":7' }))).toEqual(['event', 'event']);
    expect(kindsOf(await searchOf(appId, { q: '_100%\\', kinds: 'delivery' }))).toEqual(['delivery']);
    expect(kindsOf(await searchOf(appId, { q: 'SHOP/hook' }))).toEqual(['delivery', 'delivery']);
    expect((await searchOf(appId, { q: 'nowhere to be found' })).nextCursor).toBeNull();
  });

  it('shows each item once over all pages, newest first, however small the pages and short the time', async () => {
    const appId = newId();
    for (let n = 0; n < 6; n++) await tell(exampleStory(appId));
    const walk = async (values: Partial<SearchQuery>, budgetMs?: number): Promise<SearchItem[]> => {
      const seen: SearchItem[] = [];
      for (let cursor: string | null = '', turns = 0; cursor !== null && turns < 200; turns++) {
        const page = await searchOf(appId, cursor ? { ...values, cursor } : values, budgetMs);
        seen.push(...page.items);
        cursor = page.nextCursor;
      }
      return seen;
    };
    const everything = (await searchOf(appId, { limit: 200 })).items;
    expect(everything).toHaveLength(24);
    expect(await walk({ limit: 3 })).toEqual(everything);
    expect(everything.map(({ at }) => at)).toEqual(
      everything
        .map(({ at }) => at)
        .sort()
        .reverse(),
    );
    const texts = await walk({ limit: 2, q: 'http://shop' }, 0);
    expect(texts.map(({ kind }) => kind)).toEqual(Array.from({ length: 6 }, () => 'delivery'));
  });

  it('says how far it looked when its time was over, and goes on there', async () => {
    const appId = newId();
    const many = Array.from({ length: 4_100 }, () => exampleStory(appId).gateway).flat();
    const query = oneStatement(requestWrites([...many, ...(await failing(appId, 'unused')).gateway]));
    if (query) await database.pool.query(query);
    const rare = newId(Date.now() - 3_600_000);
    await tell(exampleStory(appId, Buffer.from('{"word":"needle"}'), rare));
    const first = await searchOf(appId, { q: 'needle', kinds: 'request' }, 0);
    expect(first.items).toEqual([]);
    expect(Date.parse(first.searchedUntil as string)).toBeLessThanOrEqual(Date.now());
    const second = await searchOf(appId, { q: 'needle', kinds: 'request', cursor: first.nextCursor as string }, 0);
    expect(second).toMatchObject({ items: [{ id: rare }], nextCursor: null, searchedUntil: null });
  });
});
