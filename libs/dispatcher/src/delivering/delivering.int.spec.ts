import { createHmac } from 'node:crypto';
import {
  createTestDatabase,
  type RecordingReceiver,
  recordingReceiver,
  type TestDatabase,
  waitFor,
} from '@sluice/testing';
import { publicKeyOf } from '@sluice/endpoints';
import { verify } from '@sluice/receive';
import { type RunningServices, startServices } from '@sluice/wiring';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NEIGHBOURS, Neighbours, SILENT, testSettings } from '../dispatcher.fixture.ts';
import { dispatcherService } from '../dispatcher.service.ts';

let database: TestDatabase;
let running: RunningServices;
let neighbours: Neighbours;
let receiver: RecordingReceiver;

beforeEach(async () => {
  database = await createTestDatabase();
  const services = [dispatcherService, ...NEIGHBOURS];
  running = await startServices({ services, settings: testSettings(database.url), logger: SILENT });
  neighbours = new Neighbours(running.app.nest);
  receiver = await recordingReceiver();
});
afterEach(async () => {
  await running?.close();
  await receiver?.close();
  await database?.drop();
});

const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;

describe('a delivery', () => {
  it('reaches a subscribed endpoint once, signed, with agreeing ids, and is recorded', async () => {
    const endpoint = await neighbours.endpoint({
      url: `${receiver.url}/in?a=b`,
      secret: SECRET,
      headers: { 'X-Key': 'k3y' },
      basicUser: 'u',
      basicPass: 'p4ss',
    });
    await neighbours.settled();
    const [eventId] = await neighbours.emit(1, { data: { total: 12 } });
    const [request] = await receiver.waitFor(1);
    const body = JSON.parse(request?.text ?? '') as Record<string, unknown>;
    const { headers } = request as NonNullable<typeof request>;
    expect(body).toMatchObject({
      eventType: 'order.created',
      webhookId: endpoint.id,
      entityId: '42',
      entity: { total: 12 },
    });
    expect(body.entityUrl).toBe(`https://sluice.example/v1/events/${eventId}`);
    expect(headers['x-etl-webhook-event-id']).toBe(body.eventId);
    expect(headers['webhook-id']).toBe(body.eventId);
    expect(headers['x-etl-webhook-signature']).toBe(
      createHmac('sha1', SECRET)
        .update(request?.body ?? '')
        .digest('hex'),
    );
    expect(new Webhook(SECRET).verify(request?.text ?? '', headers)).toEqual(body);
    const verified = { id: body.eventId, scheme: 'v1', timestamp: expect.any(Date) };
    expect(verify({ headers, body: request?.body ?? '' }, { secret: SECRET })).toEqual(verified);
    const publicKey = publicKeyOf(SECRET);
    expect(verify({ headers, body: request?.body ?? '' }, { secret: publicKey }).scheme).toBe('v1a');
    expect(headers).toMatchObject({
      'x-key': 'k3y',
      authorization: `Basic ${Buffer.from('u:p4ss').toString('base64')}`,
    });

    const attempt = await waitFor(async () => (await neighbours.attempts())[0]);
    expect(attempt).toMatchObject({
      deliveryId: body.eventId,
      eventId,
      number: 1,
      outcome: 'succeeded',
      nextAttemptAt: null,
      error: null,
      request: { method: 'POST', url: `${receiver.url}/in?a=b`, body: request?.text, headers: { 'x-key': '***' } },
      response: { status: 204 },
    });
    expect(JSON.stringify(attempt)).not.toContain('p4ss');
    expect(await neighbours.due()).toEqual([]);
    const recorded = (await neighbours.recorded()).find((event) => event.eventId === eventId);
    expect(recorded?.deliveries).toMatchObject([{ deliveryId: body.eventId, endpointId: endpoint.id }]);
    expect(receiver.requests).toHaveLength(1);
  });

  it('is a GET without body or Etl signature, or a signed form, as the endpoint wishes', async () => {
    await neighbours.endpoint({ url: `${receiver.url}/get`, method: 'GET', secret: SECRET });
    await neighbours.endpoint({
      url: `${receiver.url}/form`,
      contentType: 'application/x-www-form-urlencoded',
      secret: SECRET,
    });
    await neighbours.settled();
    await neighbours.emit();
    const requests = await receiver.waitFor(2);
    const get = requests.find((request) => request.path === '/get');
    const form = requests.find((request) => request.path === '/form');
    expect(get).toMatchObject({ method: 'GET', text: '' });
    expect(get?.headers).not.toHaveProperty('x-etl-webhook-signature');
    expect(get?.headers).toHaveProperty('x-etl-webhook-event', 'order.created');
    expect(new URLSearchParams(form?.text).get('eventId')).toBe(form?.headers['webhook-id']);
    const signature = createHmac('sha1', SECRET)
      .update(form?.body ?? '')
      .digest('hex');
    expect(form?.headers['x-etl-webhook-signature']).toBe(signature);
  });

  it('ET-06: goes to subscribers only, and is neither sent nor queued for a disabled endpoint', async () => {
    await neighbours.endpoint({ url: `${receiver.url}/orders`, events: ['order.*'] });
    await neighbours.endpoint({ url: `${receiver.url}/all`, events: ['*'] });
    await neighbours.endpoint({ url: `${receiver.url}/others`, events: ['invoice.created'] });
    await neighbours.endpoint({ url: `${receiver.url}/off`, enabled: false });
    await neighbours.settled();
    const [eventId] = await neighbours.emit();
    await waitFor(
      async () => (await neighbours.attempts()).filter((attempt) => attempt.eventId === eventId).length === 2,
    );
    const paths = receiver.requests.filter((request) => request.headers['x-etl-webhook-event'] === 'order.created');
    expect(paths.map((request) => request.path).sort()).toEqual(['/all', '/orders']);
    expect(await neighbours.due()).toEqual([]);
  });

  it('is one although its event is emitted, published or read twice', async () => {
    await neighbours.endpoint({ url: receiver.url });
    await neighbours.settled();
    const published = { specversion: '1.0', id: 'p1', source: '/shop', type: 'order.paid', data: { n: 1 } };
    await neighbours.publish(published);
    await neighbours.publish(published);
    const [eventId] = await neighbours.emit();
    await neighbours.emit(1, { eventId: eventId as string });
    await receiver.waitFor(2);
    await neighbours.emit(1, { type: 'order.last' });
    await receiver.waitFor(3);
    await waitFor(async () => (await neighbours.attempts()).length === 3);
    const ids = receiver.requests.map((request) => request.headers['webhook-id']);
    expect(new Set(ids).size).toBe(3);
    expect(ids).toHaveLength(3);
  });
});

