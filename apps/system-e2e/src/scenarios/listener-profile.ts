import { type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

interface Webhook {
  uuid: string;
  action: string;
  props: unknown;
  environment_id: number;
  user_id: number | null;
}

interface ListenerCall {
  listener: string;
  props: unknown;
  event: unknown;
  api: { url: string; token: string };
}

const NOT_FOUND = { message: 'Not Found.', reason: 'error_404' };
const NOBODY = '00000000-0000-7000-8000-000000000000';

/** Lenra's webhooks (compatibility.md §2), as a client that was written from its pages sees them. */
export const listenerProfile: Scenarios = (use) => {
  describe('profile listener', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    let environmentId: number;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'listener');
      receiver = await recordingReceiver();
      environmentId = (await api.must<{ environmentId: number }>('GET', `/v1/apps/${api.appId}`)).environmentId;
      await api.flow([{ ref: 'told', type: 'set', values: '{{ trigger }}' }], { listener: 'greet' });
      await api.flow([{ ref: 'no', type: 'fail', message: 'not today' }], { listener: 'fails' });
    });
    afterAll(() => receiver?.close());

    const webhook = (body: unknown, path = '/app/webhooks') => api.must<Webhook>('POST', path, body);

    /** Without any credential: the two ids are it. */
    async function send(hook: { uuid: string }, body?: string | FormData, type?: string, appId = api.appId) {
      const answer = await fetch(`${use().system.url}/apps/${appId}/webhooks/${hook.uuid}`, {
        method: 'POST',
        ...(type === undefined ? {} : { headers: { 'content-type': type } }),
        ...(body === undefined ? {} : { body }),
      });
      return { status: answer.status, body: (await answer.json()) as unknown };
    }

    it('LN-01, LN-02: a webhook is a listener and its props; what is missing is told in the vendor’s shape', async () => {
      const made = await api.call('POST', '/app/webhooks', { action: 'greet', props: { n: 1 } });
      expect([made.status, made.body]).toEqual([
        200,
        {
          uuid: expect.any(String),
          action: 'greet',
          props: { n: 1 },
          environment_id: environmentId,
          user_id: null,
        },
      ]);
      expect(await webhook({ listener: 'greet' }, '/app-api/v1/webhooks')).toMatchObject({
        listener: 'greet',
        props: null,
      });
      const nameless = await api.call('POST', '/app/webhooks', { props: {} });
      expect([nameless.status, nameless.body.reason]).toEqual([400, 'invalid_listener']);
      const stranger = await api.call('POST', '/app/webhooks', { action: 'greet' }, { authorization: '' });
      expect([stranger.status, Object.keys(stranger.body)]).toEqual([401, ['message', 'reason']]);
    });

    it('LN-01: a webhook may be made before its listener, and finds it when it is called', async () => {
      const hook = await webhook({ action: 'comesLater', props: { early: true } });
      expect(await send(hook)).toMatchObject({ status: 409, body: { reason: 'unknown_listener' } });
      await api.flow([{ ref: 'told', type: 'set', values: '{{ trigger }}' }], { listener: 'comesLater' });
      // The negative answer is remembered for a second at most.
      await waitFor(async () => (await send(hook)).status === 200, 30_000, 'the listener');
    });

    it('LN-03, LN-05, LN-07: the listener gets props and event, and the caller is told "ok" when it has finished', async () => {
      const hook = await webhook({ action: 'greet', props: { channel: 'news', list: [1, null] } });
      const form = new FormData();
      form.append('a', '1');
      const sent: [string | FormData | undefined, string | undefined, unknown][] = [
        ['{"a":1}', 'application/json', { a: 1 }],
        ['a=1&a=2', 'application/x-www-form-urlencoded', { a: ['1', '2'] }],
        [form, undefined, { a: '1' }],
        [undefined, undefined, {}],
        ['[1,2]', 'application/json', { _json: [1, 2] }],
      ];
      for (const [body, type] of sent) expect(await send(hook, body, type)).toEqual({ status: 200, body: 'ok' });
      const { items } = await api.must<{ items: { id: string; triggerId: string }[] }>('GET', '/v1/runs');
      const runs = items.filter(({ triggerId }) => triggerId === hook.uuid).reverse();
      const results = await Promise.all(runs.map(({ id }) => api.must<{ result: unknown }>('GET', `/v1/runs/${id}`)));
      expect(results.map(({ result }) => result)).toMatchObject(
        sent.map(([, , event]) => ({ event, props: { channel: 'news', list: [1, null] } })),
      );
    });

    it('LN-04, LN-07: what does not exist is one 404, and a listener that fails is a 5xx', async () => {
      const hook = await webhook({ action: 'greet' });
      expect(await send(hook, '{}', undefined, NOBODY)).toEqual({ status: 404, body: NOT_FOUND });
      expect(await send({ uuid: NOBODY })).toEqual({ status: 404, body: NOT_FOUND });
      for (const uuid of ['nonsense', '%ff', 'a'.repeat(1_000)])
        expect(await send({ uuid })).toEqual({ status: 404, body: NOT_FOUND });
      const failing = await webhook({ action: 'fails' });
      expect(await send(failing)).toEqual({ status: 500, body: { message: 'not today', reason: 'run_failed' } });
    });

    it('LN-06, LN-08: an app’s URL is called with a token of that call, one event of the app at a time', async () => {
      let open = 0;
      let most = 0;
      const mayList: number[] = [];
      receiver.respond(async ({ text }) => {
        most = Math.max(most, ++open);
        const { token } = (JSON.parse(text) as ListenerCall).api;
        const answer = await fetch(`${use().system.url}/v1/flows`, { headers: { authorization: `Bearer ${token}` } });
        mayList.push(answer.status);
        open--;
        return { status: 200 };
      });
      await api.must('PUT', '/v1/listeners/onTodo', { url: `${receiver.url}/app` });
      const hooks = [await webhook({ action: 'onTodo', props: 1 }), await webhook({ action: 'onTodo', props: 2 })];
      const sent = Array.from({ length: 6 }, (_, n) => send(hooks[n % 2] as Webhook, JSON.stringify({ n })));
      expect(new Set((await Promise.all(sent)).map(({ status }) => status))).toEqual(new Set([200]));
      const calls = receiver.requests.map(({ text }) => JSON.parse(text) as ListenerCall);
      expect(calls).toHaveLength(6);
      for (const { listener, props, event, api: lent } of calls) {
        expect(listener).toBe('onTodo');
        expect(props).toBe(((event as { n: number }).n % 2) + 1);
        expect(lent.url).toBe(use().system.url);
      }
      expect([most, new Set(mayList)]).toEqual([1, new Set([200])]);
      const after = async (): Promise<boolean> => {
        const headers = { authorization: `Bearer ${calls[0]?.api.token ?? ''}` };
        return (await fetch(`${use().system.url}/v1/flows`, { headers })).status === 401;
      };
      await waitFor(after, 60_000, 'the end of the token');
      receiver.respond({ status: 202 });
      expect(await send(hooks[0] as Webhook)).toMatchObject({ status: 500, body: { reason: 'run_failed' } });
    });

    it('LN-09: the webhooks of an environment are a bare array, and env_id is asked for', async () => {
      const hook = await webhook({ action: 'greet', props: 'listed' });
      const listed = await api.must<Webhook[]>('GET', `/api/webhooks?env_id=${environmentId}`);
      expect(listed.find(({ uuid }) => uuid === hook.uuid)).toEqual(hook);
      const refused = await api.call('GET', '/api/webhooks');
      expect([refused.status, refused.body.reason]).toEqual([400, 'null_parameters']);
    });
  });
};
