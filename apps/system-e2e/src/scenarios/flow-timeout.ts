import type { System } from '@sluice/testing';
import { describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import { FlowWebhook, type WebhookRun } from '../flow-webhook.ts';
import type { ScenarioContext, Scenarios } from './all.ts';

interface SlowCall {
  api: Api;
  hook: FlowWebhook;
  answer: Promise<{ status: number; location: string | null; text: string; ms: number }>;
}

const begun = new WeakMap<System, Promise<SlowCall>>();

/** One call that takes longer than callers wait; begun early, its half minute passes while other scenarios run. */
export function slowCallOf({ system }: ScenarioContext): Promise<SlowCall> {
  let call = begun.get(system);
  if (call === undefined) {
    call = begin(system);
    begun.set(system, call);
  }
  return call;
}

async function begin(system: System): Promise<SlowCall> {
  const api = await Api.ofFreshApp(system, 'flow-timeout');
  const steps = [
    { ref: 'web1', type: 'webhook' },
    // Beyond what the caller waits by more than a busy machine is late.
    { ref: 'nap', type: 'delay', for: 'PT40S' },
  ];
  const hook = await FlowWebhook.of(api, steps, { response: { body: '{{ web1 | tojson }}' } });
  const from = Date.now();
  const answer = hook.call({ body: '{"n":1}' }).then(async (got) => {
    const text = await got.text();
    return { status: got.status, location: got.headers.get('location'), text, ms: Date.now() - from };
  });
  // Whoever awaits it sees the error; nobody does when only other tests were asked for.
  answer.catch(() => undefined);
  return { api, hook, answer };
}

/** Listed last. */
export const flowTimeout: Scenarios = (use) => {
  describe('profile flow, in the end', () => {
    it('LC-13: after 30 seconds the answer is 408, and the run goes on to its end', { timeout: 90_000 }, async () => {
      const { api, hook, answer } = await slowCallOf(use());
      const { status, location, text, ms } = await answer;
      expect([status, JSON.parse(text)]).toMatchObject([408, { status: 408, error: 'answer_timeout' }]);
      expect(ms).toBeGreaterThanOrEqual(29_900);
      const [run] = await hook.runs();
      expect(location).toBe(`${use().system.url}/v1/runs/${run?.id}`);
      const ended = await api.must<WebhookRun>('GET', `/v1/runs/${run?.id}?wait=30s`);
      expect([ended.status, ended.input]).toEqual(['succeeded', { n: 1 }]);
    });
  });
};
