import { type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import { sampleOf, serviceUrls } from '../metrics-page.ts';
import type { Scenarios } from './all.ts';

interface Run {
  status: string;
  steps: { ref: string; status: string }[];
}

const RUNS = 40;
const REFS = ['one', 'two', 'three'];

/** One of two runners dies. Last of all, because what it held stands still until its leases are over. */
export const takeover: Scenarios = (use) => {
  describe('one of two runners is killed', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'takeover');
      // The first call of every other run, and the second of the rest, last until it is found out who makes them.
      const delayMs = (path: string): number => (/^\/(?:one\/\d*[02468]|two\/\d*[13579])$/.test(path) ? 4_000 : 100);
      receiver = await recordingReceiver({
        respond: ({ path }) => ({ status: 200, body: '{}', delayMs: delayMs(path) }),
      });
    });
    afterAll(() => receiver?.close());

    /** Which of the runners makes calls now. */
    async function runnerAtWork(): Promise<string> {
      return waitFor(async () => {
        for (const [name, url] of serviceUrls(use().system)) {
          if (!name.startsWith('runner')) continue;
          if (((await sampleOf(url, 'sluice_run_effects_in_flight')) ?? 0) > 0) return name;
        }
        return null;
      }, 60_000);
    }

    it('FL-05: with kill -9 among its calls: all its runs end, and no call that was recorded is made again', async () => {
      const call = (ref: string) => ({ ref, type: 'http', method: 'POST', url: `${receiver.url}/${ref}/{{ web.n }}` });
      const flow = await api.flow([{ ref: 'web', type: 'webhook' }, ...REFS.map(call)]);
      const trigger = await api.trigger(flow.id);
      const fired = Array.from({ length: RUNS }, (_, n) => api.fire(trigger, { n }));
      const ids = (await Promise.all(fired)).map(({ status, body }) => {
        expect(status).toBe(202);
        return String(body.id);
      });
      await receiver.waitFor(RUNS + RUNS / 2, 60_000);
      use().system.kill9(await runnerAtWork());
      const diedMs = Date.now();
      // Accepted before the run has begun anywhere it may not be there yet.
      const runOf = async (id: string) => (await api.call<Run>('GET', `/v1/runs/${id}`)).body;
      const done = new Set<string>();
      for (const [n, id] of ids.entries())
        for (const { ref, status } of (await runOf(id)).steps ?? [])
          if (status === 'succeeded') done.add(`/${ref}/${n}`);
      expect(done.size).toBeGreaterThanOrEqual(RUNS / 2);
      const statuses = async () => (await Promise.all(ids.map(runOf))).map(({ status }) => status);
      await waitFor(async () => (await statuses()).every((status) => status === 'succeeded'), 120_000, 'all runs');
      console.log(`takeover over Kafka: all ${RUNS} runs ended ${Date.now() - diedMs} ms after the death of a runner`);
      for (const n of ids.keys())
        for (const ref of REFS) {
          const made = receiver.requests.filter(({ path }) => path === `/${ref}/${n}`);
          expect(made.length, `${ref} of run ${n}`).toBeGreaterThanOrEqual(1);
          expect(made.length, `${ref} of run ${n}`).toBeLessThanOrEqual(done.has(`/${ref}/${n}`) ? 1 : 2);
          expect(new Set(made.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
        }
    }, 240_000);
  });
};
