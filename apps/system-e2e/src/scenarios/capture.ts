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
  });
};
