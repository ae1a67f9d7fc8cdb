import { waitFor } from '@sluice/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, Api } from '../api.ts';
import type { Scenarios } from './all.ts';

/** What a client written from Lutra's own page reads. */
interface LutraRun {
  run_id: string;
  started_at: string;
  latest_event_at: string;
  user_requested_cancel_at: string | null;
  result: Record<string, unknown> | null;
  status: string;
  code?: string;
  errors?: { pointer: string }[];
}
interface Created {
  id: string;
  url: string;
  token: string;
  tokens: { id: string }[];
  instructions: { curl: string };
}

const TOKEN_HEADER = 'X-Lutra-Webhook-Token';
const GREETING = [
  { ref: 'web1', type: 'webhook' },
  { ref: 'msg', type: 'set', values: { text: 'Hello {{ web1.company_id }}' } },
];
const INPUTS = { company_id: { type: 'integer', required: true } };

/** Lutra's webhooks: a token in a header, a run to read until it has a result. */
export const runProfile: Scenarios = (use) => {
  describe('profile run', () => {
    let api: Api;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'run-profile');
    });

    async function lutra(method: string, url: string, token: string | null, body?: unknown): Promise<Answer<LutraRun>> {
      const answer = await fetch(url, {
        method,
        headers: token === null ? {} : { [TOKEN_HEADER]: token },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, headers: answer.headers, text, body: JSON.parse(text) as LutraRun };
    }
    const triggerOf = (flowId: string): Promise<Created> =>
      api.must('POST', '/v1/triggers', { flowId, name: 'Lutra', profile: 'run' });
    const greeting = async () => triggerOf((await api.flow(GREETING, { inputs: INPUTS })).id);
    const sleepy = async () => triggerOf((await api.flow([{ ref: 'nap', type: 'delay', for: 'PT1H' }])).id);
    const finished = (location: string, token: string): Promise<LutraRun> =>
      waitFor(async () => {
        const { body } = await lutra('GET', location, token);
        return body.result === null ? null : body;
      }, 60_000);

    it('LT-01, LT-02, LT-03: any flow gets a webhook with its URL, a token shown once, and a curl with a body like its inputs', async () => {
      const trigger = await greeting();
      expect(trigger.url).toBe(`${use().system.url}/api/webhooks/${trigger.id}/runs`);
      expect(trigger.instructions.curl).toContain(`${trigger.token}`);
      expect(trigger.instructions.curl).toContain(`'{"company_id":1}'`);
      for (const path of [`/v1/triggers/${trigger.id}`, '/v1/triggers', `/v1/triggers/${trigger.id}/history`]) {
        expect((await api.call('GET', path)).text).not.toContain(trigger.token);
      }
    });

    it('LT-04, LT-05, LT-06: 201 with an absolute Location, which is never 404 and has a result in the end', async () => {
      const trigger = await greeting();
      const started = await lutra('POST', trigger.url, trigger.token, { company_id: 7 });
      expect(started.status).toBe(201);
      const location = started.headers.get('location') as string;
      expect(location).toBe(`${trigger.url}/${started.body.run_id}`);
      const keys = ['run_id', 'started_at', 'latest_event_at', 'user_requested_cancel_at', 'workflow_input', 'result'];
      expect(Object.keys(started.body)).toEqual(expect.arrayContaining(keys));
      expect(started.body).toMatchObject({
        user_requested_cancel_at: null,
        workflow_input: { company_id: 7 },
        result: null,
      });
      // Straight afterwards, whichever replica is asked.
      const reads = await Promise.all(Array.from({ length: 6 }, () => lutra('GET', location, trigger.token)));
      expect(new Set(reads.map((read) => read.status))).toEqual(new Set([200]));
      expect(new Set(reads.map((read) => read.body.started_at))).toEqual(new Set([started.body.started_at]));
      const run = await finished(location, trigger.token);
      expect(Object.keys(run)).toEqual(Object.keys(started.body));
      expect(run).toMatchObject({
        run_id: started.body.run_id,
        status: 'succeeded',
        workflow_input: { company_id: 7 },
        result: { text: 'Hello 7' },
      });
    });

    it('LT-06: the result of a failed run is its error, and an output that is no object is wrapped', async () => {
      const failing = await triggerOf((await api.flow([{ ref: 'no', type: 'fail', message: 'not today' }])).id);
      const failed = await lutra('POST', failing.url, failing.token);
      expect(await finished(failed.headers.get('location') as string, failing.token)).toMatchObject({
        status: 'failed',
        result: { error: { message: expect.stringContaining('not today') as string } },
      });
      const list = await triggerOf((await api.flow(GREETING, { response: { body: '{{ [1, 2] }}' } })).id);
      const listed = await lutra('POST', list.url, list.token, {});
      expect((await finished(listed.headers.get('location') as string, list.token)).result).toEqual({ output: [1, 2] });
    });

    it('LT-07: 401 without the right token and nothing about runs, 404, 400, 422 naming each field', async () => {
      const [mine, other] = [await greeting(), await greeting()];
      const { body } = await lutra('POST', mine.url, mine.token, { company_id: 1 });
      const unknown = `${mine.url}/0199aaaa-0000-7000-8000-000000000000`;
      for (const token of [null, 'wrong', other.token]) {
        expect((await lutra('POST', mine.url, token, { company_id: 1 })).status).toBe(401);
        const [real, invented] = [
          await lutra('GET', `${mine.url}/${body.run_id}`, token),
          await lutra('GET', unknown, token),
        ];
        expect([real.status, real.body.code]).toEqual([401, invented.body.code]);
      }
      expect((await lutra('GET', `${other.url}/${body.run_id}`, other.token)).status).toBe(404);
      expect((await lutra('GET', unknown, mine.token)).status).toBe(404);
      const nowhere = mine.url.replace(mine.id, '0199aaaa-0000-7000-8000-000000000000');
      expect((await lutra('POST', nowhere, mine.token, {})).status).toBe(404);
      expect((await lutra('POST', mine.url, mine.token, '{"company_id":')).status).toBe(400);
      const wrong = await lutra('POST', mine.url, mine.token, { company_id: 'seven' });
      expect([wrong.status, wrong.body.errors?.map((each) => each.pointer)]).toEqual([422, ['/company_id']]);
      const missing = await lutra('POST', mine.url, mine.token);
      expect([missing.status, missing.body.errors?.map((each) => each.pointer)]).toEqual([422, ['/company_id']]);
    });

    it('LT-08: a run ends as cancelled when its caller asks, at either address', async () => {
      const trigger = await sleepy();
      const location = async () =>
        (await lutra('POST', trigger.url, trigger.token, {})).headers.get('location') as string;
      const [one, two] = [await location(), await location()];
      const asked = await lutra('POST', `${one}/cancel`, trigger.token);
      expect([asked.status, typeof asked.body.user_requested_cancel_at]).toEqual([202, 'string']);
      const ended = await finished(one, trigger.token);
      expect(ended).toMatchObject({ status: 'cancelled', result: { error: { code: expect.any(String) as string } } });
      expect(ended.user_requested_cancel_at).toBe(asked.body.user_requested_cancel_at);
      const id = two.slice(two.lastIndexOf('/') + 1);
      const headers = { authorization: `Bearer ${trigger.token}`, 'x-sluice-app': '' };
      expect((await api.call('POST', `/v1/runs/${id}/cancel`, undefined, headers)).status).toBe(202);
      const byOurs = await finished(two, trigger.token);
      expect([byOurs.status, typeof byOurs.user_requested_cancel_at]).toEqual(['cancelled', 'string']);
      expect((await lutra('POST', `${one}/cancel`, trigger.token)).status).toBe(409);
    });

    it('LT-10: a second token is live during an overlap, then the first is revoked', async () => {
      const trigger = await greeting();
      const status = async (token: string) => (await lutra('POST', trigger.url, token, { company_id: 1 })).status;
      const second = await api.must<{ token: string }>('POST', `/v1/triggers/${trigger.id}/tokens`);
      expect([await status(trigger.token), await status(second.token)]).toEqual([201, 201]);
      await api.must('DELETE', `/v1/triggers/${trigger.id}/tokens/${trigger.tokens[0]?.id}`);
      await waitFor(async () => (await status(trigger.token)) === 401);
      expect(await status(second.token)).toBe(201);
    });
  });
};
