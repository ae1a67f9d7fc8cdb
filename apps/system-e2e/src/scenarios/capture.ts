import { waitFor } from '@sluice/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

interface Sample {
  id: string;
  value: unknown;
  headers: Record<string, string>;
}

/** Listening for the next request of a trigger. */
export const capture: Scenarios = (use) => {
  describe('capture mode', () => {
    let api: Api;
    let trigger: { id: string; token: string };
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'capture');
      trigger = await api.trigger((await api.flow([{ ref: 'web1', type: 'webhook' }])).id);
    });

    it('GW-01: the next request is stored as a sample and starts no run; those after it do', async () => {
      const path = `/v1/triggers/${trigger.id}/capture`;
      const armed = await api.must<{ id: string }>('POST', path, {});
      const waiting = api.must<{ items: Sample[] }>('GET', `${path}?id=${armed.id}&wait=30s`);
      const answers = [];
      for (let n = 0; n < 4; n++) answers.push(await api.fire(trigger, { n }, { 'x-order': String(n) }));
      const statuses = answers.map(({ status, body }) => [status, body.status]);
      const captured = statuses.findIndex(([, status]) => status === 'captured');
      expect(statuses.filter(([, status]) => status === 'captured')).toEqual([[202, 'captured']]);
      expect(statuses.filter(([, status]) => status === 'accepted')).toHaveLength(3);
      expect((await waiting).items).toMatchObject([
        { id: armed.id, value: { n: captured }, headers: { 'x-order': String(captured) } },
      ]);
      expect((await api.must<{ items: Sample[] }>('GET', path)).items.map(({ id }) => id)).toEqual([armed.id]);
      const ran = answers.find(({ body }) => body.status === 'accepted')?.body.id;
      expect((await api.call('GET', `/v1/runs/${ran}?wait=30s`)).body).toMatchObject({ status: 'succeeded' });
      expect((await api.call('GET', `/v1/runs/${armed.id}`)).status).toBe(404);
    });

    it('GW-01: arming with wait gives the next request itself; without one it is an empty list', async () => {
      const path = `/v1/triggers/${trigger.id}/capture`;
      let over = false;
      const waiting = api.must<{ items: Sample[] }>('POST', `${path}?wait=60s`).finally(() => (over = true));
      // Which request is the first after the arming is not known here: the first that is captured.
      await waitFor(async () => over || (await api.fire(trigger, { late: 1 })).body.status === 'captured', 60_000);
      expect((await waiting).items).toMatchObject([{ value: { late: 1 } }]);
      expect(await api.must('POST', `${path}?wait=50ms`)).toEqual({ items: [] });
    });

    it('LG-02: what an unknown or foreign trigger received or captured is 404, not nothing', async () => {
      const fresh = await api.trigger((await api.flow([{ ref: 'web1', type: 'webhook' }])).id);
      const stranger = await Api.ofFreshApp(use().system, 'stranger');
      for (const list of ['requests', 'capture']) {
        expect((await api.call('GET', `/v1/triggers/${fresh.id}/${list}`)).body.items).toEqual([]);
        expect((await stranger.call('GET', `/v1/triggers/${fresh.id}/${list}`)).status).toBe(404);
        expect((await stranger.call('GET', `/v1/triggers/${trigger.id}/${list}`)).status).toBe(404);
        expect((await api.call('GET', `/v1/triggers/00000000-0000-7000-8000-000000000000/${list}`)).status).toBe(404);
      }
    });
  });
};
