import { waitFor } from '@sluice/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import { holds } from '../at-once.ts';
import { FlowWebhook } from '../flow-webhook.ts';
import type { Scenarios } from './all.ts';
import { slowCallOf } from './flow-timeout.ts';

const WEBHOOK = { ref: 'web1', type: 'webhook' };
const ECHO = { response: { body: '{{ web1 | tojson }}' } };
const PAUSED =
  '{"status":200,"error":"biz_logic","message":"Flow status is `paused`. Unpause to run this flow using a webhook","data":null}';

/** The caller's side of compatibility.md §3, over HTTP alone. */
export const flowProfile: Scenarios = (use) => {
  describe('profile flow', () => {
    let api: Api;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'flow-profile');
      await slowCallOf(use());
    });

    const hookOf = (steps: unknown[], flow: object = {}, trigger: object = {}) =>
      FlowWebhook.of(api, steps, flow, trigger);

    it('LC-01: the address names the flow; POST, and GET where the trigger allows it; anything else is 404', async () => {
      const hook = await hookOf([WEBHOOK], ECHO, { methods: ['POST', 'GET'] });
      expect(hook.url).toBe(`${use().system.url}/v1/flow-webhook/${hook.flowId}`);
      expect(await (await hook.call({ body: '{"a":1}' })).json()).toEqual({ a: 1 });
      expect(await (await hook.call({ method: 'GET', query: '?company_id=7' })).json()).toEqual({ company_id: '7' });
      for (const path of ['/', '/x', 'x']) expect((await hook.call({ path })).status).toBe(404);
      const unknown = `${use().system.url}/v1/flow-webhook/${hook.triggerId}`;
      expect((await fetch(unknown, { method: 'POST' })).status).toBe(404);
      const second = await api.call('POST', '/v1/triggers', { flowId: hook.flowId, name: 'Again', profile: 'flow' });
      expect([second.status, second.body.code]).toEqual([409, 'flow_has_trigger']);
    });

    it('LC-02: a webhook step is the first one and the only one, or the flow is not saved', async () => {
      const other = { ref: 'web2', type: 'webhook' };
      const set = { ref: 'a', type: 'set', values: {} };
      for (const steps of [
        [set, WEBHOOK],
        [WEBHOOK, other],
      ]) {
        const refused = await api.call('POST', '/v1/flows', { name: 'Wrong', steps });
        expect(refused.status).toBe(422);
        expect(refused.body.errors).toEqual([
          {
            pointer: '/steps/1',
            message: 'a webhook step must be the first step of the flow, and there is at most one',
          },
        ]);
      }
      expect((await (await hookOf([set])).call()).status).toBe(200);
    });

    it('LC-03: who may edit reads the token at any time, and the history says so', async () => {
      const hook = await hookOf([WEBHOOK]);
      const shown = await api.must<{ token: string; url: string }>('GET', `/v1/triggers/${hook.triggerId}/token`);
      expect([shown.token, shown.url]).toEqual([hook.token, hook.url]);
      const viewer = await api.must<{ token: string }>('POST', '/v1/tokens', { scopes: ['automation.view'] });
      const read = await api.call('GET', `/v1/triggers/${hook.triggerId}/token`, undefined, {
        authorization: `Bearer ${viewer.token}`,
      });
      expect(read.status).toBe(403);
      const history = await api.must<{ items: { type: string }[] }>('GET', `/v1/triggers/${hook.triggerId}/history`);
      expect(history.items.map(({ type }) => type)).toEqual(['TriggerTokenRead', 'TriggerCreated']);
      const { token } = await api.must<{ token: string }>('POST', `/v1/triggers/${hook.triggerId}/tokens`);
      expect((await hook.call({ token })).status).toBe(200);
    });

    it('LC-05: draft and active (live) run, paused is answered word for word and runs nothing', async () => {
      const hook = await hookOf([WEBHOOK], { status: 'draft', response: { body: 'one' } });
      const change = (to: object) => api.must('PATCH', `/v1/flows/${hook.flowId}`, to);
      expect(await (await hook.call()).text()).toBe('one');
      await change({ response: { body: 'two' } });
      expect(await (await hook.call()).text()).toBe('two');
      await change({ status: 'live' });
      await change({ response: { body: 'three' } });
      expect(await (await hook.call()).text()).toBe('two');
      await change({ status: 'paused' });
      const before = (await hook.runs()).length;
      const paused = await hook.call({ body: '{}' });
      expect([paused.status, paused.headers.get('content-type'), await paused.text()]).toEqual([
        200,
        'application/json',
        PAUSED,
      ]);
      expect((await hook.call({ token: null })).status).toBe(401);
      expect((await hook.runs()).length).toBe(before);
    });

    it('LC-06: without the token 401 in JSON and no run; token security can be switched off', async () => {
      const hook = await hookOf([WEBHOOK]);
      expect(hook.token).toMatch(/^ey.{50,}/);
      for (const token of [null, `${hook.token}x`]) {
        const refused = await hook.call({ token });
        expect(refused.status).toBe(401);
        expect(await refused.json()).toMatchObject({ status: 401, error: 'unauthorized', data: null });
      }
      expect(await hook.runs()).toEqual([]);
      await api.must('PATCH', `/v1/triggers/${hook.triggerId}`, { auth: { type: 'none' } });
      expect((await hook.call({ token: null })).status).toBe(200);
    });

    it('LC-07: a personal access token with a scope that runs works in its place, until it is revoked', async () => {
      const hook = await hookOf([WEBHOOK]);
      const statusWith = async (scope: string) => {
        const { id, token } = await api.must<{ id: string; token: string }>('POST', '/v1/tokens', { scopes: [scope] });
        return { id, token, status: (await hook.call({ token })).status };
      };
      for (const scope of ['automation.webhook_run', 'automation:webhook_run', 'automation:manage', 'automation']) {
        expect([scope, (await statusWith(scope)).status]).toEqual([scope, 200]);
      }
      expect((await statusWith('automation.view')).status).toBe(401);
      const { id, token } = await statusWith('automation.webhook_run');
      const revoked = await api.call('DELETE', `/v1/tokens/${id}`);
      const isRefused = async () =>
        (await hook.call({ token })).status === 401 && (await hook.call({ token })).status === 401;
      expect(await holds(revoked.body, isRefused, 'the end of the token')).toBe(true);
    });

    it('LC-09: body and query are one dictionary for the later steps, the body wins', async () => {
      const steps = [
        WEBHOOK,
        { ref: 'msg', type: 'set', values: { text: '{{ web1.company_id }} from {{ web1.src }}' } },
      ];
      const hook = await hookOf(steps, { response: { body: '{{ msg.text }}' } });
      const answer = await hook.call({ query: '?company_id=7&src=crm', body: '{"company_id": 9}' });
      expect([answer.headers.get('content-type'), await answer.text()]).toEqual([
        'text/plain; charset=utf-8',
        '9 from crm',
      ]);
    });

    it('LC-10, LC-14: whatever the type, the flow and its debugger see JSON; what cannot be read is 400 and no run', async () => {
      const hook = await hookOf([WEBHOOK], ECHO);
      const sent: [string, string | undefined, unknown][] = [
        ['<o id="7"><i>x</i><i>y</i></o>', 'application/xml; charset=utf-8', { o: { '@id': '7', i: ['x', 'y'] } }],
        ['a=1&b=2&a=3', 'application/x-www-form-urlencoded', { a: ['1', '3'], b: '2' }],
        ['[1,2]', 'image/png', { _json: [1, 2] }],
        ['a=1', 'text/whatever', { a: '1' }],
      ];
      for (const [body, type, seen] of sent) {
        const answer = await hook.call({ body, ...(type === undefined ? {} : { type }) });
        expect([type, answer.status, await answer.json()]).toEqual([type, 200, seen]);
      }
      const inputs = (await hook.runs()).map((run) => run.input);
      expect(inputs).toEqual(sent.map(([, , seen]) => seen).reverse());
      for (const [body, type] of [
        ['{"a":', 'application/json'],
        ['<a>', 'text/xml'],
        ['nothing', 'text/plain'],
      ] as const) {
        const refused = await hook.call({ body, type });
        expect([refused.status, ((await refused.json()) as { status: number }).status]).toEqual([400, 400]);
      }
      expect(await hook.runs()).toHaveLength(sent.length);
    });

    it('LC-11: status and value are templates; JSON is sent as JSON; a status that is none is a recorded failure', async () => {
      const hook = await hookOf([WEBHOOK], {
        response: {
          status: '{% if web1.status %}{{ web1.status }}{% else %}201{% endif %}',
          body: '{"n": {{ web1.n or 0 }}}',
        },
      });
      const answer = await hook.call({ body: '{"n":5}' });
      expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
        201,
        'application/json',
        '{"n": 5}',
      ]);
      expect((await hook.call({ body: '{"status": 404}' })).status).toBe(404);
      expect((await hook.call({ body: '{"status": "soon"}' })).status).toBe(500);
      const [failed] = await hook.runs();
      expect(failed).toMatchObject({ status: 'failed', error: { code: 'invalid_response_status' } });
      const refused = await api.call('PATCH', `/v1/flows/${hook.flowId}`, { response: { status: '999' } });
      expect(refused.body.errors).toMatchObject([{ pointer: '/response/status' }]);
      const json = await hookOf([WEBHOOK], { response: { status: 203, body: { n: '{{ web1.n }}', list: ['x'] } } });
      const asJson = await json.call({ body: '{"n":5}' });
      expect([asJson.status, await asJson.json()]).toEqual([203, { n: 5, list: ['x'] }]);
      const silent = await (await hookOf([WEBHOOK])).call({ body: '{"n":5}' });
      expect([silent.status, await silent.json()]).toMatchObject([200, { status: 200, error: null, data: null }]);
    });

    it('LC-12: an async flow is answered at once, and cannot answer with what it has yet to find out', async () => {
      const steps = [WEBHOOK, { ref: 'nap', type: 'delay', for: 'PT1H' }];
      const hook = await hookOf(steps, { response: { mode: 'async' } });
      expect((await hook.call({ body: '{"n":5}' })).status).toBe(200);
      const run = await waitFor(async () => (await hook.runs()).find((each) => each.status === 'waiting'), 20_000);
      expect(run.input).toEqual({ n: 5 });
      const own = await hookOf(steps, { response: { mode: 'async', status: '202', body: '{"got": {{ web1.n }}}' } });
      const answer = await own.call({ body: '{"n":5}' });
      expect([answer.status, await answer.json()]).toEqual([202, { got: 5 }]);
      const response = { mode: 'async', body: '{{ nap.until }}' };
      const refused = await api.call('PATCH', `/v1/flows/${hook.flowId}`, { response });
      expect([refused.status, refused.body.errors]).toMatchObject([422, [{ pointer: '/response/body' }]]);
    });

    it('LC-15: the documented example answers in both branches, each with its own status', async () => {
      const hook = await hookOf([{ ref: 'res', type: 'webhook' }], {
        response: {
          status: '{% if res.value %}200{% else %}422{% endif %}',
          body: '{% if res.value %}{{ res.value | tojson }}{% else %}{"valid": false}{% endif %}',
        },
      });
      const yes = await hook.call({ body: '{"value": {"id": 7}}' });
      expect([yes.status, await yes.json()]).toEqual([200, { id: 7 }]);
      const no = await hook.call({ body: '{"value": false}' });
      expect([no.status, await no.json()]).toEqual([422, { valid: false }]);
    });
  });
};
