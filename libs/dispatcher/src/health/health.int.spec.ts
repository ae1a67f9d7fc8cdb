import {
  createTestDatabase,
  type RecordingReceiver,
  recordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { statusesOf } from '@sluice/endpoint-status';
import { BUILT_IN_EVENT_TYPES, type EndpointState } from '@sluice/contracts';
import { compileSchema } from '@sluice/event-schemas';
import { type RunningServices, startServices } from '@sluice/wiring';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BacklogWorker } from './backlog.worker.ts';
import { DeliveringConfig } from '../delivering/delivering.config.ts';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../dispatcher.fixture.ts';
import { dispatcherService } from '../dispatcher.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;
let config: DeliveringConfig;
let aheadMs = 0;

async function start(): Promise<void> {
  const services = [dispatcherService, ...NEIGHBOURS];
  running = await startServices({ services, settings: testSettings(database.url), logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  config = running.app.nest.get(DeliveringConfig, { strict: false });
  config.now = () => Date.now() + aheadMs;
  config.healthSaveMs = 20;
}

beforeEach(async () => {
  aheadMs = 0;
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

const control = (endpoint: EndpointState, what: string): Promise<Response> =>
  fetch(`${running.url}/v1/endpoints/${endpoint.id}/${what}`, {
    method: 'POST',
    headers: { authorization: 'Bearer operator' },
  });
const statusOf = async (endpoint: EndpointState) =>
  (await statusesOf(database.pool, [endpoint.uuid])).get(endpoint.uuid);
const told = async (type: string) => (await neighbours.recorded()).filter((event) => event.type === type);
const orders = () => receiver.requests.filter((request) => request.path === '/orders');

describe('DL-05: pausing and resuming', () => {
  it('pausing keeps what is for the endpoint, across a restart, and resuming delivers it', async () => {
    const paused = await neighbours.endpoint({ url: `${receiver.url}/orders` });
    await neighbours.endpoint({ url: `${receiver.url}/others` });
    await neighbours.settled();
    const answer = await control(paused, 'pause');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ id: paused.id, uuid: paused.uuid, paused: { reason: 'person' } });
    await neighbours.emit(20);
    await receiver.waitFor(20);
    await running.close();
    await start();
    await neighbours.emit(5);
    await receiver.waitFor(25);
    expect(orders()).toEqual([]);
    await waitFor(async () => (await neighbours.due()).length === 25);
    expect(await (await control(paused, 'resume')).json()).toMatchObject({ paused: null });
    await waitFor(() => orders().length === 25);
    expect((await told('Endpoint.Paused')).length + (await told('Endpoint.Resumed')).length).toBe(2);
  });

  it('pausing twice, resuming what runs, unknown endpoints and other apps’ have their answers', async () => {
    await neighbours.token('stranger', ['automation.manage'], '01999999-0000-7000-8000-0000000000ff');
    const endpoint = await neighbours.endpoint({ url: receiver.url });
    await neighbours.settled();
    expect(await (await control(endpoint, 'resume')).json()).toMatchObject({ paused: null });
    const first = (await (await control(endpoint, 'pause')).json()) as { paused: { at: string } };
    expect(await (await control(endpoint, 'pause')).json()).toMatchObject({ paused: { at: first.paused.at } });
    expect((await control({ ...endpoint, id: 4711 }, 'pause')).status).toBe(404);
    const stranger = await fetch(`${running.url}/v1/endpoints/${endpoint.uuid}/pause`, {
      method: 'POST',
      headers: { authorization: 'Bearer stranger' },
    });
    expect(stranger.status).toBe(404);
    expect(await told('Endpoint.Paused')).toHaveLength(1);
  });

  it('disabling discards what waits, also for a retry in hours, in an order and while paused', async () => {
    receiver.respond({ status: 500 });
    const retrySchedule = ['PT0S', 'PT5H'];
    const plain = await neighbours.endpoint({ url: receiver.url, retrySchedule });
    const ordered = await neighbours.endpoint({ url: receiver.url, retrySchedule, ordering: 'endpoint' });
    await neighbours.settled();
    await neighbours.emit(3);
    await waitFor(async () => (await neighbours.attempts()).length === 4);
    await control(ordered, 'pause');
    await neighbours.change(plain, { enabled: false });
    await neighbours.change(ordered, { enabled: false });
    await waitFor(async () => (await neighbours.due()).length === 0);
    const discarded = await neighbours.discarded();
    expect(discarded.map(({ reason }) => reason)).toEqual(Array(6).fill('endpoint_disabled'));
    expect(receiver.requests).toHaveLength(4);
  });
});

describe('DL-03: what a receiver says about itself', () => {
  it('410 pauses the endpoint with the reason shown; what waits is kept and resuming delivers it', async () => {
    const endpoint = await neighbours.endpoint({ url: `${receiver.url}/orders`, concurrency: 1 });
    await neighbours.settled();
    receiver.respond({ status: 410, delayMs: 50 });
    await neighbours.emit(10);
    await waitFor(async () => (await statusOf(endpoint))?.paused);
    expect((await statusOf(endpoint))?.paused).toMatchObject({
      reason: 'gone',
      detail: expect.stringContaining('410'),
    });
    await waitFor(async () => (await told('Endpoint.Disabled')).length === 1);
    const gone = await waitFor(async () => (await neighbours.attempts())[0]);
    expect(gone).toMatchObject({ outcome: 'failed', response: { status: 410 } });
    const sent = orders().length;
    expect(sent).toBeLessThan(10);
    receiver.respond({ status: 204 });
    await control(endpoint, 'resume');
    await waitFor(async () => (await neighbours.due()).length === 0);
    expect(orders()).toHaveLength(10);
    await waitFor(async () => (await told('Endpoint.Recovered')).length === 1);
    expect((await statusOf(endpoint))?.failingSince).toBeNull();
  });

  it('Retry-After of 429 or 503 slows the whole endpoint, and no other, until its end and across a restart', async () => {
    const endpoint = await neighbours.endpoint({ url: `${receiver.url}/orders`, retrySchedule: ['PT0S', 'PT0.01S'] });
    await neighbours.endpoint({ url: `${receiver.url}/others` });
    await neighbours.settled();
    receiver.respond((request) =>
      request.path === '/orders' ? { status: 503, headers: { 'retry-after': '3600' } } : { status: 204 },
    );
    await neighbours.emit(1);
    await waitFor(async () => (await statusOf(endpoint))?.holdUntil);
    await neighbours.emit(10);
    await waitFor(() => receiver.requests.length === 12);
    await running.close();
    await start();
    await neighbours.emit(1);
    await waitFor(() => receiver.requests.length === 13);
    expect(orders()).toHaveLength(1);
    receiver.respond({ status: 204 });
    aheadMs = 3_590_000;
    await neighbours.emit(1);
    await waitFor(() => receiver.requests.length === 14);
    expect(orders()).toHaveLength(1);
    aheadMs = 3_601_000;
    await waitFor(() => orders().length === 14);
  });

  it.each([
    ['resumed', async (endpoint: EndpointState) => void (await control(endpoint, 'resume'))],
    [
      'disabled and enabled',
      async (endpoint: EndpointState) => {
        await neighbours.change(endpoint, { enabled: false });
        await neighbours.change(endpoint, { enabled: true });
      },
    ],
  ])('DL-03: what a receiver asked for a moment ago is over when the endpoint is %s', async (_what, begin) => {
    config.healthSaveMs = 700;
    const endpoint = await neighbours.endpoint({ url: `${receiver.url}/orders`, retrySchedule: ['PT0S'] });
    await neighbours.settled();
    receiver.respond({ status: 429, headers: { 'retry-after': '3600' } });
    await neighbours.emit(1);
    await waitFor(async () => (await neighbours.attempts()).length === 1);
    receiver.respond({ status: 204 });
    await begin(endpoint);
    await neighbours.settled();
    // Longer than what was learnt is kept back.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await statusOf(endpoint))?.holdUntil).toBeNull();
    await neighbours.emit(1);
    await waitFor(() => orders().length === 2);
  });

  it('DL-04, DL-10: failing for days is told after one, ends in a pause after five, and the recovery is told', async () => {
    receiver.respond({ status: 500 });
    const hour = Array<string>(200).fill('PT1H');
    const endpoint = await neighbours.endpoint({ url: `${receiver.url}/orders`, retrySchedule: ['PT0S', ...hour] });
    await neighbours.settled();
    await neighbours.emit(1);
    for (let days = 0; days <= 5; days++) {
      aheadMs = days * 24.5 * 3_600_000;
      await waitFor(async () => (await neighbours.attempts()).length === days + 1);
    }
    await waitFor(async () => (await statusOf(endpoint))?.paused?.reason === 'failing');
    const [warning] = await waitFor(async () => {
      const found = await told('Endpoint.Failing');
      return found.length === 1 ? found : null;
    });
    expect(warning?.data).toMatchObject({ id: endpoint.id, lastStatus: 500, failingSince: expect.any(String) });
    expect(await told('Endpoint.Disabled')).toMatchObject([{ data: { paused: { reason: 'failing' } } }]);
    receiver.respond({ status: 204 });
    await control(endpoint, 'resume');
    aheadMs += 2 * 3_600_000;
    await waitFor(async () => (await neighbours.due()).length === 0);
    await waitFor(async () => (await told('Endpoint.Recovered')).length === 1);
  });

  it('DL-04: enabling begins the clock of failing anew, as resuming does', async () => {
    receiver.respond({ status: 500 });
    const endpoint = await neighbours.endpoint({ url: `${receiver.url}/orders`, retrySchedule: ['PT0S'] });
    await neighbours.settled();
    await neighbours.emit(1);
    await waitFor(async () => (await statusOf(endpoint))?.failingSince);
    await neighbours.change(endpoint, { name: 'still enabled' });
    await neighbours.settled();
    expect((await statusOf(endpoint))?.failingSince).not.toBeNull();
    await neighbours.change(endpoint, { enabled: false });
    await neighbours.change(endpoint, { enabled: true });
    await waitFor(async () => (await statusOf(endpoint))?.failingSince === null);
  });

  it('DL-10: a delivery that failed for good is told to others than its own endpoint, and never again of such a telling', async () => {
    receiver.respond({ status: 500 });
    // Not `*`: the built-in events of the three endpoints themselves would come in between.
    const own = { events: ['order.created', 'Delivery.Failed'], retrySchedule: ['PT0S'] };
    const orders = await neighbours.endpoint({ url: `${receiver.url}/orders`, ...own });
    const watch = { events: ['Delivery.Failed'], retrySchedule: ['PT0S'] };
    const watcher = await neighbours.endpoint({ url: `${receiver.url}/watch`, ...watch });
    const second = await neighbours.endpoint({ url: `${receiver.url}/second`, ...watch });
    await neighbours.settled();
    const [eventId] = await neighbours.emit(1);
    const toldOnes = await waitFor(async () => {
      const attempts = await neighbours.attempts();
      return attempts.length === 3 && (await neighbours.due()).length === 0 ? attempts : null;
    });
    expect(toldOnes.map((each) => [each.endpointId, each.eventType]).toSorted()).toEqual(
      [
        [orders.id, 'order.created'],
        [watcher.id, 'Delivery.Failed'],
        [second.id, 'Delivery.Failed'],
      ].toSorted(),
    );
    const [told1, ...more] = await told('Delivery.Failed');
    expect(more).toEqual([]);
    expect(told1?.data).toMatchObject({ eventId, attempts: 1, lastStatus: 500, endpoint: { id: orders.id } });
    const builtIn = BUILT_IN_EVENT_TYPES.find(({ name }) => name === 'Delivery.Failed');
    expect(compileSchema(builtIn?.schema ?? {})(told1?.data)).toEqual([]);
  });

  it('DL-10: a backlog is told of once until it is worked off; one that is paused or waits for its time is none', async () => {
    receiver.respond({ status: 204, delayMs: 20_000 });
    const late = await neighbours.endpoint({ url: receiver.url, name: 'late', concurrency: 1 });
    const paused = await neighbours.endpoint({ url: receiver.url, name: 'paused' });
    await neighbours.endpoint({ url: receiver.url, name: 'later', retrySchedule: ['PT5H'] });
    await neighbours.settled();
    await control(paused, 'pause');
    // More than the late one is given into memory, whose rows are somebody's already.
    await neighbours.emit(60);
    await waitFor(async () => (await neighbours.due()).length === 180);
    const backlogs = running.app.nest.get(BacklogWorker, { strict: false });
    await backlogs.look();
    expect(await told('Endpoint.Backlog')).toEqual([]);
    aheadMs = 20 * 60_000;
    await backlogs.look();
    await backlogs.look();
    expect(await told('Endpoint.Backlog')).toMatchObject([{ data: { id: late.id, waiting: expect.any(Number) } }]);
  });

  it('a receiver that is down for an hour gets everything when it is back, in order where there is one', async () => {
    receiver.respond({ status: 503 });
    await neighbours.endpoint({ url: `${receiver.url}/any`, name: 'any' });
    const ordered = await neighbours.endpoint({
      url: `${receiver.url}/orders`,
      ordering: 'event.subject',
      retrySchedule: ['PT0S', 'PT30M', 'PT45M'],
    });
    await neighbours.settled();
    for (const subject of ['a', 'b']) await neighbours.emit(15, { subject });
    const ofOrdered = async () =>
      (await neighbours.attempts()).filter((each) => each.endpointUuid === ordered.uuid).length;
    await waitFor(async () => (await ofOrdered()) === 2);
    aheadMs = 40 * 60_000;
    await waitFor(async () => (await ofOrdered()) === 4);
    receiver.respond({ status: 204 });
    const before = receiver.requests.length;
    aheadMs = 130 * 60_000;
    await waitFor(async () => (await neighbours.due()).length === 0, 20_000);
    const arrived = receiver.requests.slice(before).filter((request) => request.path === '/orders');
    const numbers = (subject: string) =>
      arrived
        .map((request) => JSON.parse(request.text) as { entityId: string; entity: { number: number } })
        .filter((body) => body.entityId === subject)
        .map((body) => body.entity.number);
    const all = Array.from({ length: 15 }, (_, index) => index);
    expect([numbers('a'), numbers('b')]).toEqual([all, all]);
  });
});
