import {
  createTestDatabase,
  type RecordingReceiver,
  recordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../dispatcher.fixture.ts';
import { dispatcherService } from '../dispatcher.service.ts';
import type { ReplayView } from './replay.responses.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;

async function start(): Promise<void> {
  const services = [dispatcherService, ...NEIGHBOURS];
  running = await startServices({ services, settings: testSettings(database.url), logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
}

beforeEach(async () => {
  database = await createTestDatabase();
  receiver = await recordingReceiver();
  await start();
  await neighbours.token('operator', ['automation.manage']);
});
afterEach(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

async function call(method: string, path: string, body?: unknown, token = 'operator') {
  const answer = await fetch(`${running.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}
async function replay(path: string, wish: unknown): Promise<string> {
  const answer = await call('POST', path, wish);
  expect(answer).toMatchObject({ status: 202, body: { replayId: expect.any(String) } });
  return String(answer.body.replayId);
}
async function finished(id: string): Promise<ReplayView> {
  return waitFor(async () => {
    const { body } = await call('GET', `/v1/replays/${id}`);
    return body.state === 'finished' ? (body as unknown as ReplayView) : null;
  }, 20_000);
}
const idsAt = (path: string) =>
  receiver.requests.filter((each) => each.path === path).map((each) => each.headers['webhook-id']);
const idle = () => waitFor(async () => (await neighbours.due()).length === 0, 20_000);

describe('DL-06: replays', () => {
  it('send all that failed since a time again, with the same ids, once, and tell how it went', async () => {
    receiver.respond((_request, index) => ({ status: index % 3 === 0 ? 500 : 204 }));
    const endpoint = await neighbours.endpoint({ url: `${receiver.url}/a`, retrySchedule: ['PT0S'], concurrency: 1 });
    await neighbours.endpoint({ url: `${receiver.url}/b`, events: ['other'], retrySchedule: ['PT0S'] });
    await neighbours.settled();
    await neighbours.emit(30);
    await waitFor(async () => (await neighbours.attempts()).length === 30);
    const failed = new Set(
      (await neighbours.attempts()).filter((each) => each.outcome === 'failed').map((each) => each.deliveryId),
    );
    receiver.clear();
    receiver.respond({ status: 204 });
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const id = await replay(`/v1/endpoints/${endpoint.id}/replay`, { since, status: ['failed'] });
    expect(await finished(id)).toMatchObject({ planned: failed.size, succeeded: failed.size, failed: 0, pending: 0 });
    expect(new Set(idsAt('/a'))).toEqual(failed);
    expect(receiver.requests).toHaveLength(failed.size);
    const again = await replay(`/v1/endpoints/${endpoint.uuid}/replay`, { until: since });
    expect(await finished(again)).toMatchObject({ planned: 0 });
    expect(await call('GET', '/v1/replays?limit=1')).toMatchObject({
      body: { items: [{ id: again }], nextCursor: again },
    });
  });

  it('look at what has failed now: a replay that succeeded mends it, one that failed is failed again', async () => {
    receiver.respond({ status: 500 });
    const endpoint = await neighbours.endpoint({ url: `${receiver.url}/a`, retrySchedule: ['PT0S'] });
    await neighbours.settled();
    const ids = await neighbours.emit(5);
    await waitFor(async () => (await neighbours.attempts()).length === 5);
    await idle();
    const mended = new Set(ids.slice(0, 2));
    receiver.respond(({ text }) => ({ status: [...mended].some((id) => text.includes(id)) ? 204 : 500 }));
    const failed = async () =>
      (await finished(await replay(`/v1/endpoints/${endpoint.id}/replay`, { status: ['failed'] }))).planned;
    expect(await failed()).toBe(5);
    await idle();
    expect(await failed()).toBe(3);
    await idle();
    // What was delivered once and failed when it was asked for again has failed.
    receiver.respond({ status: 500 });
    const again = { eventIds: [...mended], status: ['succeeded'] };
    expect(await finished(await replay(`/v1/endpoints/${endpoint.id}/replay`, again))).toMatchObject({ planned: 2 });
    await idle();
    expect(await failed()).toBe(5);
  });

  it('send chosen events, by query or by id, to one endpoint or to all, also such as were never for it', async () => {
    await neighbours.endpoint({ url: `${receiver.url}/a` });
    await neighbours.settled();
    const [first] = await neighbours.emit(4);
    await neighbours.emit(2, { type: 'order.paid', data: { number: 7 } });
    await receiver.waitFor(6);
    await idle();
    const late = await neighbours.endpoint({ url: `${receiver.url}/late` });
    await neighbours.settled();
    receiver.clear();
    await finished(await replay(`/v1/endpoints/${late.id}/replay`, { eventIds: [first, first] }));
    expect([idsAt('/late').length, idsAt('/a').length]).toEqual([1, 0]);
    receiver.clear();
    await finished(await replay('/v1/replays', { eventTypes: ['order.paid'] }));
    expect([idsAt('/late').length, idsAt('/a').length]).toEqual([2, 2]);
    receiver.clear();
    await finished(await replay('/v1/replays', { filter: 'event.data.number > 2', endpointId: late.uuid }));
    expect([idsAt('/late').length, idsAt('/a').length]).toEqual([3, 0]);
  });

  it('survive a restart in the middle, keep the order, and leave alone what is on its way', async () => {
    const endpoint = await neighbours.endpoint({ url: `${receiver.url}/a`, ordering: 'endpoint' });
    await neighbours.settled();
    for (let batch = 0; batch < 4; batch++) await neighbours.emit(30);
    await receiver.waitFor(120, 30_000);
    await idle();
    const before = idsAt('/a');
    receiver.clear();
    receiver.respond({ status: 204, delayMs: 2 });
    const id = await replay(`/v1/endpoints/${endpoint.id}/replay`, {});
    await receiver.waitFor(20);
    const other = await replay(`/v1/endpoints/${endpoint.id}/replay`, { status: ['failed', 'missing'] });
    await running.close();
    await start();
    expect(await finished(id)).toMatchObject({ planned: 120, succeeded: 120 });
    expect(await finished(other)).toMatchObject({ planned: 0 });
    // A stop may repeat what it could not record; nothing is missing and nothing overtakes.
    expect([...new Set(idsAt('/a'))].toSorted()).toEqual(before.toSorted());
  });

  it('that are asked for at the same time leave alone what the other sends', async () => {
    const endpoint = await neighbours.endpoint({ url: `${receiver.url}/a` });
    await neighbours.settled();
    await neighbours.emit(6);
    await receiver.waitFor(6);
    await idle();
    receiver.clear();
    receiver.respond({ status: 204, delayMs: 1_500 });
    const ids = await Promise.all([1, 2, 3, 4].map(() => replay(`/v1/endpoints/${endpoint.id}/replay`, {})));
    const planned = await Promise.all(ids.map(async (id) => (await finished(id)).planned));
    expect(planned.toSorted()).toEqual([0, 0, 0, 6]);
    await idle();
    expect(idsAt('/a')).toHaveLength(6);
  });

  it('of events by their ids are narrowed by the other fields as well', async () => {
    const endpoint = await neighbours.endpoint({ url: `${receiver.url}/a` });
    await neighbours.settled();
    const eventIds = await neighbours.emit(4);
    await receiver.waitFor(4);
    await idle();
    for (const [wish, planned] of [
      [{ filter: 'event.data.number > 2' }, 1],
      [{ eventTypes: ['nothing'] }, 0],
      [{ since: '2100-01-01T00:00:00Z' }, 0],
      [{ until: '2020-01-01T00:00:00Z' }, 0],
      [{ since: '2020-01-01T00:00:00Z', eventTypes: ['order.*'] }, 4],
    ] as const) {
      const view = await finished(await replay(`/v1/endpoints/${endpoint.id}/replay`, { eventIds, ...wish }));
      expect([wish, view.planned]).toEqual([wish, planned]);
      await idle();
    }
  });

  it('can be cancelled, and refuse what is no replay', async () => {
    await neighbours.token('viewer', ['automation.view']);
    const endpoint = await neighbours.endpoint({ url: receiver.url });
    const off = await neighbours.endpoint({ url: receiver.url, enabled: false });
    await neighbours.settled();
    const bad: [string, unknown, number, string][] = [
      ['/v1/endpoints/4711/replay', {}, 404, 'not_found'],
      [`/v1/endpoints/${off.id}/replay`, {}, 409, 'endpoint_gone'],
      [`/v1/endpoints/${endpoint.id}/replay`, { since: 'yesterday' }, 422, 'invalid_request'],
      [`/v1/endpoints/${endpoint.id}/replay`, { status: ['pending'] }, 422, 'invalid_request'],
      [
        `/v1/endpoints/${endpoint.id}/replay`,
        { since: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' },
        422,
        'invalid_request',
      ],
      [`/v1/endpoints/${endpoint.id}/replay`, { filter: 'event.' }, 422, 'invalid_request'],
      [`/v1/endpoints/${endpoint.id}/replay`, { eventIds: ['x'] }, 422, 'invalid_request'],
      [`/v1/endpoints/${endpoint.id}/replay`, { eventIds: [] }, 422, 'invalid_request'],
      ['/v1/replays', { endpointId: '0' }, 404, 'not_found'],
      ['/v1/replays/nonsense/cancel', undefined, 404, 'not_found'],
    ];
    for (const [path, wish, status, code] of bad) {
      expect([path, wish, await call('POST', path, wish)]).toMatchObject([path, wish, { status, body: { code } }]);
    }
    expect((await call('POST', `/v1/endpoints/${endpoint.id}/replay`, {}, 'viewer')).status).toBe(403);
    const id = await replay('/v1/replays', {});
    await finished(id);
    expect(await call('POST', `/v1/replays/${id}/cancel`)).toMatchObject({ status: 200, body: { state: 'finished' } });
    await database.pool.query(`update dispatcher.replays set state = 'running' where id = $1`, [id]);
    expect(await call('POST', `/v1/replays/${id}/cancel`)).toMatchObject({ status: 200, body: { state: 'cancelled' } });
  });
});
