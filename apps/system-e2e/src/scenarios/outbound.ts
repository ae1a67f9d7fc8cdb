import { type RecordedRequest, type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api, EMITTING_STEPS } from '../api.ts';
import type { Scenarios } from './all.ts';

const PATIENCE_MS = 60_000;
interface Node {
  kind: string;
  children: Node[];
}
const kindsOf = (node: Node): string[] => [node.kind, ...node.children.flatMap(kindsOf)];

/** What a delivery looks like and whom it goes to (DL-01, DL-02, DL-11), and requests that are handed on (GW-11). */
export const outbound: Scenarios = (use) => {
  describe('requests to endpoints', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    let trigger: { id: string; token: string };
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'outbound');
      receiver = await recordingReceiver();
      trigger = await api.trigger((await api.flow(EMITTING_STEPS)).id);
    });
    afterAll(() => receiver?.close());

    const at = (path: string): RecordedRequest[] => receiver.requests.filter((each) => each.path === path);
    const first = (path: string): Promise<RecordedRequest> =>
      waitFor(() => at(path)[0], PATIENCE_MS, `a request to ${path}`);

    it('DL-01: after a rotation both secrets verify what is sent', async () => {
      const before = `whsec_${Buffer.from('the first secret of 24 b').toString('base64')}`;
      const endpoint = await api.endpoint(`${receiver.url}/rotated`, ['order.placed'], { secret: before });
      const rotated = await api.must<{ newSecret: string }>('POST', `/v1/endpoints/${endpoint.id}/secret/rotate`);
      await api.fire(trigger, { n: 1 });
      const { text, headers } = await first('/rotated');
      for (const secret of [before, rotated.newSecret]) {
        expect(() => new Webhook(secret).verify(text, headers)).not.toThrow();
      }
      expect(headers['webhook-signature']?.match(/v1a,/g)).toHaveLength(2);
    });

    it('DL-02, DL-10: filters choose, transformations shape, CloudEvents come as such, and a broken one shows why', async () => {
      await api.endpoint(`${receiver.url}/failures`, ['Delivery.Failed']);
      await api.endpoint(`${receiver.url}/much`, ['order.*'], { filter: 'event.data.n > 100' });
      await api.endpoint(`${receiver.url}/chat`, ['order.*'], {
        filter: 'event.data.n > 10',
        transform: '{{ {"text": "order " ~ event.subject} }}',
      });
      await api.endpoint(`${receiver.url}/cloud`, ['order.*'], { format: 'cloudevents' });
      const broken = await api.endpoint(`${receiver.url}/broken`, ['order.*'], { filter: 'event.data.n / 0' });
      await api.fire(trigger, { n: 50 });
      expect((await first('/chat')).text).toBe('{"text":"order 50"}');
      const cloud = await first('/cloud');
      expect(cloud.headers['content-type']).toBe('application/cloudevents+json');
      expect(JSON.parse(cloud.text)).toMatchObject({ specversion: '1.0', type: 'order.placed', data: { n: 50 } });
      const failed = await waitFor(async () => {
        const { items } = await api.must<{ items: { attempts: { error: { code: string } }[] }[] }>(
          'GET',
          `/v1/endpoints/${broken.id}/events`,
        );
        return items[0]?.attempts[0] ? items : null;
      }, PATIENCE_MS);
      expect(failed[0]?.attempts.map((each) => each.error.code)).toEqual(['filter_failed']);
      expect([at('/much'), at('/broken')]).toEqual([[], []]);
      const told = JSON.parse((await first('/failures')).text) as { entityUrl: string; entity: unknown };
      expect(told.entity).toMatchObject({ endpoint: { id: broken.id }, lastError: { code: 'filter_failed' } });
      const delivery = await waitFor(async () => {
        const answer = await api.call('GET', told.entityUrl.slice(use().system.url.length));
        return answer.status === 200 ? answer.body : null;
      }, PATIENCE_MS);
      expect(delivery).toMatchObject({ status: 'failed', endpointId: broken.id });
    });

    it('DL-02: what a producer says of its event in extensions and schema goes on, and filters read it', async () => {
      const filter = 'event.extensions.tenant == "a"';
      const endpoint = { format: 'cloudevents', filter };
      await api.endpoint(`${receiver.url}/extended`, ['parcel.*'], endpoint);
      const said = { dataschema: 'https://shop.example/parcel.json', tenant: 'a', part: 3 };
      const parcel = { specversion: '1.0', id: 'parcel-1', source: '/shop', type: 'parcel.sent', data: { n: 1 } };
      const batch = [
        { ...parcel, id: 'parcel-0', tenant: 'b' },
        { ...parcel, ...said },
      ];
      const how = { 'content-type': 'application/cloudevents-batch+json' };
      expect((await api.call('POST', '/v1/events', JSON.stringify(batch), how)).status).toBe(202);
      expect(JSON.parse((await first('/extended')).text)).toMatchObject({ ...parcel, ...said });
      expect(at('/extended')).toHaveLength(1);
    });

    it('DL-11: webhooks that start each other come to an end', async () => {
      const looping = await api.trigger(
        (
          await api.flow([
            { ref: 'r', type: 'webhook' },
            { ref: 'e', type: 'emit', event: 'loop.turned', data: {} },
          ])
        ).id,
        { auth: { type: 'none' } },
      );
      await api.endpoint(looping.url, ['loop.turned'], { retry: { schedule: ['PT0S'] } });
      const end = await api.endpoint(`${receiver.url}/turns`, ['loop.turned']);
      // As if six webhooks had led to it already: it and the seventh start runs, and the eighth is refused.
      await api.fire(looping, {}, { 'sluice-hops': '6' });
      const refused = await waitFor(async () => {
        const { items } = await api.must<{ items: { rejection: { code: string; status: number } }[] }>(
          'GET',
          `/v1/triggers/${looping.id}/requests?status=rejected`,
        );
        return items[0]?.rejection ?? null;
      }, PATIENCE_MS);
      expect(refused).toMatchObject({ code: 'loop_detected', status: 508 });
      await waitFor(() => at('/turns').length >= 2, PATIENCE_MS, 'two turns');
      expect(
        at('/turns')
          .map((each) => each.headers['sluice-hops'])
          .sort(),
      ).toEqual(['7', '8']);
      expect(end.id).toBeGreaterThan(0);
    });

    it('GW-11: a trigger hands its requests on as they come, to those whose filter lets them through', async () => {
      const [all, chosen] = [
        await api.endpoint(`${receiver.url}/all`, ['nothing.of.it'], {
          secret: `whsec_${Buffer.from('a secret of twenty-four!').toString('base64')}`,
          retry: { schedule: ['PT0S', 'PT0.2S', 'PT0.2S'] },
        }),
        await api.endpoint(`${receiver.url}/opened`, ['nothing.of.it'], {
          filter: "event.data.body.action == 'opened' and event.data.headers['x-github-event'] == 'issues'",
        }),
      ];
      const front = await api.must<{ id: string; token: string; flowId: null }>('POST', '/v1/triggers', {
        name: 'Front',
        forwardTo: { endpoints: [all.id, chosen.uuid], headers: ['X-GitHub-Event', 'User-Agent'] },
      });
      expect(front.flowId).toBeNull();
      receiver.respond((request) => (request.path === '/all' && at('/all').length === 1 ? { status: 500 } : {}));
      const raw = '{ "action" : "opened",\n "n": 1.00 }';
      const accepted = await api.call('POST', `/t/${front.id}`, raw, {
        authorization: `Bearer ${front.token}`,
        'content-type': 'application/vnd.github+json',
        'x-github-event': 'issues',
        'x-private': 'stays here',
      });
      expect([accepted.status, accepted.body.status]).toEqual([202, 'accepted']);
      expect(accepted.headers.get('location')).toBe(`${use().system.url}/v1/requests/${String(accepted.body.id)}`);
      const opened = await first('/opened');
      expect([opened.text, opened.headers['content-type']]).toEqual([raw, 'application/vnd.github+json']);
      expect(opened.headers['x-github-event']).toBe('issues');
      expect(opened.headers).not.toHaveProperty('x-private');
      expect(opened.headers.authorization).toBeUndefined();
      // Retried as any delivery, with the same id.
      await waitFor(() => at('/all').length === 2, PATIENCE_MS, 'the second attempt');
      expect(new Set(at('/all').map((each) => each.headers['webhook-id'])).size).toBe(1);
      expect(at('/all').map((each) => each.text)).toEqual([raw, raw]);
      // Neither JSON nor text, and too large for an event.
      const bytes = Buffer.concat([Buffer.from([0xff, 0xfe, 0x00]), Buffer.alloc(300_000, 'x')]);
      const large = await fetch(`${use().system.url}/t/${front.id}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${front.token}`, 'content-type': 'application/octet-stream' },
        body: bytes,
      });
      expect(large.status).toBe(202);
      const got = await waitFor(() => at('/all').find((each) => each.body.length > 100_000), PATIENCE_MS);
      expect(got.body.equals(bytes)).toBe(true);
      expect(at('/opened')).toHaveLength(1);
      const root = await waitFor(async () => {
        const answer = await api.call<{ root: Node }>('GET', `/v1/timeline/${String(accepted.body.id)}`);
        const kinds = answer.status === 200 ? kindsOf(answer.body.root) : [];
        // The request comes by another topic than its deliveries.
        const isWhole = kinds.includes('request') && kinds.includes('event');
        return isWhole && kinds.filter((kind) => kind === 'attempt').length === 3 ? kinds : null;
      }, PATIENCE_MS);
      expect(root).toEqual(expect.arrayContaining(['request', 'event', 'delivery', 'attempt']));
      expect(root).not.toContain('run');
    });
  });
};
