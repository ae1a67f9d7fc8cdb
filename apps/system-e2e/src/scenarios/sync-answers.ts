import { request } from 'node:http';
import { waitFor } from '@sluice/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

const CALLERS = 40;
const RESPONSE = { mode: 'sync', status: '200', body: '{"n": {{ web1.n }}}' };

/** Callers that wait at any gateway for runs of any runner. */
export const syncAnswers: Scenarios = (use) => {
  describe('synchronous answers', () => {
    let api: Api;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'sync-answers');
    });

    const flowOf = (nap: string) =>
      api.flow(
        [
          { ref: 'web1', type: 'webhook' },
          { ref: 'nap', type: 'delay', for: nap },
        ],
        { response: RESPONSE },
      );

    it('GW-04: each of many callers gets the answer of its own run, whichever gateway and runner it met', async () => {
      const trigger = await api.trigger((await flowOf('PT0.2S')).id);
      const answers = await Promise.all(Array.from({ length: CALLERS }, (_, n) => api.fire(trigger, { n })));
      expect(answers.map(({ status, body }) => [status, body.n])).toEqual(
        Array.from({ length: CALLERS }, (_, n) => [200, n]),
      );
    });

    it('GW-04: a caller that goes away loses its answer, not its run', async () => {
      const flow = await flowOf('PT1S');
      const trigger = await api.trigger(flow.id);
      const caller = request(`${use().system.url}/t/${trigger.id}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${trigger.token}`, 'content-type': 'application/json' },
      });
      caller.on('error', () => undefined).end('{"n": 7}');
      const runs = () => api.must<{ items: { status: string }[] }>('GET', `/v1/runs?flowId=${flow.id}`);
      await waitFor(async () => (await runs()).items.length === 1, 60_000);
      caller.destroy();
      await waitFor(async () => (await runs()).items[0]?.status === 'succeeded', 60_000);
      expect((await runs()).items).toHaveLength(1);
    });
  });
};
