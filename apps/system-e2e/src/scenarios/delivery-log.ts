import { type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api, EMITTING_STEPS } from '../api.ts';
import type { Scenarios } from './all.ts';

interface Stats {
  totals: Record<string, number> & { endToEndMs: { count: number; p95: number | null } };
  backlog: { runs: number; deliveries: number };
  series: { at: string; requests: number }[];
}
interface Storage {
  bytes: number;
  tables: { name: string; partitions: number }[];
  apps: { appId: string; bytes: number }[];
}

/** What the delivery log shows of requests, runs, events and deliveries. */
export const deliveryLog: Scenarios = (use) => {
  describe('the delivery log', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    let flow: { id: string };
    let trigger: { id: string; token: string };
    let endpoint: { id: number; uuid: string };
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'log');
      receiver = await recordingReceiver();
      endpoint = await api.endpoint(receiver.url, ['order.placed']);
      flow = await api.flow(EMITTING_STEPS);
      trigger = await api.trigger(flow.id);
      for (let n = 1; n <= 3; n++) expect((await api.fire(trigger, { n, note: `blue-${n}` })).status).toBe(202);
      await waitFor(async () => {
        const { items } = await api.must<{ items: { status: string }[] }>('GET', `/v1/endpoints/${endpoint.id}/events`);
        return items.filter(({ status }) => status === 'succeeded').length === 3;
      }, 60_000);
    });
    afterAll(() => receiver?.close());

    it('CO-01: counts what happened by app, trigger, flow and endpoint, and what it took', async () => {
      const statsOf = (query = '') => api.must<Stats>('GET', `/v1/stats${query}`);
      await waitFor(async () => {
        const { totals, backlog } = await statsOf();
        return (
          totals.deliveriesSucceeded === 3 && totals.runsSucceeded === 3 && backlog.runs + backlog.deliveries === 0
        );
      }, 60_000);
      const { totals, series } = await statsOf();
      expect(totals).toMatchObject({ requests: 3, rejected: 0, runsFailed: 0, attemptsSucceeded: 3 });
      expect(totals.endToEndMs).toMatchObject({ count: 3, p95: expect.any(Number) });
      expect(series.reduce((sum, point) => sum + point.requests, 0)).toBe(3);
      expect((await statsOf(`?triggerId=${trigger.id}`)).totals).toMatchObject({ requests: 3, runsSucceeded: 0 });
      expect((await statsOf(`?flowId=${flow.id}&step=hour`)).totals).toMatchObject({ requests: 3, runsSucceeded: 3 });
      expect((await statsOf(`?endpointId=${endpoint.id}`)).totals).toMatchObject({ deliveriesSucceeded: 3 });
      const stranger = await Api.ofFreshApp(use().system, 'nobody');
      expect((await stranger.must<Stats>('GET', `/v1/stats?triggerId=${trigger.id}`)).totals.requests).toBe(0);
    });

    it('LG-03: finds by text in the payload, by flow, endpoint, type and status, only in its own app', async () => {
      const search = (query: string, by = api) =>
        by.must<{ items: { kind: string; id: string }[] }>('GET', `/v1/search?${query}`);
      const kindsOf = async (query: string) => (await search(query)).items.map(({ kind }) => kind).sort();
      await waitFor(async () => (await search('q=BLUE-2')).items.length === 3, 60_000);
      expect(await kindsOf('q=BLUE-2')).toEqual(['delivery', 'event', 'request']);
      expect(await kindsOf(`flowId=${flow.id}&kinds=run&status=succeeded`)).toEqual(['run', 'run', 'run']);
      expect(await kindsOf(`endpointId=${endpoint.id}&status=succeeded&eventType=order.placed`)).toHaveLength(3);
      expect(await kindsOf('status=failed')).toEqual([]);
      const stranger = await Api.ofFreshApp(use().system, 'nobody');
      expect((await search('q=BLUE-2', stranger)).items).toEqual([]);
    });

    it('LG-04: the log lives in partitions by day, and its use of disk is shown', async () => {
      const storage = await api.must<Storage>('GET', '/v1/storage');
      const requests = storage.tables.find(({ name }) => name === 'requests');
      expect(requests?.partitions).toBeGreaterThanOrEqual(4);
      expect(storage.bytes).toBeGreaterThan(0);
      expect(storage.apps.find(({ appId }) => appId === api.appId)?.bytes).toBeGreaterThan(3 * 450);
    });
  });
};
