import { waitFor } from '@sluice/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, Api } from '../api.ts';
import { send } from '../wire.ts';
import type { Scenarios } from './all.ts';

const ECHO = [{ ref: 'request', type: 'webhook' }];

/** Our own triggers at /t/{id}: methods, drafts, and every way in which a request is answered. */
export const native: Scenarios = (use) => {
  describe('profile native', () => {
    let api: Api;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'native');
    });

    const at = (id: string): string => `/t/${id}`;
    const runAt = async (location: string | null): Promise<Record<string, unknown>> => {
      expect(location).toMatch(new RegExp(`^${use().system.url}/v1/runs/[0-9a-f-]{36}$`));
      const { pathname } = new URL(location as string);
      return (await api.call('GET', `${pathname}?wait=30s`)).body;
    };

    it('GW-01: takes the methods that the trigger names; others are 405 with Allow, HEAD and OPTIONS too', async () => {
      const { id } = await api.flow(ECHO);
      const trigger = await api.trigger(id, { methods: ['GET', 'PUT', 'PATCH', 'DELETE'], auth: { type: 'none' } });
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await api.call(method, `${at(trigger.id)}?n=1`, method === 'GET' ? undefined : '{"m":1}');
        expect([method, answer.status]).toEqual([method, 202]);
        const run = await runAt(answer.headers.get('location'));
        expect([method, run.input]).toEqual([method, method === 'GET' ? {} : { m: 1 }]);
      }
      for (const method of ['POST', 'HEAD', 'OPTIONS', 'TRACE']) {
        const answer = await send(use().system.url, { method, path: at(trigger.id) });
        expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, 'GET, PUT, PATCH, DELETE']);
      }
    });

    it('GW-01: ?mode=draft runs the latest draft, for a token that may edit and nobody else', async () => {
      const flow = await api.flow([...ECHO, { ref: 'v', type: 'set', values: { version: 'published' } }]);
      const trigger = await api.trigger(flow.id);
      const steps = [...ECHO, { ref: 'v', type: 'set', values: { version: 'draft' } }];
      await api.must('PATCH', `/v1/flows/${flow.id}`, { steps });
      const fired = (token: string, query: string): Promise<Answer> =>
        api.call('POST', at(trigger.id) + query, {}, { authorization: `Bearer ${token}`, 'x-sluice-app': '' });
      const live = await fired(trigger.token, '');
      expect((await runAt(live.headers.get('location'))).result).toEqual({ version: 'published' });
      const draft = await waitFor(async () => {
        const answer = await fired(use().system.adminToken, '?mode=draft');
        const run = await runAt(answer.headers.get('location'));
        return (run.result as { version: string }).version === 'draft' ? run : null;
      }, 60_000);
      expect(draft).toMatchObject({ mode: 'draft', flowVersion: 2 });
      expect((await fired(trigger.token, '?mode=draft')).status).toBe(401);
      const { token: viewer } = await api.must<{ token: string }>('POST', '/v1/tokens', {
        scopes: ['automation.view'],
      });
      expect((await fired(viewer, '?mode=draft')).status).toBe(403);
      const stranger = await Api.ofFreshApp(use().system, 'native-stranger');
      const scopes = ['automation.manage'];
      const { token: strange } = await stranger.must<{ token: string }>('POST', '/v1/tokens', { scopes });
      expect((await fired(strange, '?mode=draft')).status).toBe(404);
    });

    it('GW-03: every refusal is honest and coded, and none of them starts a run', async () => {
      const flow = await api.flow(ECHO);
      const trigger = await api.trigger(flow.id);
      const refused = async (change: { body?: string | Buffer; headers?: Record<string, string>; path?: string }) => {
        const { status, text, headers } = await send(use().system.url, {
          method: 'POST',
          path: change.path ?? at(trigger.id),
          body: change.body ?? '{}',
          headers: { authorization: `Bearer ${trigger.token}`, 'content-type': 'application/json', ...change.headers },
        });
        expect(headers['content-type']).toContain('application/problem+json');
        return [status, (JSON.parse(text) as { code: string }).code];
      };
      expect(await refused({ headers: { authorization: 'Bearer wrong' } })).toEqual([401, 'unauthorized']);
      expect(await refused({ path: at('0199aaaa-0000-7000-8000-000000000000') })).toEqual([404, 'unknown_trigger']);
      expect(await refused({ body: Buffer.alloc(1_048_577, ' ') })).toEqual([413, 'body_too_large']);
      expect(await refused({ headers: { 'content-encoding': 'zstd' } })).toEqual([415, 'unsupported_content_encoding']);
      expect(await refused({ headers: { 'content-type': 'image/png' } })).toEqual([415, 'unsupported_content_type']);
      expect(await refused({ body: '{"a":' })).toEqual([422, 'malformed_json']);
      await api.must('PATCH', `/v1/flows/${flow.id}`, { status: 'paused' });
      await waitFor(async () => (await refused({}))[1] === 'flow_paused');
      expect((await api.must<{ items: unknown[] }>('GET', `/v1/runs?flowId=${flow.id}`)).items).toEqual([]);
    });

    it('GW-04: an asynchronous answer is 202 with the run, its Location and when to look again', async () => {
      const trigger = await api.trigger((await api.flow(ECHO)).id);
      const answer = await api.fire(trigger, { n: 1 });
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([202, '1']);
      expect(answer.body).toEqual({ id: expect.any(String) as string, status: 'accepted' });
      expect(await runAt(answer.headers.get('location'))).toMatchObject({ id: answer.body.id, status: 'succeeded' });
    });

    it('GW-04: a synchronous answer is what the flow says; a failed run is 500 run_failed with its Location', async () => {
      const steps = [
        ...ECHO,
        {
          ref: 'judge',
          type: 'condition',
          branches: [
            { when: '{{ not request.ok }}', steps: [{ ref: 'no', type: 'fail', message: 'not {{ request.n }}' }] },
          ],
          else: [],
        },
      ];
      const response = {
        mode: 'sync',
        status: '{{ 201 if request.n else 203 }}',
        body: '{"n": {{ request.n | tojson }}}',
      };
      const trigger = await api.trigger((await api.flow(steps, { response })).id);
      const made = await api.fire(trigger, { ok: true, n: 5 });
      expect([made.status, made.body]).toEqual([201, { n: 5 }]);
      const failed = await api.fire(trigger, { ok: false, n: 6 });
      expect([failed.status, failed.body.code]).toEqual([500, 'run_failed']);
      expect(failed.body.detail).toContain('not 6');
      expect(await runAt(failed.headers.get('location'))).toMatchObject({ status: 'failed' });
    });
  });
};
