import { type AttemptFinished, newId } from '@sluice/contracts';
import { Payloads, payloadTablesSql } from '@sluice/payloads';
import { migrate } from '@sluice/platform';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliveryLogService } from '../delivery-log.service.ts';
import { eventOf } from '../example-events.fixture.ts';
import { oneStatement } from '../read-model/one-statement.ts';
import { deliveryWrites } from './deliveries.projection.ts';
import { DeliveriesQueries, type DeliveryView, type RecordedDelivery, type RingPage } from './deliveries.query.ts';
import { AppFloors } from '../retention/app-floors.ts';
import { WholeBodies } from './whole-bodies.ts';
import { WholeBodiesSweep } from './whole-bodies.worker.ts';

let database: TestDatabase;
let payloads: Payloads;

beforeAll(async () => {
  database = await createTestDatabase({
    template: { name: 'delivery-log', prepare: (url) => migrate(url, [deliveryLogService], []) },
  });
  for (const statement of payloadTablesSql()) await database.pool.query(statement);
  payloads = new Payloads(database.pool);
});
afterAll(() => database?.drop());

/** An attempt whose bodies were longer than its event holds; the answer is as long as is read at most. */
async function tell(endpointUuid: string, at: string): Promise<string> {
  const deliveryId = newId();
  const [sent, answered] = await payloads.putAll([Buffer.from('s'.repeat(70_000)), Buffer.alloc(1024 * 1024, 'a')]);
  const attempt: AttemptFinished = {
    deliveryId,
    eventId: newId(),
    eventType: 'order.placed',
    endpointId: 12,
    endpointUuid,
    runId: null,
    number: 1,
    at,
    durationMs: 3,
    request: { method: 'POST', url: 'http://x/', headers: {}, body: 'sss', truncated: true, ...idOf(sent) },
    response: { status: 200, headers: {}, body: 'aaa', truncated: true, ...idOf(answered) },
    error: null,
    outcome: 'succeeded',
    nextAttemptAt: null,
  };
  const event = eventOf('dispatcher.events', deliveryId, 1, 'AttemptFinished', newId(), attempt);
  const query = oneStatement(deliveryWrites([event]));
  if (query) await database.pool.query(query);
  return deliveryId;
}
const idOf = (payloadId: string | undefined) => (payloadId === undefined ? {} : { payloadId });
const found = async (id: string, endpoint: string): Promise<RecordedDelivery> =>
  (await new DeliveriesQueries(database.pool, new AppFloors(database.pool)).findOfEndpoint(
    id,
    endpoint,
  )) as RecordedDelivery;
const whole = async (id: string, endpoint: string): Promise<DeliveryView> =>
  new WholeBodies(database.pool).fill(await found(id, endpoint));
const shapeOf = ({ attempts: [attempt] }: DeliveryView) => [
  attempt?.request.body.length,
  attempt?.request.truncated,
  attempt?.response?.body.length,
  attempt?.response?.truncated,
];

describe('ET-09: long bodies of the last hundred deliveries of an endpoint', () => {
  it('are shown whole with the delivery of the endpoint, by integer or uuid, and cut elsewhere', async () => {
    const endpoint = newId();
    const id = await tell(endpoint, '2026-01-01T00:00:00.000Z');
    // The answer was as long as is read, so nobody knows whether there was more.
    expect(shapeOf(await whole(id, endpoint.toUpperCase()))).toEqual([70_000, false, 1024 * 1024, true]);
    expect(shapeOf(await whole(id, '12'))).toEqual([70_000, false, 1024 * 1024, true]);
    const elsewhere = (await new DeliveriesQueries(database.pool, new AppFloors(database.pool)).find(
      id,
    )) as DeliveryView;
    expect(shapeOf(elsewhere)).toEqual([3, true, 3, true]);
    expect(JSON.stringify(elsewhere)).not.toContain('payloadId');
    expect(await found(id, '13')).toBeNull();
  });

  it('are taken away with the ring, and then the beginning that the attempt has is shown', async () => {
    const [mine, other] = [newId(), newId()];
    const ids: string[] = [];
    for (let day = 1; day <= 4; day++) ids.push(await tell(mine, `2026-02-0${day}T00:00:00.000Z`));
    const neighbour = await tell(other, '2026-01-01T00:00:00.000Z');
    const sweep = new WholeBodiesSweep(database.pool);
    expect(await sweep.sweep(2)).toBe(4);
    expect(await sweep.sweep(2)).toBe(0);
    const lengths = await Promise.all(ids.map(async (id) => shapeOf(await whole(id, mine))[0]));
    expect(lengths).toEqual([3, 3, 70_000, 70_000]);
    expect(shapeOf(await whole(neighbour, other))[0]).toBe(70_000);
  });
});

