import { waitFor } from '@sluice/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

const PATIENCE_MS = 60_000;
const OPEN = { auth: { type: 'none' } };
const ENDING = { onError: { goto: 'end' } };
const WEBHOOK = { ref: 'web', type: 'webhook' };

/** Webhooks that lead back to where they came from, by every way that leads out (DL-11). */
export const circles: Scenarios = (use) => {
  describe('circles over two triggers', () => {
    let api: Api;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'circles');
    });

    const rejectionsOf = async (trigger: string): Promise<string[]> => {
      const path = `/v1/triggers/${trigger}/requests?status=rejected`;
      const { items } = await api.must<{ items: { rejection: { code: string } }[] }>('GET', path);
      return items.map(({ rejection }) => rejection.code);
    };
    const runsOf = async (flow: string): Promise<number> =>
      (await api.must<{ items: unknown[] }>('GET', `/v1/runs?flowId=${flow}`)).items.length;

    it.each<[string, (url: string) => Promise<object>]>([
      [
        'an event that a child run emits',
        async (url) => {
          await api.endpoint(url, ['circle.child'], { retry: { schedule: ['PT0S'] } });
          const inner = await api.flow([WEBHOOK, { ref: 'e', type: 'emit', event: 'circle.child', data: {} }], {
            name: 'Inner',
            status: 'active',
          });
          return { ref: 'back', type: 'run_flow', flow: inner.id, input: {} };
        },
      ],
      ['a step that calls', async (url) => ({ ref: 'back', type: 'http', method: 'POST', url, json: {}, ...ENDING })],
      [
        'a webhook that a step calls by its name',
        async (url) => {
          await api.must('POST', '/v1/endpoints', { kind: 'inline', name: 'Back', hookType: 'PROVISION', url });
          return { ref: 'back', type: 'call_webhook', endpoint: 'Back', payload: {}, ...ENDING };
        },
      ],
    ])('DL-11, GW-11: pass-through there and %s back end with the ninth request', async (_, wayTo) => {
      const front = await api.must<{ id: string; url: string }>('POST', '/v1/triggers', {
        name: 'Front',
        ...OPEN,
        forwardTo: { endpoints: [(await api.endpoint('https://later.example/', ['none.of.it'])).id] },
      });
      const back = await wayTo(front.url);
      const flow = await api.flow([WEBHOOK, back, { ref: 'end', type: 'set', values: { done: true } }]);
      const behind = await api.trigger(flow.id, OPEN);
      const there = await api.endpoint(behind.url, ['none.of.it'], { retry: { schedule: ['PT0S'] } });
      await api.must('PATCH', `/v1/triggers/${front.id}`, { forwardTo: { endpoints: [there.id] } });
      await api.call('POST', `/t/${front.id}`, {});
      // The front sees 0, 2, 4 and 6 webhooks before it, the trigger behind it 1, 3, 5 and 7; the ninth request has 8.
      const [refused] = await waitFor(async () => {
        const found = await rejectionsOf(front.id);
        return found.length > 0 ? found : null;
      }, PATIENCE_MS);
      expect(refused).toBe('loop_detected');
      await waitFor(async () => (await runsOf(flow.id)) === 4, PATIENCE_MS, 'the runs of four turns');
      expect(await rejectionsOf(behind.id)).toEqual([]);
    });
  });
};
