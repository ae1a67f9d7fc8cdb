import { waitFor } from '@sluice/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { Api, EMITTING_STEPS } from '../api.ts';
import type { Scenarios } from './all.ts';

interface Item {
  status: string;
  headerNames: string[];
  rejection: { code: string; status: number } | null;
  run: { status: string } | null;
}

/** Why nothing arrives: what was refused is shown beside what was accepted. */
export const rejections: Scenarios = (use) => {
  describe('rejected requests', () => {
    let api: Api;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'rejections');
    });

    it('GW-08: are listed per trigger with reason, address, size and header names, page by page', async () => {
      const trigger = await api.trigger((await api.flow(EMITTING_STEPS)).id);
      const path = `/v1/triggers/${trigger.id}/requests`;
      expect((await api.fire(trigger, { n: 1 })).status).toBe(202);
      expect((await api.fire(trigger, { n: 1 }, { authorization: 'Bearer very-wrong', 'x-extra': 'v' })).status).toBe(
        401,
      );
      expect((await api.fire(trigger, '{"n":')).status).toBe(422);
      const list = (query: string) => api.must<{ items: Item[]; nextCursor: string | null }>('GET', path + query);
      const { items } = await waitFor(async () => {
        const page = await list('');
        // What became of the accepted one comes by another topic, and is shown in the list too.
        const isTold = page.items.some(({ run }) => run?.status === 'succeeded');
        return page.items.length === 3 && isTold ? page : null;
      }, 60_000);
      expect(items.map(({ status }) => status).sort()).toEqual(['accepted', 'rejected', 'rejected']);
      const refused = (await list('?status=rejected')).items;
      expect(refused.map(({ rejection }) => rejection?.code).sort()).toEqual(['malformed_json', 'unauthorized']);
      const stranger = refused.find(({ rejection }) => rejection?.code === 'unauthorized');
      expect(stranger).toMatchObject({
        method: 'POST',
        remoteAddress: '127.0.0.1',
        bodySize: 7,
        rejection: { status: 401 },
      });
      expect(stranger?.headerNames).toContain('x-extra');
      expect(JSON.stringify(items)).not.toContain('very-wrong');
      expect((await list('?status=accepted')).items).toMatchObject([{ status: 'accepted', rejection: null }]);
      const first = await list('?limit=2');
      const second = await list(`?limit=2&cursor=${first.nextCursor}`);
      expect([...first.items, ...second.items]).toEqual(items);
      expect((await api.call('GET', `${path}?status=lost`)).status).toBe(422);
    });

    it('LG-03: are found by the search, and their id leads to what is known of them', async () => {
      const trigger = await api.trigger((await api.flow(EMITTING_STEPS)).id);
      expect((await api.fire(trigger, { n: 1 }, { authorization: 'Bearer very-wrong' })).status).toBe(401);
      const found = await waitFor(async () => {
        const query = `status=rejected&triggerId=${trigger.id}&statusCode=401`;
        const { items } = await api.must<{ items: { id: string }[] }>('GET', `/v1/search?${query}`);
        return items.length === 1 ? items[0] : null;
      }, 30_000);
      expect(found).toMatchObject({
        kind: 'request',
        title: 'POST: unauthorized',
        status: 'rejected',
        statusCode: 401,
      });
      const { root } = await api.must<{ root: object }>('GET', `/v1/timeline/${found.id}`);
      expect(root).toMatchObject({ kind: 'request', status: 'rejected', detail: { rejection: { status: 401 } } });
      const none = await api.must('GET', `/v1/search?status=accepted&triggerId=${trigger.id}`);
      expect(none).toMatchObject({ items: [] });
    });
  });
};
