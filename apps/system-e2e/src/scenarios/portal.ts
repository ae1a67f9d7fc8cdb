import { type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api, EMITTING_STEPS } from '../api.ts';
import { holds } from '../at-once.ts';
import { ACCESS_TABLE, type AccessRow, UNDOCUMENTED } from './access-table.ts';
import type { Scenarios } from './all.ts';

const PATIENCE_MS = 60_000;
const ALL = [...ACCESS_TABLE, ...UNDOCUMENTED];

/** All that a portal link reaches, and the permission that it takes. The endpoint in the path has to be one of its own. */
const REACHED: Readonly<Record<string, 'view' | 'manage' | 'replay'>> = {
  'GET /v1/portal': 'view',
  'GET /v1/endpoints/{id}': 'view',
  'GET /rest/v1/webhooks/{id}': 'view',
  'GET /v1/endpoints/{id}/events': 'view',
  'GET /v1/endpoints/{id}/events/{deliveryId}': 'view',
  'PATCH /v1/endpoints/{id}': 'manage',
  'PATCH /rest/v1/webhooks/{id}': 'manage',
  'POST /v1/endpoints/{id}/secret/rotate': 'manage',
  'POST /rest/v1/webhooks/{id}/secret/rotate': 'manage',
  'POST /v1/endpoints/{id}/enable': 'manage',
  'POST /v1/endpoints/{id}/disable': 'manage',
  'POST /v1/endpoints/{id}/pause': 'manage',
  'POST /v1/endpoints/{id}/resume': 'manage',
  'POST /v1/endpoints/{id}/test': 'manage',
  'POST /v1/endpoints/{id}/replay': 'replay',
  'GET /v1/endpoints/{id}/replays': 'view',
};
const permissionOf = ({ method, path }: AccessRow) => REACHED[`${method} ${path}`];

interface Delivered {
  id: string;
  eventId: string;
  status: string;
}

