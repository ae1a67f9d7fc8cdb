import { waitFor } from '@sluice/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

interface Step {
  ref: string;
  status: string;
  output: { url?: string } | null;
  takenFrom?: string | null;
}
interface Run {
  id: string;
  status: string;
  flowVersion: number;
  result: unknown;
  error: { message: string } | null;
  retryOf: string | null;
  steps: Step[];
}
interface Batch {
  id: string;
  status: string;
  total: number;
  done: number;
  finishedAt: string | null;
}

/** FL-06: runs that are done again, from each place and with each change, and many of them until somebody says stop. */
export const retryingRuns: Scenarios = (use) => {
  describe('doing runs again', () => {
    let api: Api;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'again');
    });

    const run = (id: string): Promise<Run> => api.must<Run>('GET', `/v1/runs/${id}`);
    const standsAt = (id: string, ...statuses: string[]): Promise<Run> =>
      waitFor(
        async () => {
          const found = await run(id);
          return statuses.includes(found.status) ? found : null;
        },
        60_000,
        statuses.join(),
      );
    const begin = (flow: { id: string }, input: unknown): Promise<Run> =>
      api.must<Run>('POST', `/v1/flows/${flow.id}/run`, { input });
    const again = async (id: string, wish: unknown): Promise<Run> =>
      standsAt((await api.must<Run>('POST', `/v1/runs/${id}/retry`, wish)).id, 'succeeded', 'failed', 'waiting');
    const takenOver = ({ steps }: Run): string[] => steps.filter(({ takenFrom }) => takenFrom).map(({ ref }) => ref);
    const linkOf = ({ steps }: Run): string => steps.find(({ ref }) => ref === 'link')?.output?.url ?? '';
    const post = async (url: string, body: unknown): Promise<number> =>
      (
        await fetch(url, {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        })
      ).status;

    const STEPS = [
      { ref: 'first', type: 'set', values: { n: '{{ trigger.body.n }}' } },
      { ref: 'second', type: 'set', values: { n: '{{ first.n + 1 }}', by: 1 } },
      { ref: 'end', type: 'fail', message: 'n is {{ second.n }}' },
    ];

    it('FL-06: each field of a retry, alone and together, changes what it says and nothing else', async () => {
      const flow = await api.flow(STEPS);
      const { id } = await standsAt((await begin(flow, { n: 1 })).id, 'failed');
      const mended = STEPS.with(2, { ref: 'end', type: 'set', values: { n: '{{ second.n * 10 }}' } } as never);
      await api.must('PATCH', `/v1/flows/${flow.id}`, { steps: mended });
      await api.must('POST', `/v1/flows/${flow.id}/publish`);
      const outcomes = [];
      for (const wish of [
        {},
        { version: 1 },
        { version: 'current' },
        { version: 'current', input: { n: 7 } },
        { version: 'current', from: 'second', input: { n: 7 } },
        { version: 2, from: 'first', input: { n: 7 } },
        { version: 'original', from: 'second' },
      ]) {
        const done = await again(id, wish);
        expect(done.retryOf).toBe(id);
        outcomes.push([done.flowVersion, takenOver(done), done.error?.message ?? done.result]);
      }
      expect(outcomes).toEqual([
        [1, ['first', 'second'], 'n is 2'],
        [1, ['first', 'second'], 'n is 2'],
        [2, ['first', 'second'], { n: 20 }],
        [2, [], { n: 80 }],
        [2, ['first'], { n: 20 }],
        [2, [], { n: 80 }],
        [1, ['first'], 'n is 2'],
      ]);
      for (const [wish, code] of [
        [{ from: 'nowhere' }, 'step_not_reached'],
        [{ version: 9 }, 'unknown_flow_version'],
        [{ version: 'latest' }, 'invalid_request'],
        [{ From: 'first' }, 'invalid_request'],
      ] as const) {
        expect(await api.call('POST', `/v1/runs/${id}/retry`, wish)).toMatchObject({ status: 422, body: { code } });
      }
      expect(await run(id)).toMatchObject({ status: 'failed', flowVersion: 1, retryOf: null });
    });

    it('FL-06: a retry waits for a callback of its own; links that were handed out before lead to the old run', async () => {
      const flow = await api.flow([
        { ref: 'link', type: 'set', values: { url: '{{ callbacks.paid }}' } },
        { ref: 'paid', type: 'wait_for_callback', timeout: 'PT1H' },
        { ref: 'end', type: 'fail', message: 'no' },
      ]);
      const old = await standsAt((await begin(flow, {})).id, 'waiting');
      expect(await post(linkOf(old), { n: 1 })).toBe(202);
      await standsAt(old.id, 'failed');
      const atCallback = await again(old.id, { from: 'paid' });
      expect([atCallback.status, takenOver(atCallback)]).toEqual(['waiting', ['link']]);
      expect(await post(linkOf(old), { n: 2 })).toBe(409);
      const atLink = await again(old.id, { from: 'link' });
      expect(linkOf(atLink)).not.toBe(linkOf(old));
      expect(await post(linkOf(atLink), { n: 3 })).toBe(202);
      expect((await standsAt(atLink.id, 'failed')).steps.find(({ ref }) => ref === 'paid')?.output).toEqual({ n: 3 });
      expect((await run(atCallback.id)).status).toBe('waiting');
      await api.must('POST', `/v1/runs/${atCallback.id}/cancel`);
      await standsAt(atCallback.id, 'cancelled');
    });

    it('FL-06: a batch that is cancelled half-way begins with no further run, and what it counts is what there is', async () => {
      const flow = await api.flow([{ ref: 'end', type: 'fail', message: 'no' }]);
      const trigger = await api.trigger(flow.id);
      const TOTAL = 400;
      for (let from = 0; from < TOTAL; from += 50)
        await Promise.all(Array.from({ length: 50 }, (_, n) => api.fire(trigger, { n: from + n })));
      const query = { query: { flowId: flow.id } };
      await waitFor(async () => {
        const { total } = await api.must<Batch>('POST', '/v1/runs/retry?dryRun=true', query);
        return total === TOTAL ? true : null;
      }, 60_000);
      const asked = await api.must<Batch>('POST', '/v1/runs/retry', query);
      const path = `/v1/runs/batches/${asked.id}`;
      const stopped = await api.must<Batch>('POST', `${path}/cancel`);
      expect(['cancelling', 'cancelled']).toContain(stopped.status);
      const over = await waitFor(async () => {
        const found = await api.must<Batch>('GET', path);
        return found.finishedAt === null ? null : found;
      }, 60_000);
      expect([over.status, over.total]).toEqual(['cancelled', TOTAL]);
      expect(over.done).toBeLessThan(TOTAL);
      const retried = async (): Promise<number> => {
        let count = 0;
        for (let cursor = ''; ; ) {
          const page = await api.must<{ items: Run[]; nextCursor: string | null }>(
            'GET',
            `/v1/runs?flowId=${flow.id}&limit=200${cursor}`,
          );
          count += page.items.filter(({ retryOf }) => retryOf !== null).length;
          if (page.nextCursor === null) return count;
          cursor = `&cursor=${page.nextCursor}`;
        }
      };
      await waitFor(async () => ((await retried()) === over.done ? true : null), 60_000, 'as many runs as it counts');
      expect(await api.must<Batch>('POST', `${path}/cancel`)).toMatchObject({ status: 'cancelled', done: over.done });
    });
  });
};