describe('lists of deliveries', () => {
  const list = (limit: number, cursor: string | null, appId: string) =>
    new DeliveriesQueries(database.pool, new AppFloors(database.pool)).list(appId, {
      limit,
      ...(cursor === null ? {} : { cursor }),
    });

  /** Each with an attempt whose bodies are together `characters` long. */
  async function deliveries(
    count: number,
    characters: number,
  ): Promise<{ appId: string; endpointUuid: string; ids: string[] }> {
    const [appId, endpointUuid] = [newId(), newId()];
    const ids: string[] = [];
    for (let index = 0; index < count; index++) {
      const deliveryId = newId();
      const attempt: AttemptFinished = {
        deliveryId,
        eventId: newId(),
        eventType: 'order.placed',
        endpointId: 14,
        endpointUuid,
        runId: null,
        number: 1,
        at: new Date(Date.parse('2026-03-01T00:00:00.000Z') + index).toISOString(),
        durationMs: 3,
        request: { method: 'POST', url: 'http://x/', headers: {}, body: 's'.repeat(characters) },
        response: null,
        error: null,
        outcome: 'succeeded',
        nextAttemptAt: null,
      };
      const event = eventOf('dispatcher.events', deliveryId, 1, 'AttemptFinished', appId, attempt);
      const query = oneStatement(deliveryWrites([event]));
      if (query) await database.pool.query(query);
      ids.unshift(deliveryId);
    }
    return { appId, endpointUuid, ids };
  }

  it.each([
    ['of small ones as many as are asked for', 120, 10, [100, 20]],
    ['of large ones as many as an answer may hold', 120, 400_000, [41, 41, 38]],
    ['of larger ones than an answer may hold one', 3, 17 * 1024 * 1024, [1, 1, 1]],
  ])('have %s, each delivery once', async (_, count, characters, pages) => {
    const { appId, ids } = await deliveries(count, characters);
    const seen: string[][] = [];
    let cursor: string | null = null;
    do {
      const page = await list(100, cursor, appId);
      seen.push(page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen.map((page) => page.length)).toEqual(pages);
    expect(seen.flat()).toEqual(ids);
  });

  const ring = (appId: string, of: string, page?: RingPage) =>
    new DeliveriesQueries(database.pool, new AppFloors(database.pool)).ring(appId, of, page);

  it('ET-09: the last hundred of an endpoint come at once, or in pages of the size that was asked for', async () => {
    const { appId, endpointUuid, ids } = await deliveries(103, 10);
    const whole = await ring(appId, endpointUuid);
    expect([whole.items.map(({ id }) => id), whole.nextCursor]).toEqual([ids.slice(0, 100), null]);
    const first = await ring(appId, endpointUuid, { limit: 60 });
    const second = await ring(appId, endpointUuid, { limit: 60, cursor: first.nextCursor ?? '' });
    expect([first.items.length, second.items.length, second.nextCursor]).toEqual([60, 40, null]);
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids.slice(0, 100));
  });

  it('ET-09: of those with long bodies a page holds 16 MiB, and at least one; what was rescued is among them', async () => {
    const { appId, endpointUuid, ids } = await deliveries(7, 4 * 1024 * 1024);
    await database.pool.query(
      `with gone as (delete from delivery_log.deliveries where id = $1 returning id, app_id, event_id, event_type, endpoint_id,
         endpoint_uuid, status, created_at)
       insert into delivery_log.endpoint_ring (id, app_id, event_id, event_type, endpoint_id, endpoint_uuid, status, created_at,
         attempts, attempt_data)
       select gone.*, 1, array(select data from delivery_log.attempts where delivery_id = gone.id) from gone`,
      [ids[4]],
    );
    const sizes: number[] = [];
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await ring(appId, endpointUuid, { limit: 100, ...(cursor ? { cursor } : {}) });
      sizes.push(page.items.length);
      for (const { id, attempts } of page.items) seen.push(...attempts.map(() => id));
      cursor = page.nextCursor;
    } while (cursor);
    expect(sizes).toEqual([3, 3, 1]);
    expect(seen).toEqual(ids);
  });
});
