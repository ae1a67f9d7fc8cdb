import { type RecordingReceiver, recordingReceiver } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

/** Runs with a key execute one after another, whichever replica accepts, carries or runs them. */
export const ordering: Scenarios = (use) => {
  describe('the order of runs', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'ordering');
      receiver = await recordingReceiver();
    });
    afterAll(() => receiver?.close());

    const call = () => ({ ref: 'res', type: 'http', url: `${receiver.url}/{{ web1.key }}`, json: '{{ web1.n }}' });
    const WEBHOOK = { ref: 'web1', type: 'webhook' };

    async function endOf(runId: string): Promise<string> {
      return String((await api.must('GET', `/v1/runs/${runId}?wait=30s`)).status);
    }

    it('GW-10: runs of a key call one after another in the order of acceptance, another key goes past', async () => {
      const open = new Map<string, number>();
      let most = 0;
      receiver.respond(async ({ path }) => {
        open.set(path, (open.get(path) ?? 0) + 1);
        most = Math.max(most, open.get(path) ?? 0);
        await new Promise((resolve) => setTimeout(resolve, 20));
        open.set(path, (open.get(path) ?? 0) - 1);
        return { status: 204 };
      });
      const flow = await api.flow([WEBHOOK, call()]);
      const trigger = await api.trigger(flow.id, { ordering: '{{ body.key }}' });
      const slow = await api.flow([WEBHOOK, { ref: 'nap', type: 'delay', for: 'PT1H' }]);
      const held = await api.trigger(slow.id, { ordering: '{{ body.key }}' });
      const head = String((await api.fire(held, { key: 'held' })).body.id);
      const behind = String((await api.fire(trigger, { key: 'held', n: 0 })).body.id);
      const runs: string[] = [];
      for (let n = 0; n < 12; n++) runs.push(String((await api.fire(trigger, { key: 'line', n })).body.id));
      expect(new Set(await Promise.all(runs.map(endOf)))).toEqual(new Set(['succeeded']));
      const calls = receiver.requests.filter(({ path }) => path === '/line');
      expect(calls.map(({ text }) => Number(text))).toEqual(Array.from({ length: 12 }, (_, n) => n));
      expect(most).toBe(1);
      // What waits for a held key is neither lost nor run; its key is free when the head ends.
      expect(await api.must('GET', `/v1/runs/${behind}`)).toMatchObject({ status: 'queued' });
      await api.must('POST', `/v1/runs/${head}/cancel`);
      expect(await endOf(behind)).toBe('succeeded');
    });
  });
};
