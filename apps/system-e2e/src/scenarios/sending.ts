import { type RecordedRequest, type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

const MINUTE_MS = 60_000;

interface Sent {
  eventId: string;
  eventType: string;
  entityId: string;
  entity: { n: number };
}

const bodyOf = (request: RecordedRequest): Sent => JSON.parse(request.text) as Sent;

/** When and in what order deliveries go out, whichever dispatcher recorded the events and whichever sends. */
export const sending: Scenarios = (use) => {
  describe('sending', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'sending');
      receiver = await recordingReceiver();
    });
    afterAll(() => receiver?.close());

    const at = (path: string): Sent[] => receiver.requests.filter((each) => each.path === path).map(bodyOf);
    const arrived = (path: string, count: number) =>
      waitFor(() => (at(path).length >= count ? at(path) : null), MINUTE_MS, `${count} requests at ${path}`);

    /** Events of one run, so in an order: each subject has the numbers from 0. */
    async function emit(type: string, subjects: readonly string[], count: number): Promise<void> {
      const items = Array.from({ length: count }, (_, n) => subjects.map((subject) => ({ n, subject }))).flat();
      const steps = items.map((data, index) => ({
        ref: `e${index}`,
        type: 'emit',
        event: type,
        subject: data.subject,
        data,
      }));
      const flow = await api.flow([{ ref: 'web1', type: 'webhook' }, ...steps]);
      await api.must('POST', `/v1/flows/${flow.id}/run`, { input: {} });
    }

    it('DL-05: an ordering key is first in, first out, a failing key blocks only itself, and the cap holds', async () => {
      const open = new Map<string, number>();
      let most = 0;
      const failed = new Set<string>();
      receiver.respond(async (request) => {
        const { eventId, entityId, entity } = bodyOf(request);
        const now = (open.get(request.path) ?? 0) + 1;
        open.set(request.path, now);
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, 3));
        open.set(request.path, (open.get(request.path) ?? 1) - 1);
        const isFirst = entityId === 'bad' && entity.n === 2 && !failed.has(eventId);
        failed.add(eventId);
        return { status: isFirst ? 500 : 204 };
      });
      const paths = ['/order-1', '/order-2', '/order-3', '/order-4'];
      for (const path of paths) {
        const more = { ordering: '{{ event.subject }}', concurrency: 2, retry: { schedule: ['PT0S', 'PT0.5S'] } };
        await api.endpoint(`${receiver.url}${path}`, ['line.*'], more);
      }
      await emit('line.moved', ['good', 'bad', 'fine'], 8);
      for (const path of paths) {
        const bodies = await arrived(path, 25);
        const numbers = (subject: string) =>
          bodies.filter((each) => each.entityId === subject).map((each) => each.entity.n);
        expect(numbers('good')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
        expect(numbers('fine')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
        expect(numbers('bad')).toEqual([0, 1, 2, 2, 3, 4, 5, 6, 7]);
      }
      expect(most).toBeLessThanOrEqual(2);
    });

    it('DL-05: an order outlives a pause between two attempts, a new address and a rotated secret', async () => {
      const done: string[] = [];
      let isFirst = true;
      receiver.respond((request) => {
        if (!request.path.startsWith('/held')) return { status: 204 };
        const { eventType, entity } = bodyOf(request);
        const status = isFirst ? 500 : 204;
        isFirst = false;
        if (status === 204) done.push(`${request.path} ${eventType} ${entity.n}`);
        return { status };
      });
      const retry = { schedule: ['PT0S', 'PT2S', 'PT2S'] };
      const more = { ordering: '{{ event.subject }}', retry };
      const held = await api.endpoint(`${receiver.url}/held`, ['hold.*'], more);
      await api.endpoint(`${receiver.url}/watch`, ['hold.*']);
      await emit('hold.one', ['k'], 3);
      await waitFor(() => !isFirst, MINUTE_MS, 'the first attempt');
      await api.must('POST', `/v1/endpoints/${held.id}/pause`);
      await emit('hold.two', ['k'], 3);
      await arrived('/watch', 6);
      await api.must('PATCH', `/v1/endpoints/${held.id}`, { url: `${receiver.url}/held-anew` });
      await api.must('POST', `/v1/endpoints/${held.id}/secret/rotate`);
      await api.must('POST', `/v1/endpoints/${held.id}/resume`);
      await waitFor(() => done.length === 6, MINUTE_MS, 'all six');
      const order = ['hold.one 0', 'hold.one 1', 'hold.one 2', 'hold.two 0', 'hold.two 1', 'hold.two 2'];
      // Were the machine so slow that the second attempt came before the pause, the first three have the old address.
      expect(done.map((each) => each.replace(/^\S+ /, ''))).toEqual(order);
      expect(done.slice(3)).toEqual(order.slice(3).map((each) => `/held-anew ${each}`));
    });

    it('DL-05: paused keeps and resuming delivers; disabled discards, and what comes later is sent again', async () => {
      receiver.respond({ status: 204 });
      const paused = await api.endpoint(`${receiver.url}/paused`, ['kept.*']);
      await api.endpoint(`${receiver.url}/witness`, ['kept.*']);
      expect(await api.must('POST', `/v1/endpoints/${paused.id}/pause`)).toMatchObject({
        paused: { reason: 'person' },
      });
      await emit('kept.one', ['a'], 3);
      await arrived('/witness', 3);
      expect(at('/paused')).toEqual([]);
      expect(await api.must('POST', `/v1/endpoints/${paused.uuid}/resume`)).toMatchObject({ paused: null });
      await arrived('/paused', 3);

      await api.must('POST', `/v1/endpoints/${paused.id}/pause`);
      await emit('kept.two', ['a'], 2);
      await arrived('/witness', 5);
      expect(await api.must('POST', `/v1/endpoints/${paused.id}/disable`)).toMatchObject({ enabled: false });
      await waitFor(async () => {
        const query = `endpointId=${paused.id}&status=discarded`;
        const { items } = await api.must<{ items: unknown[] }>('GET', `/v1/deliveries?${query}`);
        return items.length === 2;
      }, MINUTE_MS);
      expect(await api.must('POST', `/v1/endpoints/${paused.id}/enable`)).toMatchObject({ enabled: true });
      await api.must('POST', `/v1/endpoints/${paused.id}/resume`);
      await emit('kept.three', ['a'], 1);
      await arrived('/paused', 4);
      expect(at('/paused').map((each) => each.eventType)).toEqual(['kept.one', 'kept.one', 'kept.one', 'kept.three']);
    });

    it('DL-06: what waits for its next attempt is sent now when somebody asks, in its order', async () => {
      let isBroken = true;
      receiver.respond(() => ({ status: isBroken ? 500 : 204 }));
      const retry = { schedule: ['PT0S', 'PT5H', 'PT5H'] };
      const paths = ['/now-1', '/now-2', '/now-3', '/now-4'];
      for (const [index, path] of paths.entries()) {
        const ordering = index < 2 ? null : 'endpoint';
        await api.endpoint(`${receiver.url}${path}`, ['now.*'], { ordering, retry });
      }
      await emit('now.one', ['a'], 2);
      for (const [index, path] of paths.entries()) await arrived(path, index < 2 ? 2 : 1);
      isBroken = false;
      for (const [index, path] of paths.entries()) {
        // In an order only the first has been tried.
        const ids = at(path).map(({ eventId }) => eventId);
        for (const id of ids) {
          // It may be recorded a moment after it has arrived.
          await waitFor(async () => (await api.call('POST', `/v1/deliveries/${id}/retry`)).status === 202, MINUTE_MS);
        }
        const bodies = await arrived(path, index < 2 ? 4 : 3);
        expect(new Set(bodies.map(({ eventId }) => eventId)).size).toBe(2);
        const numbers = bodies.map(({ entity }) => entity.n);
        expect(index < 2 ? numbers.sort() : numbers).toEqual(index < 2 ? [0, 0, 1, 1] : [0, 0, 1]);
      }
    });

    it('DL-03, DL-10: 410 pauses the endpoint and says so; resumed it recovers', async () => {
      receiver.respond(({ path }) => ({ status: path === '/gone' ? 410 : 204 }));
      await api.endpoint(`${receiver.url}/told`, ['Endpoint.Disabled', 'Endpoint.Recovered']);
      const gone = await api.endpoint(`${receiver.url}/gone`, ['away.*']);
      await emit('away.one', ['a'], 1);
      const [disabled] = await arrived('/told', 1);
      expect(disabled).toMatchObject({
        eventType: 'Endpoint.Disabled',
        entityId: String(gone.id),
        entity: { paused: { reason: 'gone' } },
      });
      const shown = await api.must('GET', `/v1/endpoints/${gone.id}`);
      expect(shown).toMatchObject({ enabled: true, delivery: { paused: { reason: 'gone' } } });
      await emit('away.two', ['a'], 1);
      receiver.respond({ status: 204 });
      await api.must('POST', `/v1/endpoints/${gone.id}/resume`);
      await arrived('/gone', 2);
      expect((await arrived('/told', 2))[1]).toMatchObject({ eventType: 'Endpoint.Recovered' });
    });

    it('DL-03: Retry-After of one answer slows the whole endpoint', async () => {
      let isFirst = true;
      receiver.respond(({ path }) => {
        if (path !== '/busy' || !isFirst) return { status: 204 };
        isFirst = false;
        return { status: 429, headers: { 'retry-after': '3' } };
      });
      await api.endpoint(`${receiver.url}/busy`, ['busy.*'], {
        concurrency: 1,
        retry: { schedule: ['PT0S', 'PT0.1S'] },
      });
      await emit('busy.one', ['a'], 4);
      await arrived('/busy', 5);
      const times = receiver.requests.filter((each) => each.path === '/busy').map((each) => each.at);
      expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(2900);
    });

    it('DL-06: what failed is replayed with the same ids, and the progress is told', async () => {
      receiver.respond(({ path }) => ({ status: path === '/failed' ? 500 : 204 }));
      const endpoint = await api.endpoint(`${receiver.url}/failed`, ['again.*'], { retry: { schedule: ['PT0S'] } });
      await emit('again.one', ['a', 'b'], 3);
      const before = (await arrived('/failed', 6)).map((each) => each.eventId);
      receiver.respond({ status: 204 });
      const failed = async () => {
        const query = `endpointId=${endpoint.id}&status=failed`;
        return (await api.must<{ items: unknown[] }>('GET', `/v1/deliveries?${query}`)).items.length;
      };
      await waitFor(async () => (await failed()) === 6, MINUTE_MS);
      const since = new Date(Date.now() - 10 * MINUTE_MS).toISOString();
      const { replayId } = await api.must<{ replayId: string }>('POST', `/v1/endpoints/${endpoint.id}/replay`, {
        since,
        status: ['failed'],
      });
      await waitFor(
        async () => (await api.must('GET', `/v1/replays/${replayId}`)).state === 'finished',
        MINUTE_MS,
        'the replay',
      );
      expect(await api.must('GET', `/v1/replays/${replayId}`)).toMatchObject({ planned: 6, succeeded: 6, pending: 0 });
      const after = at('/failed').slice(6);
      expect(after.map((each) => each.eventId).toSorted()).toEqual(before.toSorted());
    });
  });
};
