import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { type RecordingReceiver, recordingReceiver, type System, waitFor } from '@sluice/testing';
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

interface Tail {
  items: { kind: string; status: string; id: string }[];
  last: string;
}

/** Follows until the first item has come; `happen` is done once the stream is ready. */
async function readTail(
  system: System,
  api: Api,
  query: string,
  lastEventId: string | null,
  happen: () => Promise<unknown>,
): Promise<Tail> {
  const abort = new AbortController();
  const answer = await fetch(`${system.url}/v1/tail?${query}`, {
    signal: AbortSignal.any([abort.signal, AbortSignal.timeout(60_000)]),
    headers: {
      authorization: `Bearer ${system.adminToken}`,
      'x-sluice-app': api.appId,
      accept: 'text/event-stream',
      ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }),
    },
  });
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  if (lastEventId !== null) await happen();
  const tail: Tail = { items: [], last: '' };
  let text = '';
  for await (const chunk of answer.body ?? []) {
    text += Buffer.from(chunk).toString();
    if (lastEventId === null && text.includes('event: ready') && tail.last === '') {
      tail.last = 'ready';
      await happen();
    }
    const found = /id: (\S+)\nevent: item\ndata: (.*)\n\n/.exec(text);
    if (!found) continue;
    tail.last = found[1] as string;
    tail.items.push(JSON.parse(found[2] as string) as Tail['items'][0]);
    break;
  }
  abort.abort();
  return tail;
}

interface Followed {
  kind: string;
  id: string;
  title: string;
  runId: string | null;
}