/** Customers and their endpoints: what a portal link shows and changes, and that it does nothing else. */
export const portal: Scenarios = (use) => {
  describe('the customer portal', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    let mine: { id: number };
    let other: { id: number };

    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'portal');
      receiver = await recordingReceiver();
      mine = await api.endpoint(`${receiver.url}/mine`, ['order.placed'], { customer: 'seven' });
      other = await api.endpoint(`${receiver.url}/other`, ['order.placed'], { customer: 'eight' });
    });
    afterAll(() => receiver?.close());

    async function link(permissions: string[]): Promise<{ id: string; token: string; url: string }> {
      const made = await api.must<{ id: string; url: string }>('POST', '/v1/portal-links', {
        customer: 'seven',
        permissions,
      });
      return { ...made, token: made.url.split('#')[1] as string };
    }
    const asked = (token: string, method: string, route: string, body?: unknown) =>
      api.call(method, route, body, { authorization: `Bearer ${token}` });
    const askedFor = async (row: AccessRow, token: string, endpoint: number): Promise<number> => {
      const path = row.path.replace(/\{\w+\}/, String(endpoint)).replaceAll(/\{\w+\}/g, 'x');
      const body = row.method === 'GET' || row.method === 'DELETE' ? undefined : {};
      return (await asked(token, row.method, path, body)).status;
    };

    it('RG-02: a portal link is refused by every route but those of its endpoints, and by those without the permission', async () => {
      const [all, none] = [(await link(['manage', 'replay'])).token, (await link(['view'])).token];
      for (const row of ALL) {
        const needed = permissionOf(row);
        const name = `${row.method} ${row.path}`;
        const wanted = needed === undefined ? [403] : row.path.includes('{id}') ? [404] : [200];
        expect([name, [await askedFor(row, all, other.id)]]).toEqual([name, wanted]);
        if (needed === undefined || needed === 'view') continue;
        expect([name, await askedFor(row, none, mine.id)]).toEqual([name, 403]);
      }
    });

    it('ET-09, DL-06: a customer sees the deliveries of its endpoints, changes where they go, and has them sent again', async () => {
      const trigger = await api.trigger((await api.flow(EMITTING_STEPS)).id);
      await api.fire(trigger, { n: 1 });
      const { token, id, url } = await link(['manage', 'replay']);
      const page = await fetch(url);
      expect([page.status, page.headers.get('content-security-policy')]).toEqual([
        200,
        expect.stringContaining("frame-ancestors 'none'"),
      ]);
      const shown = await asked(token, 'GET', '/v1/portal');
      expect((shown.body.endpoints as { id: number }[]).map((each) => each.id)).toEqual([mine.id]);
      const events = async (of: number, as = token) =>
        ((await asked(as, 'GET', `/v1/endpoints/${of}/events`)).body.items as Delivered[] | undefined) ?? [];
      const [delivered] = await waitFor(
        async () => {
          const items = await events(mine.id);
          return items[0]?.status === 'succeeded' ? items : null;
        },
        PATIENCE_MS,
        'the delivery in the portal',
      );
      const [foreign] = await waitFor(
        async () => {
          const items = await events(other.id, use().system.adminToken);
          return items.length > 0 ? items : null;
        },
        PATIENCE_MS,
        "the other one's delivery",
      );
      const own = `/v1/endpoints/${mine.id}`;
      expect((await asked(token, 'GET', `${own}/events/${delivered?.id}`)).status).toBe(200);
      expect((await asked(token, 'GET', `${own}/events/${foreign?.id}`)).status).toBe(404);

      const tampered = `${token.slice(0, -43)}${'A'.repeat(43)}`;
      for (const path of [own, `${own}/events`, `${own}/replays`]) {
        expect([path, (await asked(tampered, 'GET', path)).status]).toEqual([path, 401]);
      }
      const tried = await asked(token, 'POST', `${own}/test`, { url: `${receiver.url}/tried` });
      expect([tried.status, tried.body]).toMatchObject([200, { ok: true, status: 204 }]);
      expect((await asked(token, 'POST', `${own}/test`, { transform: '{{ event.data }}' })).status).toBe(422);
      const change = { url: `${receiver.url}/moved`, name: 'Ours', events: ['order.placed'] };
      expect((await asked(token, 'PATCH', own, change)).status).toBe(200);
      const replay = { eventIds: [delivered?.eventId] };
      expect((await asked(token, 'POST', `${own}/replay`, replay)).status).toBe(202);
      await waitFor(() => receiver.requests.find(({ path }) => path === '/moved'), PATIENCE_MS, 'the replay');
      const replays = (await asked(token, 'GET', `${own}/replays`)).body.items;
      expect(replays).toMatchObject([{ query: replay, planned: 1 }]);

      // What was never for it is not sent to it, although it knows the event's id.
      const late = await api.endpoint(`${receiver.url}/late`, ['order.placed'], { customer: 'nine' });
      const nine = { customer: 'nine', permissions: ['replay'] };
      const lateUrl = (await api.must<{ url: string }>('POST', '/v1/portal-links', nine)).url;
      const lateToken = lateUrl.split('#')[1] as string;
      const asks = await asked(lateToken, 'POST', `/v1/endpoints/${late.id}/replay`, replay);
      const ended = await waitFor(
        async () => {
          const seen = await api.must<{ state: string; planned: number }>('GET', `/v1/replays/${asks.body.replayId}`);
          return seen.state === 'finished' ? seen : null;
        },
        PATIENCE_MS,
        'the end of the replay',
      );
      expect(ended.planned).toBe(0);

      const revoked = await api.call('DELETE', `/v1/portal-links/${id}`);
      const isRefused = async () => (await asked(token, 'GET', own)).status === 401;
      expect(await holds(revoked.body, isRefused, 'the end of the link')).toBe(true);
    });
  });
};