describe('DL-03: retries', () => {
  it('come by the schedule with the same id, and stop with the first 2xx', async () => {
    receiver.respond((_, index) => ({ status: index < 2 ? 500 : 200, body: `answer ${index}` }));
    await neighbours.endpoint({ url: receiver.url });
    await neighbours.settled();
    await neighbours.emit();
    const requests = await receiver.waitFor(3);
    expect(new Set(requests.map((request) => request.headers['webhook-id'])).size).toBe(1);
    const gaps = [1, 2].map((index) => (requests[index]?.at ?? 0) - (requests[index - 1]?.at ?? 0));
    for (const gapMs of gaps) expect(gapMs).toBeGreaterThanOrEqual(155);
    await waitFor(async () => (await neighbours.attempts()).length === 3);
    const attempts = await neighbours.attempts();
    expect(attempts.map((attempt) => [attempt.number, attempt.outcome])).toEqual([
      [1, 'retry'],
      [2, 'retry'],
      [3, 'succeeded'],
    ]);
    expect(attempts[0]?.response).toMatchObject({ status: 500, body: 'answer 0' });
    expect(Date.parse(attempts[0]?.nextAttemptAt ?? '')).toBeGreaterThan(Date.parse(attempts[0]?.at ?? ''));
    expect(await neighbours.due()).toEqual([]);
  });

  it('end as failed after the last one, at once on 410, and treat a redirect as failure', async () => {
    const gone = await neighbours.endpoint({ url: `${receiver.url}/gone` });
    const moved = await neighbours.endpoint({ url: `${receiver.url}/moved` });
    receiver.respond((request) =>
      request.path === '/gone' ? { status: 410 } : { status: 302, headers: { location: `${receiver.url}/elsewhere` } },
    );
    await neighbours.settled();
    await neighbours.emit();
    await waitFor(async () => (await neighbours.attempts()).length === 4 && (await neighbours.due()).length === 0);
    const attempts = await neighbours.attempts();
    const of = (uuid: string) => attempts.filter((each) => each.endpointUuid === uuid).map((each) => each.outcome);
    expect(of(gone.uuid)).toEqual(['failed']);
    expect(of(moved.uuid)).toEqual(['retry', 'retry', 'failed']);
    expect(receiver.requests.some((request) => request.path === '/elsewhere')).toBe(false);
  });

  it('wait for Retry-After in full', async () => {
    receiver.respond((_, index) => (index === 0 ? { status: 503, headers: { 'retry-after': '1' } } : { status: 200 }));
    await neighbours.endpoint({ url: receiver.url });
    await neighbours.settled();
    await neighbours.emit();
    const [first, second] = await receiver.waitFor(2);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it('record why a request could not be sent', async () => {
    await neighbours.endpoint({ url: 'http://10.0.0.1/private', retrySchedule: ['PT0S'] });
    await neighbours.settled();
    await neighbours.emit();
    const attempt = await waitFor(async () => (await neighbours.attempts())[0]);
    expect(attempt).toMatchObject({ outcome: 'failed', response: null, error: { stage: 'address' } });
  });

  it('are discarded when the endpoint was disabled or deleted while they waited', async () => {
    receiver.respond({ status: 500 });
    const off = await neighbours.endpoint({ url: `${receiver.url}/off`, retrySchedule: ['PT0S', 'PT1S'] });
    const gone = await neighbours.endpoint({ url: `${receiver.url}/gone`, retrySchedule: ['PT0S', 'PT1S'] });
    await neighbours.settled();
    await neighbours.emit();
    await waitFor(async () => (await neighbours.attempts()).length === 2);
    await neighbours.change(off, { enabled: false });
    await neighbours.append(gone.uuid, 'EndpointDeleted', { endpoint: gone });
    await waitFor(async () => (await neighbours.discarded()).length === 2);
    const discarded = await neighbours.discarded();
    expect(new Map(discarded.map((each) => [each.endpointId, each.reason]))).toEqual(
      new Map([
        [off.id, 'endpoint_disabled'],
        [gone.id, 'endpoint_deleted'],
      ]),
    );
    expect(receiver.requests).toHaveLength(2);
    expect(await neighbours.due()).toEqual([]);
  });

  it('go to the endpoint as it is now: new address, new secret', async () => {
    receiver.respond((request) => ({ status: request.path === '/old' ? 500 : 200 }));
    const endpoint = await neighbours.endpoint({ url: `${receiver.url}/old`, retrySchedule: ['PT0S', 'PT0.5S'] });
    await neighbours.settled();
    await neighbours.emit();
    await receiver.waitFor(1);
    await neighbours.change(endpoint, { url: `${receiver.url}/new` });
    const requests = await receiver.waitFor(2);
    expect(requests.map((request) => request.path)).toEqual(['/old', '/new']);
  });
});

describe('POST /v1/deliveries/{id}/retry', () => {
  const retry = (id: string, token = 'manager'): Promise<Response> =>
    fetch(`${running.url}/v1/deliveries/${id}/retry`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });

  it('begins a new round with the same id, once', async () => {
    await neighbours.token('manager', ['automation.manage']);
    receiver.respond({ status: 500 });
    await neighbours.endpoint({ url: receiver.url, retrySchedule: ['PT0S'] });
    await neighbours.settled();
    await neighbours.emit();
    const attempt = await waitFor(async () => (await neighbours.attempts())[0]);
    const id = attempt.deliveryId;
    receiver.respond({ status: 200, delayMs: 300 });
    expect((await retry(id)).status).toBe(202);
    const again = await retry(id);
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ code: 'delivery_pending' });
    await waitFor(async () => (await neighbours.attempts()).length === 2);
    expect((await neighbours.attempts())[1]).toMatchObject({ deliveryId: id, number: 2, outcome: 'succeeded' });
    expect(new Set(receiver.requests.map((request) => request.headers['webhook-id'])).size).toBe(1);
  });

  it('makes the next attempt now where one is planned, as one of the schedule', async () => {
    await neighbours.token('manager', ['automation.manage']);
    receiver.respond({ status: 500 });
    await neighbours.endpoint({ url: receiver.url, retrySchedule: ['PT0S', 'PT5H'] });
    await neighbours.settled();
    await neighbours.emit();
    const { deliveryId } = await waitFor(async () => (await neighbours.attempts())[0]);
    expect((await retry(deliveryId)).status).toBe(202);
    await waitFor(async () => (await neighbours.attempts()).length === 2);
    const [, second] = await neighbours.attempts();
    expect(second).toMatchObject({ deliveryId, number: 2, outcome: 'failed', nextAttemptAt: null });
  });

  it('before its first attempt has ended a delivery is pending: 409 while it is under way or waits in an order, sent when it may be again while paused', async () => {
    await neighbours.token('manager', ['automation.manage']);
    const slow = await neighbours.endpoint({ url: `${receiver.url}/slow` });
    const ordered = await neighbours.endpoint({ url: `${receiver.url}/ordered`, ordering: 'endpoint', concurrency: 1 });
    const paused = await neighbours.endpoint({ url: `${receiver.url}/paused` });
    await neighbours.settled();
    receiver.respond({ status: 204, delayMs: 700 });
    const post = (path: string) =>
      fetch(`${running.url}/v1/${path}`, { method: 'POST', headers: { authorization: 'Bearer manager' } });
    await post(`endpoints/${paused.id}/pause`);
    await neighbours.emit(2);
    await receiver.waitFor(3);
    const planned = (await neighbours.recorded()).flatMap(({ deliveries }) => deliveries);
    const of = (uuid: string) => planned.filter((each) => each.endpointUuid === uuid).map((each) => each.deliveryId);
    const statuses = async (uuid: string) => Promise.all(of(uuid).map(async (id) => (await retry(id)).status));
    expect(await statuses(slow.uuid)).toEqual([409, 409]);
    expect(await statuses(ordered.uuid)).toEqual([409, 409]);
    expect(await statuses(paused.uuid)).toEqual([202, 202]);
    await post(`endpoints/${paused.id}/resume`);
    await waitFor(async () => (await neighbours.attempts()).length === 6);
    expect(receiver.requests).toHaveLength(6);
  });

  it('refuses what is unknown, somebody else’s, or without the scope', async () => {
    await neighbours.token('manager', ['automation.manage']);
    await neighbours.token('viewer', ['automation.view']);
    await neighbours.token('stranger', ['automation.manage'], '01999999-0000-7000-8000-0000000000ff');
    await neighbours.endpoint({ url: receiver.url });
    await neighbours.settled();
    const [eventId] = await neighbours.emit();
    const attempt = await waitFor(async () => (await neighbours.attempts())[0]);
    for (const id of ['nonsense', '01999999-0000-7000-8000-000000000000', eventId as string]) {
      const answer = await retry(id);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ code: 'unknown_delivery' });
    }
    expect((await retry(attempt.deliveryId, 'stranger')).status).toBe(404);
    expect((await retry(attempt.deliveryId, 'viewer')).status).toBe(403);
    expect((await retry(attempt.deliveryId, 'nobody')).status).toBe(401);
  });
});
