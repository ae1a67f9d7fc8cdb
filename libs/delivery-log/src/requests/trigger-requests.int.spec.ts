import { newId, type RequestRejected, type TriggerAccepted } from '@sluice/contracts';
import type { StoredEvent } from '@sluice/event-store';
import { migrate } from '@sluice/platform';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliveryLogService } from '../delivery-log.service.ts';
import { eventOf } from '../example-events.fixture.ts';
import { oneStatement } from '../read-model/one-statement.ts';
import { requestWrites } from './requests.projection.ts';
import { AppFloors } from '../retention/app-floors.ts';
import { RequestsQueries } from './requests.query.ts';
import { TriggerRequestsQueries } from './trigger-requests.query.ts';
import { TriggerRequestsQuery } from './trigger-requests.requests.ts';

let database: TestDatabase;
let queries: TriggerRequestsQueries;
const [appId, triggerId, flowId] = [newId(), newId(), newId()];
const START_MS = Date.parse('2026-11-22T10:00:00.000Z');

beforeAll(async () => {
  database = await createTestDatabase({
    template: { name: 'delivery-log', prepare: (url) => migrate(url, [deliveryLogService], []) },
  });
  const floors = new AppFloors(database.pool);
  queries = new TriggerRequestsQueries(database.pool, new RequestsQueries(database.pool, floors), floors);
  const events = Array.from({ length: 10 }, (_, n) => (n % 3 === 0 ? rejected(n) : accepted(n)));
  // What is delivered again changes nothing.
  for (const batch of [events, events.slice(0, 4)]) {
    const query = oneStatement(requestWrites(batch));
    if (query) await database.pool.query(query);
  }
});
afterAll(() => database.drop());

const at = (n: number): string => new Date(START_MS + n * 1_000).toISOString();

function accepted(n: number, of = triggerId): StoredEvent {
  const data: TriggerAccepted = {
    triggerId: of,
    flowId,
    mode: 'live',
    profile: 'native',
    method: 'POST',
    query: {},
    headers: { 'x-n': String(n) },
    contentType: 'application/json',
    bodyKind: 'json',
    bodySize: 2,
    bodySha256: '00',
    bodyPayloadId: null,
    remoteAddress: '198.51.100.1',
    receivedAt: at(n),
    replyTo: null,
    props: null,
  };
  return eventOf('gateway.events', newId(START_MS + n * 1_000), 1, 'TriggerAccepted', appId, data, Buffer.from('{}'));
}

function rejected(n: number): StoredEvent {
  const data: RequestRejected = {
    triggerId,
    flowId,
    profile: 'native',
    method: 'POST',
    code: 'unauthorized',
    status: 401,
    detail: 'The credential is wrong.',
    remoteAddress: '198.51.100.2',
    bodySize: 7,
    headerNames: ['content-type', 'x-secret'],
    receivedAt: at(n),
    notRecorded: n,
  };
  return eventOf('gateway.events', newId(START_MS + n * 1_000), 1, 'RequestRejected', appId, data);
}

async function listed(change: Partial<TriggerRequestsQuery> = {}): Promise<number[][]> {
  const pages: number[][] = [];
  let cursor: string | undefined;
  do {
    const query = Object.assign(new TriggerRequestsQuery(), change, cursor ? { cursor } : {});
    const page = await queries.list(appId, triggerId, query);
    pages.push(page.items.map((item) => (Date.parse(item.receivedAt) - START_MS) / 1_000));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return pages;
}

describe('GW-08, LG-02: the requests of a trigger', () => {
  it('are accepted and rejected ones in one list, newest first, page by page', async () => {
    expect(await listed()).toEqual([[9, 8, 7, 6, 5, 4, 3, 2, 1, 0]]);
    expect(await listed({ limit: 3 })).toEqual([[9, 8, 7], [6, 5, 4], [3, 2, 1], [0]]);
    expect(await listed({ since: at(3), until: at(7) })).toEqual([[6, 5, 4, 3]]);
  });

  it('can be only the accepted or only the rejected ones', async () => {
    expect(await listed({ status: 'accepted', limit: 4 })).toEqual([
      [8, 7, 5, 4],
      [2, 1],
    ]);
    expect(await listed({ status: 'rejected', limit: 2 })).toEqual([
      [9, 6],
      [3, 0],
    ]);
  });

  it('say why a request was refused, and of an accepted one what it was', async () => {
    const { items } = await queries.list(appId, triggerId, Object.assign(new TriggerRequestsQuery(), { limit: 2 }));
    expect(items[0]).toMatchObject({
      status: 'rejected',
      remoteAddress: '198.51.100.2',
      bodySize: 7,
      headerNames: ['content-type', 'x-secret'],
      rejection: { code: 'unauthorized', status: 401, detail: 'The credential is wrong.', notRecorded: 9 },
      body: null,
      headers: null,
      run: null,
    });
    expect(items[1]).toMatchObject({ status: 'accepted', rejection: null, body: '{}', headerNames: ['x-n'] });
    expect(Object.keys(items[0] as object).sort()).toEqual(Object.keys(items[1] as object).sort());
  });

  it('of another app or trigger are not among them', async () => {
    const query = new TriggerRequestsQuery();
    expect((await queries.list(newId(), triggerId, query)).items).toEqual([]);
    expect((await queries.list(appId, newId(), query)).items).toEqual([]);
  });
});
