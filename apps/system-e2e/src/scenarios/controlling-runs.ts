import { waitFor } from '@sluice/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

interface Run {
  id: string;
  status: string;
  result: unknown;
  retryOf: string | null;
  retriedAs: string[];
  steps: { ref: string; status: string; output: { url?: string } | null }[];
}

/** Runs that wait for people, and runs that are done again. */
export const controllingRuns: Scenarios = (use) => {
  describe('controlling runs', () => {
    let api: Api;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'controlling');
    });

    const start = async (steps: unknown[], input: unknown = {}): Promise<string> => {
      const flow = await api.flow(steps);
      return (await api.must<Run>('POST', `/v1/flows/${flow.id}/run`, { input })).id;
    };
    const run = (id: string): Promise<Run> => api.must<Run>('GET', `/v1/runs/${id}`);
    const ended = (id: string): Promise<Run> =>
      waitFor(async () => {
        const found = await run(id);
        return ['succeeded', 'failed', 'cancelled'].includes(found.status) ? found : null;
      }, 60_000);
    /** The link of a step, as the step before it made it. */
    const linkOf = async (id: string): Promise<string> => {
      const waiting = await waitFor(async () => {
        const found = await run(id);
        return found.status === 'waiting' ? found : null;
      }, 60_000);
      return waiting.steps.find(({ ref }) => ref === 'link')?.output?.url as string;
    };
    const post = (url: string, body: string, type = 'application/json', headers = {}) =>
      fetch(url, { method: 'POST', body, headers: { 'content-type': type, ...headers } });

    it('FL-02: a run waits for its callback and goes on with what came by its link', async () => {
      const id = await start([
        { ref: 'link', type: 'set', values: { url: '{{ callbacks.paid }}' } },
        { ref: 'paid', type: 'wait_for_callback', timeout: 'PT10M' },
      ]);
      const link = await linkOf(id);
      expect((await post(`${link}x`, '{}')).status).toBe(404);
      const accepted = await post(link, '{"sum":7}');
      expect([accepted.status, await accepted.json()]).toEqual([202, { id, status: 'accepted' }]);
      expect(await ended(id)).toMatchObject({ status: 'succeeded', result: { sum: 7 } });
      expect((await (await post(link, '{"sum":7}')).json()) as unknown).toMatchObject({
        status: 'previously_accepted',
      });
      expect((await post(link, '{"sum":8}')).status).toBe(409);
    });

    it('FL-02: a person decides by the page of a link or by the API, and looking at the page decides nothing', async () => {
      const steps = [
        { ref: 'link', type: 'set', values: { url: '{{ callbacks.ok }}' } },
        {
          ref: 'ok',
          type: 'approval',
          message: 'Buy {{ trigger.body.what }}?',
          to: ['ann@example.org'],
          timeout: 'PT10M',
        },
      ];
      const [byLink, byApi] = [await start(steps, { what: 'it' }), await start(steps, {})];
      const link = await linkOf(byLink);
      const page = await fetch(link, { headers: { accept: 'text/html' } });
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Buy it?')]);
      expect((await run(byLink)).status).toBe('waiting');
      const form = 'application/x-www-form-urlencoded';
      expect((await post(link, 'decision=reject&comment=no', form, { accept: 'text/html' })).status).toBe(200);
      expect((await ended(byLink)).result).toMatchObject({ approved: false, by: 'ann@example.org', comment: 'no' });
      await linkOf(byApi);
      const { items } = await api.must<{ items: object[] }>('GET', '/v1/approvals');
      expect(items).toMatchObject([{ runId: byApi, key: 'ok', to: ['ann@example.org'], mayDecide: true }]);
      await api.must('POST', `/v1/runs/${byApi}/approvals/ok`, { decision: 'approve' });
      expect((await ended(byApi)).result).toMatchObject({ approved: true, comment: null });
    });

    it('FL-06, FL-07, FL-09: what has no place in a flow with a limit is queued, is cancelled there, or begins when a place is free', async () => {
      const steps = [{ ref: 'nap', type: 'delay', for: 'PT1H' }];
      const flow = await api.flow(steps, { concurrency: { limit: 1, whenFull: 'queue' }, priority: 9 });
      expect(await api.must('GET', `/v1/flows/${flow.id}`)).toMatchObject({ priority: 9 });
      const begin = async () => (await api.must<Run>('POST', `/v1/flows/${flow.id}/run`, {})).id;
      const standsAt = (id: string, status: string) =>
        waitFor(async () => ((await run(id)).status === status ? true : null), 60_000);
      const first = await begin();
      await standsAt(first, 'waiting');
      const second = await begin();
      expect((await run(second)).status).toBe('queued');
      const third = await begin();
      await api.must('POST', '/v1/runs/cancel', { query: { flowId: flow.id, status: 'queued', ids: [third] } });
      await standsAt(third, 'cancelled');
      expect((await run(second)).status).toBe('queued');
      await api.must('POST', `/v1/runs/${first}/cancel`);
      await standsAt(second, 'waiting');
      expect(await run(second)).toMatchObject({ queueMs: expect.any(Number), runMs: null });
      await api.must('POST', `/v1/runs/${second}/cancel`);
      await standsAt(second, 'cancelled');
    });

    it('CO-01: one step of a draft is tested alone, with what the steps before it would have put out', async () => {
      const flow = await api.flow([
        { ref: 'stop', type: 'fail', message: 'never run' },
        { ref: 'sum', type: 'set', values: { n: '{{ stop.n + 1 }}' } },
      ]);
      const test = { mode: 'draft', step: 'sum', outputs: { stop: { n: 41 } } };
      const { id } = await api.must<Run>('POST', `/v1/flows/${flow.id}/run`, test);
      expect(await ended(id)).toMatchObject({ status: 'succeeded', result: { n: 42 } });
    });

    it('FL-06: failed runs are done again on the version that was mended, one by one or by query', async () => {
      const stepsThat = (end: unknown) => [{ ref: 'told', type: 'emit', event: 'order.seen', data: {} }, end];
      const flow = await api.flow(stepsThat({ ref: 'end', type: 'fail', message: 'not yet' }));
      const ids = [1, 2, 3].map(() => api.must<Run>('POST', `/v1/flows/${flow.id}/run`, {}));
      const [first] = await Promise.all(ids.map(async (started) => ended((await started).id)));
      const mended = stepsThat({ ref: 'end', type: 'set', values: { done: true } });
      await api.must('PATCH', `/v1/flows/${flow.id}`, { steps: mended, status: 'active' });
      await api.must('POST', `/v1/flows/${flow.id}/publish`);
      const again = await api.must<Run>('POST', `/v1/runs/${first?.id}/retry`, { version: 'current' });
      expect(again.retryOf).toBe(first?.id);
      expect((await run(first?.id as string)).retriedAs).toEqual([again.id]);
      expect(await ended(again.id)).toMatchObject({ status: 'succeeded', result: { done: true } });
      const query = { query: { flowId: flow.id }, version: 'current' };
      expect(await api.must('POST', '/v1/runs/retry?dryRun=true', query)).toMatchObject({ id: null, total: 3 });
      const { id } = await api.must<{ id: string }>('POST', '/v1/runs/retry', query);
      const batch = await waitFor(async () => {
        const found = await api.must<{ finishedAt: string | null }>('GET', `/v1/runs/batches/${id}`);
        return found.finishedAt === null ? null : found;
      }, 60_000);
      expect(batch).toMatchObject({ status: 'finished', total: 3, done: 3, skipped: 0 });
    });
  });
};
