import { waitFor } from '@sluice/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { Api, EMITTING_STEPS } from '../api.ts';
import type { Scenarios } from './all.ts';

/** The same request twice, through whichever replicas it comes. */
export const idempotency: Scenarios = (use) => {
  describe('idempotency keys', () => {
    let api: Api;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'idempotency');
    });

    it('GW-05: an asynchronous repeat is 202 previously_accepted with the original run, another body is 422', async () => {
      const trigger = await api.trigger((await api.flow(EMITTING_STEPS)).id);
      const fire = (n: number) => api.fire(trigger, { n }, { 'idempotency-key': 'order-1' });
      const first = await fire(1);
      expect([first.status, first.body.status]).toEqual([202, 'accepted']);
      for (let repeat = 0; repeat < 6; repeat++) {
        const again = await fire(1);
        expect([again.status, again.body]).toEqual([202, { id: first.body.id, status: 'previously_accepted' }]);
        expect(again.headers.get('location')).toBe(first.headers.get('location'));
      }
      const other = await fire(2);
      expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
      const runs = await waitFor(async () => {
        const { items } = await api.must<{ items: unknown[] }>(
          'GET',
          `/v1/triggers/${trigger.id}/requests?status=accepted`,
        );
        return items.length > 0 ? items : null;
      }, 60_000);
      expect(runs).toMatchObject([{ id: first.body.id }]);
    });

    it('GW-05: duplicates at the same moment start one run; the key can come from the body', async () => {
      const trigger = await api.trigger((await api.flow(EMITTING_STEPS)).id, { idempotency: '{{ body.n }}' });
      const answers = await Promise.all(Array.from({ length: 16 }, () => api.fire(trigger, { n: 7 })));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
      expect(answers.filter(({ body }) => body.status === 'accepted')).toHaveLength(1);
      expect((await api.fire(trigger, { n: 8 })).body.status).toBe('accepted');
    });

    it('GW-05: a synchronous repeat is 409 with Location while the run goes on, then the stored response', async () => {
      const flow = await api.flow(
        [
          { ref: 'request', type: 'webhook' },
          { ref: 'pause', type: 'delay', for: 'PT6S' },
        ],
        { response: { mode: 'sync', status: '201', body: '{"made": {{ request.n }}}' } },
      );
      const trigger = await api.trigger(flow.id);
      const fire = () => api.fire(trigger, { n: 5 }, { 'idempotency-key': 's' });
      const first = fire();
      // Whoever comes second is told to come back: so the first has to be there before.
      const runs = () => api.must<{ items: unknown[] }>('GET', `/v1/runs?flowId=${flow.id}`);
      await waitFor(async () => (await runs()).items.length === 1);
      const meanwhile = await fire();
      expect([meanwhile.status, meanwhile.body.code]).toEqual([409, 'idempotency_key_in_use']);
      expect(meanwhile.headers.get('location')).toMatch(/\/v1\/runs\/[0-9a-f-]{36}$/);
      const answered = await first;
      expect([answered.status, answered.body]).toEqual([201, { made: 5 }]);
      const stored = await waitFor(async () => {
        const answer = await fire();
        return answer.status === 409 ? null : answer;
      }, 60_000);
      expect([stored.status, stored.body]).toEqual([201, { made: 5 }]);
    });
  });
};