/** `npm run rebuild -- <projection>` as an operator calls it. */
function rebuildCommand(system: System, projection: string): Promise<{ stdout: string }> {
  const script = path.resolve(import.meta.dirname, '../../../../tools/rebuild.mjs');
  return promisify(execFile)(process.execPath, [script, projection, system.url], {
    env: { ...process.env, SLUICE_ADMIN_TOKEN: system.adminToken },
    timeout: 120_000,
  });
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
        // Each topic is followed by itself: what comes of requests may be counted before they are.
        const counted = [totals.requests, totals.runsSucceeded, totals.deliveriesSucceeded, totals.attemptsSucceeded];
        return counted.every((count) => count === 3) && backlog.runs + backlog.deliveries === 0;
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
      // Each topic is followed by itself, so each answer is waited for.
      const comes = async (query: string, kinds: string[]) => {
        await waitFor(async () => (await search(query)).items.length === kinds.length, 60_000, query);
        expect(await kindsOf(query)).toEqual(kinds);
      };
      await comes('q=BLUE-2', ['delivery', 'event', 'request']);
      await comes(`flowId=${flow.id}&kinds=run&status=succeeded`, ['run', 'run', 'run']);
      const ofEndpoint = `endpointId=${endpoint.id}&status=succeeded&eventType=order.placed`;
      await comes(ofEndpoint, ['delivery', 'delivery', 'delivery']);
      expect(await kindsOf('status=failed')).toEqual([]);
      const stranger = await Api.ofFreshApp(use().system, 'nobody');
      expect((await search('q=BLUE-2', stranger)).items).toEqual([]);
    });

    it('LG-03: the live tail shows what happens with filters, and goes on where it was paused', async () => {
      const first = await readTail(use().system, api, `triggerId=${trigger.id}&kinds=request`, null, () =>
        api.fire(trigger, { n: 4 }),
      );
      expect(first.items.map(({ kind, status }) => `${kind} ${status}`).slice(0, 1)).toEqual(['request accepted']);
      const missed = await api.fire(trigger, { n: 5 });
      const second = await readTail(use().system, api, 'kinds=request', first.last, () => api.fire(trigger, { n: 6 }));
      expect(second.items[0]?.id).toBe(missed.body.id);
      const page = await api.must<{ items: { id: string }[] }>('GET', `/v1/tail?kinds=request&after=${first.last}`);
      expect(page.items[0]?.id).toBe(missed.body.id);
      expect((await api.call('GET', '/v1/tail?after=nonsense')).status).toBe(422);
    });

    it('LG-03: the live tail of one run has its steps, its events and their attempts, and nothing of its neighbours', async () => {
      const { last } = await api.must<{ last: string }>('GET', '/v1/tail');
      const ran = await api.fire(trigger, { n: 7 });
      await api.fire(trigger, { n: 8 });
      const path = `/v1/tail?id=${String(ran.body.id)}&after=${last}`;
      const items = async () => (await api.must<{ items: Followed[] }>('GET', path)).items;
      const seen = async () => (await items()).map(({ kind, title }) => `${kind} ${title}`).join(', ');
      await waitFor(async () => (await items()).some(({ kind }) => kind === 'delivery'), 60_000, 'its delivery');
      await waitFor(async () => /run EventEmitted \w+/.test(await seen()), 60_000, 'its event');
      expect((await items()).every(({ id, runId }) => id === ran.body.id || runId === ran.body.id)).toBe(true);
    });

    it('LG-03: a stream ends when its token is revoked, of the tail and of a run', async () => {
      const { system } = use();
      const waiting = await api.flow([
        { ref: 'order', type: 'webhook' },
        { ref: 'rest', type: 'delay', for: 'PT10M' },
      ]);
      const ran = await api.fire(await api.trigger(waiting.id), {});
      const personal = { expiration: null, scopes: ['automation.view'], note: 'looks' };
      const pat = await api.must<{ id: string; token: string }>('POST', '/v1/personal-access-tokens', personal);
      const signal = AbortSignal.timeout(60_000);
      const headers = { authorization: `Bearer ${pat.token}`, accept: 'text/event-stream' };
      const routes = ['/v1/tail', `/v1/runs/${String(ran.body.id)}/stream`];
      const streams = await Promise.all(routes.map((route) => fetch(system.url + route, { headers, signal })));
      expect(streams.map(({ status }) => status)).toEqual([200, 200]);
      const texts = streams.map((stream) => stream.text());
      await api.must('DELETE', `/v1/personal-access-tokens/${pat.id}`);
      expect(await texts[0]).toContain('event: end\ndata: {"reason":"unauthorized"}');
      expect(await texts[1]).not.toContain('event: end');
      // A replica that was late knows it with its next look at the table.
      const refused = async () => (await fetch(`${system.url}/v1/runs`, { headers })).status === 401;
      await waitFor(refused, 60_000, 'the end of the token');
    });

    it('ET-09, RG-02: an endpoint that got nothing has an empty list; one that is not there, or is another app’s, is 404', async () => {
      const quiet = await api.endpoint(receiver.url, ['never']);
      const of = (by: Api, id: string | number) => by.call('GET', `/v1/endpoints/${id}/events`);
      expect((await of(api, quiet.id)).body).toEqual({ items: [], nextCursor: null });
      expect((await of(api, quiet.uuid.toUpperCase())).status).toBe(200);
      const stranger = await Api.ofFreshApp(use().system, 'nobody');
      const hidden = await Promise.all([endpoint.id, endpoint.uuid].map((id) => of(stranger, id)));
      const unknown = await Promise.all([2_147_483_647, 9_999_999_999, 'x', api.appId].map((id) => of(api, id)));
      expect([...hidden, ...unknown].map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 404]);
      expect((await api.call('GET', '/v1/deliveries?endpointId=x')).status).toBe(422);
    });

    it('LG-05: the log is built again from the events beside the live one and says the same', async () => {
      const mine = await Api.ofFreshApp(use().system, 'rebuilt');
      await mine.endpoint(receiver.url, ['order.placed']);
      const fired = await mine.trigger((await mine.flow(EMITTING_STEPS)).id);
      for (let n = 1; n <= 3; n++) expect((await mine.fire(fired, { n })).status).toBe(202);
      const everything = async () => {
        const search = '/v1/search?limit=200&kinds=request,run,delivery';
        const { items } = await mine.must<{ items: unknown[] }>('GET', search);
        const { totals } = await mine.must<Stats>('GET', '/v1/stats');
        return { items, counts: [totals.requests, totals.runsSucceeded, totals.deliveriesSucceeded] };
      };
      await waitFor(async () => (await everything()).counts.join() === '3,3,3', 60_000);
      const before = await everything();
      const { stdout } = await rebuildCommand(use().system, 'all');
      expect(stdout).toMatch(/^all: \d+ events read/m);
      expect(stdout).toMatch(/^all: done, \d+ events$/m);
      expect(await everything()).toEqual(before);
      await expect(rebuildCommand(use().system, 'nonsense')).rejects.toMatchObject({ code: 1 });
      // Whichever rebuild runs is ended; here none does.
      await expect(rebuildCommand(use().system, 'cancel')).rejects.toMatchObject({
        code: 1,
        stderr: /none is running/,
      });
    });

    it('LG-05: a rebuild can be cancelled', async () => {
      const { id } = await api.must<{ id: string }>('POST', '/v1/rebuilds', { projection: 'timeline' });
      const cancelled = await api.call<{ state: string }>('POST', `/v1/rebuilds/${id}/cancel`);
      // It may have been done in the meantime.
      expect([202, 409]).toContain(cancelled.status);
      const ended = await waitFor(async () => {
        const { state } = await api.must<{ state: string }>('GET', `/v1/rebuilds/${id}`);
        return ['running', 'cancelling'].includes(state) ? null : state;
      }, 120_000);
      expect(['cancelled', 'done']).toContain(ended);
      expect((await api.call('POST', `/v1/rebuilds/${id}/cancel`)).status).toBe(409);
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
