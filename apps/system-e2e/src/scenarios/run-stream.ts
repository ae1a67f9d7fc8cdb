import { waitFor } from '@sluice/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

/** Following a run while it goes on, wherever it goes on. */
export const runStream: Scenarios = (use) => {
  describe('following a run', () => {
    let api: Api;
    let trigger: { id: string; token: string };
    const asTrigger = () => ({ authorization: `Bearer ${trigger.token}` });
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'run-stream');
      const steps = [
        { ref: 'web1', type: 'webhook' },
        { ref: 'nap', type: 'delay', for: 'PT0.5S' },
        { ref: 'm', type: 'set', values: { n: '{{ web1.n }}' } },
      ];
      trigger = await api.trigger((await api.flow(steps)).id);
    });

    it('GW-06: the trigger’s own credential waits for the end of the run, or follows it step by step', async () => {
      const { id } = (await api.fire(trigger, { n: 1 })).body as { id: string };
      const url = `${use().system.url}/v1/runs/${id}`;
      const [stream, poll] = await Promise.all([
        fetch(`${url}/stream`, { headers: asTrigger() }),
        fetch(`${url}?wait=30s`, { headers: asTrigger() }),
      ]);
      expect(await poll.json()).toMatchObject({ status: 'succeeded', result: { n: 1 } });
      const text = await stream.text();
      expect([...text.matchAll(/^event: (\w+)$/gm)].map((match) => match[1]).at(-1)).toBe('end');
      for (const ref of ['web1', 'nap', 'm']) expect(text).toContain(`"ref":"${ref}"`);
      const last = [...text.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1] as string;
      const again = await fetch(`${url}/stream`, { headers: { ...asTrigger(), 'last-event-id': last } });
      expect(again.status).toBe(204);
    });

    it('GW-06: a run that is cancelled while somebody follows it ends the stream', async () => {
      const steps = [
        { ref: 'web1', type: 'webhook' },
        { ref: 'nap', type: 'delay', for: 'PT1H' },
      ];
      const sleeper = await api.trigger((await api.flow(steps)).id);
      const { id } = (await api.fire(sleeper, {})).body as { id: string };
      const text = fetch(`${use().system.url}/v1/runs/${id}/stream`, {
        headers: { authorization: `Bearer ${sleeper.token}` },
      }).then((stream) => stream.text());
      await waitFor(async () => (await api.must('GET', `/v1/runs/${id}`)).status === 'waiting', 60_000);
      await api.must('POST', `/v1/runs/${id}/cancel`);
      expect(await text).toMatch(/event: end\ndata: .*"status":"cancelled"/);
    });
  });
};
