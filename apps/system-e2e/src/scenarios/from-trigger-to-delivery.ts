import { type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api, EMITTING_STEPS } from '../api.ts';
import { documentedMetrics, shownMetrics } from '../metrics-page.ts';
import type { Scenarios } from './all.ts';

interface Node {
  kind: string;
  status: string;
  detail: { traceId?: string | null; queueMs?: number | null };
  children: Node[];
}
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const nodesOf = (node: Node): Node[] => [node, ...node.children.flatMap(nodesOf)];
const SECRET = `whsec_${Buffer.from('a secret of twenty-four!').toString('base64')}`;

/** The spine: a request, its run, its event, its signed delivery, and what goes wrong on the way in. */
export const fromTriggerToDelivery: Scenarios = (use) => {
  describe('from an HTTP trigger to a signed delivery', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'scenarios');
      receiver = await recordingReceiver();
    });
    afterAll(() => receiver?.close());

    it('GW-04, DL-01, LG-01: a trigger is accepted, its flow runs, the event arrives signed, and one timeline tells it', async () => {
      const trigger = await api.trigger((await api.flow(EMITTING_STEPS)).id);
      await api.endpoint(`${receiver.url}/signed`, ['order.*'], { secret: SECRET });
      const traced = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };
      const accepted = await api.fire(trigger, { n: 1, item: 'lamp' }, traced);
      expect(accepted.status).toBe(202);
      expect(accepted.body).toMatchObject({ status: 'accepted' });
      const runId = String(accepted.body.id);
      expect(accepted.headers.get('location')).toBe(`${use().system.url}/v1/runs/${runId}`);
      const got = await waitFor(
        () => receiver.requests.find((each) => each.path === '/signed'),
        60_000,
        'the delivery',
      );
      const verified = new Webhook(SECRET).verify(got.text, got.headers) as { eventType: string; entity: unknown };
      expect(verified).toMatchObject({ eventType: 'order.placed', entity: { n: 1, item: 'lamp' } });
      expect(got.headers['x-etl-webhook-signature']).toMatch(/^[0-9a-f]{40}$/);
      const kinds = ['request', 'run', 'step', 'event', 'delivery', 'attempt'];
      // The log follows several topics: what comes of a request may be there before the request itself.
      const root = await waitFor(async () => {
        const answer = await api.call<{ root: Node }>('GET', `/v1/timeline/${runId}`);
        if (answer.status !== 200) return null;
        const found = nodesOf(answer.body.root);
        const isThere = (kind: string) => found.some((node) => node.kind === kind && node.detail.queueMs !== null);
        return kinds.every(isThere) ? answer.body.root : null;
      }, 60_000);
      const detailOf = (kind: string) => nodesOf(root).find((node) => node.kind === kind)?.detail;
      for (const kind of ['request', 'run', 'attempt']) expect(detailOf(kind)).toMatchObject({ traceId: TRACE });
      for (const kind of ['run', 'delivery', 'attempt'])
        expect(detailOf(kind)).toMatchObject({ queueMs: expect.any(Number) });
    });

    it('GW-06: the run can be read with the trigger’s own credential, and a stranger’s is 401 or 404', async () => {
      const flow = await api.flow(EMITTING_STEPS);
      const [mine, other] = [await api.trigger(flow.id), await api.trigger(flow.id)];
      const runId = String((await api.fire(mine, { n: 2 })).body.id);
      const read = (token: string) =>
        api.call('GET', `/v1/runs/${runId}?wait=30s`, undefined, {
          authorization: `Bearer ${token}`,
          'x-sluice-app': '',
        });
      const run = await read(mine.token);
      expect(run.status).toBe(200);
      expect(run.body).toMatchObject({ id: runId, status: 'succeeded' });
      expect((await read(other.token)).status).toBe(404);
      expect((await read('nonsense')).status).toBe(401);
    });

    it('answers a synchronous flow with its rendered response', async () => {
      const flow = await api.flow([{ ref: 'request', type: 'webhook' }], {
        response: { mode: 'sync', status: '201', body: '{"hello": {{ request.name | tojson }}}' },
      });
      const trigger = await api.trigger(flow.id);
      const answer = await api.fire(trigger, { name: 'Ada' });
      expect([answer.status, answer.body]).toEqual([201, { hello: 'Ada' }]);
    });

    it('FL-02: branches, calls out, waits and fails as the flow says', async () => {
      const flow = await api.flow([
        { ref: 'request', type: 'webhook' },
        {
          ref: 'big',
          type: 'condition',
          branches: [{ when: '{{ request.n > 10 }}', steps: [{ ref: 'a', type: 'set', values: { size: 'big' } }] }],
          else: [{ ref: 'b', type: 'fail', message: 'too small: {{ request.n }}' }],
        },
        { ref: 'pause', type: 'delay', for: 'PT0.2S' },
        { ref: 'called', type: 'http', method: 'POST', url: `${receiver.url}/called`, json: { size: '{{ a.size }}' } },
      ]);
      const trigger = await api.trigger(flow.id);
      receiver.respond((request) =>
        request.path === '/called'
          ? { status: 200, headers: { 'content-type': 'application/json' }, body: '{"ok": 1}' }
          : {},
      );
      const finished = async (n: number) => {
        const id = String((await api.fire(trigger, { n })).body.id);
        return (await api.call('GET', `/v1/runs/${id}?wait=30s`)).body as {
          status: string;
          result: unknown;
          error: { message: string };
        };
      };
      expect(await finished(11)).toMatchObject({
        status: 'succeeded',
        result: { ok: true, status: 200, body: { ok: 1 } },
      });
      expect(await finished(1)).toMatchObject({
        status: 'failed',
        error: { message: expect.stringContaining('too small: 1') as string },
      });
    });

    it('DL-03: tries again with the same id until the receiver takes it', async () => {
      const trigger = await api.trigger((await api.flow(EMITTING_STEPS)).id);
      await api.endpoint(`${receiver.url}/flaky`, ['order.placed'], {
        retry: { schedule: ['PT0S', 'PT0.3S', 'PT0.3S'] },
      });
      let failures = 0;
      receiver.respond((request) => (request.path === '/flaky' && failures++ < 1 ? { status: 500 } : {}));
      await api.fire(trigger, { n: 3 });
      const attempts = await waitFor(() => {
        const seen = receiver.requests.filter((each) => each.path === '/flaky');
        return seen.length === 2 ? seen : null;
      }, 60_000);
      expect(attempts[0]?.headers['webhook-id']).toBe(attempts[1]?.headers['webhook-id']);
    });

    it('GW-09: POST /v1/events is accepted once per source and id, and delivered', async () => {
      await api.endpoint(`${receiver.url}/published`, ['stock.low']);
      const event = {
        specversion: '1.0',
        id: 'e-1',
        source: '/stock',
        type: 'stock.low',
        subject: 'lamp',
        data: { left: 2 },
      };
      const publish = () => api.call('POST', '/v1/events', event, { 'content-type': 'application/cloudevents+json' });
      const first = await publish();
      expect([first.status, first.body]).toEqual([202, { accepted: 1, duplicates: 0 }]);
      expect((await publish()).body).toEqual({ accepted: 0, duplicates: 1 });
      const got = await waitFor(() => receiver.requests.find((each) => each.path === '/published'), 60_000);
      expect(JSON.parse(got.text)).toMatchObject({ eventType: 'stock.low', entityId: 'lamp', entity: { left: 2 } });
    });

    it.each([
      ['an unknown trigger', 'POST', '/t/0199aaaa-0000-7000-8000-000000000000', '{}', {}, 404],
      ['a malformed trigger id', 'POST', '/t/not-an-id', '{}', {}, 404],
      ['an unknown path', 'GET', '/nowhere', undefined, {}, 404],
      ['another method for events', 'PUT', '/v1/events', '{}', {}, 405],
      ['no token', 'GET', '/v1/flows', undefined, { authorization: '' }, 401],
      ['broken JSON in management', 'POST', '/v1/flows', '{"name":', {}, 400],
      ['a flow with an unknown step', 'POST', '/v1/flows', '{"name":"x","steps":[{"ref":"a","type":"sett"}]}', {}, 422],
      [
        'an endpoint with a private address',
        'POST',
        '/v1/endpoints',
        '{"kind":"event","name":"x","url":"http://10.0.0.1/","events":["*"]}',
        {},
        422,
      ],
    ])('GW-03: answers %s with a problem and no stack trace', async (_name, method, route, body, headers, status) => {
      const answer = await api.call(method, route, body, headers as Record<string, string>);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.text).not.toMatch(/at .*\.(ts|js):\d+/);
    });

    it('OP-01, OP-02: health, metrics and one OpenAPI document answer on the public port', async () => {
      for (const route of ['/livez', '/readyz', '/metrics'])
        expect([route, (await fetch(use().system.url + route)).status]).toEqual([route, 200]);
      // The public port is the edge's in the distributed wiring, and everything in one page in the other.
      const isOfThisPort = (heading: string) =>
        heading === 'Connections' || (heading === 'Edge') === (use().wiring === 'distributed');
      expect(await shownMetrics(use().system.url)).toEqual(documentedMetrics(isOfThisPort));
      const document = (await (await fetch(`${use().system.url}/openapi.json`)).json()) as {
        paths: Record<string, unknown>;
      };
      expect(Object.keys(document.paths)).toEqual(
        expect.arrayContaining(['/v1/flows', '/v1/runs', '/v1/timeline/{id}', '/v1/endpoints']),
      );
    });
  });
};
