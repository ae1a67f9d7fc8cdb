import { createHmac } from 'node:crypto';
import { type RecordedRequest, type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api, EMITTING_STEPS } from '../api.ts';
import type { Scenarios } from './all.ts';

const PATIENCE_MS = 60_000;
interface Delivery {
  attempts: { request: { headers: Record<string, string>; body: string }; response: unknown; error: unknown }[];
}

interface LongDelivery {
  id: string;
  attempts: Record<'request' | 'response', { body: string; truncated: boolean }>[];
}

/** Etlworks' webhooks on the wire (ET-01 to ET-09, ET-11), from the fields of its form to View events. */
export const etlworks: Scenarios = (use) => {
  describe('endpoints as Etlworks has them', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    let trigger: { id: string; token: string };
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'etlworks');
      receiver = await recordingReceiver();
      trigger = await api.trigger((await api.flow(EMITTING_STEPS)).id);
    });
    afterAll(() => receiver?.close());

    const at = (path: string): RecordedRequest[] => receiver.requests.filter((each) => each.path === path);
    const first = (path: string): Promise<RecordedRequest> =>
      waitFor(() => at(path)[0], PATIENCE_MS, `a request to ${path}`);

    it('ET-01, ET-02: the alias takes and shows the fields of the form, for administrators alone', async () => {
      const form = {
        kind: 'event',
        name: 'Form',
        description: 'all fields',
        url: `${receiver.url}/form`,
        method: 'GET',
        contentType: 'application/x-www-form-urlencoded',
        includeEntity: false,
        enabled: false,
        events: ['order.placed'],
        secret: 'hush',
        basicUser: 'u',
        basicPass: 'p',
        headers: [{ key: 'X-A', value: 'b' }],
      };
      const made = await api.call('POST', '/rest/v1/webhooks', form);
      expect(made.status).toBe(201);
      const { id, uuid } = made.body as { id: number; uuid: string };
      expect(Number.isInteger(id)).toBe(true);
      const { secret, basicPass, headers, ...shown } = form;
      for (const place of [`/rest/v1/webhooks/${id}`, `/v1/endpoints/${uuid}`]) {
        const { body, text } = await api.call('GET', place);
        expect(body).toMatchObject({ ...shown, id, headers: [{ key: 'X-A', value: '********' }] });
        for (const hidden of [secret, `"${basicPass}"`, `"${headers[0]?.value}"`]) expect(text).not.toContain(hidden);
      }
      const token = await api.must<{ token: string }>('POST', '/v1/personal-access-tokens', {
        expiration: 1,
        scopes: ['automation.manage'],
        note: 'no administrator',
      });
      const refused = await api.call('POST', '/rest/v1/webhooks', form, { authorization: `Bearer ${token.token}` });
      expect(refused.status).toBe(403);
    });

    it('ET-03, ET-04, ET-05, ET-07, ET-08, ET-11: POST and GET, JSON and form, with and without the entity', async () => {
      const auth = { basicUser: 'user', basicPass: 'pass', headers: [{ key: 'X-Custom', value: 'mine' }] };
      const signed = { secret: 'hush', ...auth };
      const json = await api.endpoint(`${receiver.url}/json`, ['order.placed'], signed);
      const form = { contentType: 'application/x-www-form-urlencoded', includeEntity: false, secret: 'hush' };
      await api.endpoint(`${receiver.url}/form`, ['*'], form);
      await api.endpoint(`${receiver.url}/get`, ['order.*'], { method: 'GET', ...signed });
      await api.endpoint(`${receiver.url}/bare`, ['order.placed'], { includeEntity: false });
      await api.fire(trigger, { n: 7, item: 'lamp' });
      const byJson = await first('/json');
      const body = JSON.parse(byJson.text) as Record<string, unknown>;
      expect(body).toEqual({
        eventId: byJson.headers['x-etl-webhook-event-id'],
        eventType: 'order.placed',
        webhookId: json.id,
        entityId: '7',
        entity: { n: 7, item: 'lamp' },
        entityUrl: byJson.headers['x-etl-webhook-entity-url'],
        timestamp: expect.any(Number) as number,
      });
      expect(byJson.headers).toMatchObject({
        'x-etl-webhook-event': 'order.placed',
        'x-etl-webhook-id': String(json.id),
        'x-etl-webhook-entity-id': '7',
        'webhook-id': body.eventId,
        'x-custom': 'mine',
        authorization: `Basic ${Buffer.from('user:pass').toString('base64')}`,
      });
      const signature = (request: RecordedRequest) => createHmac('sha1', 'hush').update(request.body).digest('hex');
      expect(byJson.headers['x-etl-webhook-signature']).toBe(signature(byJson));
      const byForm = await waitFor(
        () => at('/form').find((each) => each.headers['x-etl-webhook-event'] === 'order.placed'),
        PATIENCE_MS,
      );
      expect(Object.keys(Object.fromEntries(new URLSearchParams(byForm.text)))).toEqual([
        'eventId',
        'eventType',
        'webhookId',
        'entityId',
        'timestamp',
      ]);
      expect(byForm.headers['x-etl-webhook-signature']).toBe(signature(byForm));
      const byGet = await first('/get');
      expect([byGet.method, byGet.text]).toEqual(['GET', '']);
      expect(byGet.headers).toMatchObject({ 'x-etl-webhook-entity-id': '7', 'x-custom': 'mine' });
      expect(byGet.headers).not.toHaveProperty('x-etl-webhook-signature');
      const bare = await first('/bare');
      expect(JSON.parse(bare.text)).not.toHaveProperty('entity');
      expect(bare.headers).not.toHaveProperty('x-etl-webhook-signature');
      // ET-05: what entityUrl leads to, with credentials.
      const place = String(body.entityUrl).slice(use().system.url.length);
      const entity = await waitFor(async () => {
        const answer = await api.call('GET', place);
        return answer.status === 200 ? answer.body : null;
      }, PATIENCE_MS);
      expect(entity).toMatchObject({ type: 'order.placed', data: { n: 7, item: 'lamp' } });
      // ET-11: of a run it is the run's number, under its flow's.
      const executed = await waitFor(
        () => at('/form').find((each) => each.headers['x-etl-webhook-event'] === 'Flow.Executed'),
        PATIENCE_MS,
      );
      const { headers } = executed;
      expect(headers['x-etl-webhook-entity-url']).toMatch(
        new RegExp(`/rest/v1/flows/[0-9]+\\?auditId=${headers['x-etl-webhook-entity-id']}$`),
      );
      const ofRun = String(headers['x-etl-webhook-entity-url']).slice(use().system.url.length);
      const run = await api.call('GET', ofRun);
      expect([run.status, String(run.body.number), run.body.status]).toEqual([
        200,
        headers['x-etl-webhook-entity-id'],
        'succeeded',
      ]);
    });

    it('ET-09: View events has long bodies whole, and lists have the beginning of them, marked', async () => {
      const endpoint = await api.endpoint(`${receiver.url}/long`, ['long.told']);
      const answer = 'ä'.repeat(100_000);
      receiver.respond((request) => (request.path === '/long' ? { status: 200, body: answer } : {}));
      const event = { specversion: '1.0', id: 'long-1', source: '/test', type: 'long.told', data: 'x'.repeat(200_000) };
      const type = { 'content-type': 'application/cloudevents+json' };
      expect((await api.call('POST', '/v1/events', JSON.stringify(event), type)).status).toBe(202);
      const sent = await first('/long');
      const listed = await waitFor(async () => {
        const { items } = await api.must<{ items: LongDelivery[] }>('GET', `/v1/endpoints/${endpoint.id}/events`);
        return items[0]?.attempts[0] ? items[0] : null;
      }, PATIENCE_MS);
      const [cut] = listed.attempts;
      expect([cut?.request.truncated, cut?.response.truncated]).toEqual([true, true]);
      expect(cut?.request.body.length).toBeLessThan(66_000);
      const [whole] = (await api.must<LongDelivery>('GET', `/v1/endpoints/${endpoint.id}/events/${listed.id}`))
        .attempts;
      expect(whole?.request.body === sent.text).toBe(true);
      expect(whole?.response.body === answer).toBe(true);
      expect([whole?.request.truncated, whole?.response.truncated]).toEqual([false, false]);
    });

    it('ET-06, ET-09: a disabled endpoint gets nothing, also not later; View events has the whole exchange', async () => {
      const endpoint = await api.endpoint(`${receiver.url}/seen`, ['order.placed'], { secret: 'hush' });
      const off = await api.endpoint(`${receiver.url}/off`, ['order.placed'], { enabled: false });
      receiver.respond((request) =>
        request.path === '/seen' ? { status: 200, body: 'thanks', headers: { 'x-answer': 'yes' } } : {},
      );
      await api.fire(trigger, { n: 8 });
      await first('/seen');
      const delivery = await waitFor(async () => {
        const { items } = await api.must<{ items: Delivery[] }>('GET', `/v1/endpoints/${endpoint.id}/events`);
        return items[0]?.attempts[0] ? items[0] : null;
      }, PATIENCE_MS);
      expect(delivery.attempts[0]).toMatchObject({
        request: { method: 'POST', url: `${receiver.url}/seen`, body: at('/seen')[0]?.text },
        response: { status: 200, body: 'thanks', headers: { 'x-answer': 'yes' } },
        error: null,
      });
      expect(delivery.attempts[0]?.request.headers['x-etl-webhook-signature']).toMatch(/^[0-9a-f]{40}$/);
      await api.must('PATCH', `/v1/endpoints/${off.id}`, { enabled: true });
      await api.fire(trigger, { n: 9 });
      const later = await first('/off');
      expect(JSON.parse(later.text)).toMatchObject({ entityId: '9' });
      expect(at('/off').filter((each) => each.headers['x-etl-webhook-entity-id'] === '8')).toEqual([]);
      const page = (query: string) =>
        api.must<{ items: { id: string }[]; nextCursor: string | null }>(
          'GET',
          `/v1/endpoints/${endpoint.id}/events${query}`,
        );
      await waitFor(async () => (await page('')).items.length >= 2, PATIENCE_MS, 'both in the log');
      const newest = await page('?limit=1');
      const older = await page(`?limit=1&cursor=${newest.nextCursor}`);
      const { items, nextCursor } = await page('');
      const place = items.findIndex(({ id }) => id === newest.items[0]?.id);
      expect([newest.items.length, older.items.map(({ id }) => id)]).toEqual([1, [items[place + 1]?.id]]);
      expect(nextCursor).toBeNull();
    });
  });
};
