import { type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

interface Run {
  id: string;
  status: string;
  result: unknown;
  error: { code: string; ref: string; path?: string } | null;
  steps: { ref: string; path?: string; status: string }[];
}

const WEBHOOK = { ref: 'web', type: 'webhook' };
const set = (ref: string, values: unknown, more = {}) => ({ ref, type: 'set', values, ...more });

/** Every step that decides what runs, over the wire. */
export const flowLanguage: Scenarios = (use) => {
  describe('the language of flows', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'flow-language');
      receiver = await recordingReceiver({ respond: ({ path }) => ({ status: 200, body: path }) });
    });
    afterAll(() => receiver?.close());

    const call = (ref: string, path: string, more = {}) => ({
      ref,
      type: 'http',
      url: `${receiver.url}${path}`,
      ...more,
    });

    async function ended(flow: { id: string }, input: unknown): Promise<Run> {
      const { id } = await api.must<{ id: string }>('POST', `/v1/flows/${flow.id}/run`, { input });
      let run = await api.must<Run>('GET', `/v1/runs/${id}`);
      await waitFor(async () => {
        run = await api.must<Run>('GET', `/v1/runs/${id}`);
        return !['queued', 'running', 'waiting'].includes(run.status);
      }, 60_000);
      return run;
    }

    it('FL-01: a flow is saved as YAML, its schema is public, and a mistake is told with what was meant', async () => {
      const yaml =
        'name: From YAML\nstatus: active\nsteps:\n  - ref: a\n    type: set\n    values: {sum: "{{ 1 + 1 }}"}\n';
      const saved = await api.call<{ id: string }>('POST', '/v1/flows', yaml, { 'content-type': 'application/yaml' });
      expect(saved.status).toBe(201);
      expect((await ended(saved.body, {})).result).toEqual({ sum: 2 });
      const schema = await fetch(`${use().system.url}/v1/flow-schema.json`);
      expect(await schema.json()).toHaveProperty('$defs.steps.foreach');
      const wrong = await api.call('POST', '/v1/flows', { name: 'x', steps: [{ ref: 'a', type: 'foreech', in: [] }] });
      expect(wrong).toMatchObject({ status: 422 });
      expect(wrong.text).toContain('did you mean \\"foreach\\"?');
    });

    it('FL-04: one expression keeps its kind, text is rendered as Jinja2 does, and a bomb fails its own run only', async () => {
      const values = {
        list: '{{ web.items | selectattr("n", "gt", 1) | map(attribute="n") | list }}',
        text: '{% for item in web.items %}{{ loop.index }}:{{ item.n }}{{ "," if not loop.last }}{% endfor %}',
        missing: '{{ web.nothing.at.all }}',
        said: 'It is {{ true }}, not {{ none }}',
      };
      const flow = await api.flow([WEBHOOK, set('out', values)]);
      const items = [{ n: 1 }, { n: 2 }, { n: 3 }];
      const expected = { list: [2, 3], text: '1:1,2:2,3:3', missing: null, said: 'It is True, not None' };
      const bomb = await api.flow([WEBHOOK, set('out', '{% for i in range(9999) %}{{ "x" * 99999 }}{% endfor %}')]);
      const [good, bad] = await Promise.all([ended(flow, { items }), ended(bomb, {})]);
      expect(good).toMatchObject({ status: 'succeeded', result: expected });
      expect(bad).toMatchObject({ status: 'failed', error: { ref: 'out' } });
    });

    it('FL-02: a flow runs another by its name and gets its result; one that runs itself without end stops by the depth', async () => {
      await api.flow([WEBHOOK, set('twice', '{{ web.n * 2 }}')], { name: 'Double', status: 'active' });
      const child = { ref: 'child', type: 'run_flow', flow: 'Double', input: { n: '{{ web.n }}' } };
      const parent = await ended(await api.flow([WEBHOOK, child, set('out', '{{ child.result + 1 }}')]), { n: 20 });
      expect(parent).toMatchObject({ status: 'succeeded', result: 41 });
      const endless = await api.flow([WEBHOOK, { ...child, flow: '{{ flow.id }}', input: {} }]);
      const run = await ended(endless, {});
      expect(run).toMatchObject({ status: 'failed', error: { code: 'run_flow_failed', ref: 'child' } });
    });

    it('FL-02: foreach with calls side by side keeps the order; its steps are told apart by their path', async () => {
      const each = { ref: 'each', type: 'foreach', in: '{{ web }}', parallel: 4, steps: [call('c', '/{{ item }}')] };
      const run = await ended(await api.flow([WEBHOOK, { ...each, collect: '{{ c.body }}' }]), [
        'a',
        'b',
        'c',
        'd',
        'e',
      ]);
      expect(run.result).toEqual(['/a', '/b', '/c', '/d', '/e']);
      expect(
        run.steps
          .filter(({ ref }) => ref === 'c')
          .map(({ path }) => path)
          .toSorted(),
      ).toEqual([0, 1, 2, 3, 4].map((index) => `each[${index}].c`));
    });

    it('FL-02: parallel branches, switch, and a loop of 10,000 items', async () => {
      const branches = {
        call: [call('l', '/left')],
        loop: [
          { ref: 'many', type: 'foreach', in: '{{ range(10000) }}', collect: false, steps: [set('x', '{{ item }}')] },
        ],
      };
      const kind = {
        ref: 'kind',
        type: 'switch',
        on: '{{ both.loop.count }}',
        cases: [{ equals: 10_000, steps: [set('yes', '{{ both.call.body }}')] }],
      };
      expect(
        (await ended(await api.flow([WEBHOOK, { ref: 'both', type: 'parallel', branches }, kind]), {})).result,
      ).toBe('/left');
    });

    it('FL-02: respond answers early, and the run goes on', async () => {
      const early = {
        ref: 'early',
        type: 'respond',
        status: 201,
        headers: { 'X-Early': 'yes' },
        body: { got: '{{ web.n }}' },
      };
      const flow = await api.flow([WEBHOOK, early, call('after', '/after-{{ web.n }}')], {
        response: { mode: 'sync' },
      });
      const answer = await api.fire(await api.trigger(flow.id), { n: 7 });
      expect(answer).toMatchObject({ status: 201, body: { got: 7 } });
      expect(answer.headers.get('x-early')).toBe('yes');
      await waitFor(() => receiver.requests.some(({ path }) => path === '/after-7'), 60_000);
    });

    it('FL-03: if, retry, onError goto, and what the flow does when a step has failed for good', async () => {
      const flow = await api.flow(
        [
          WEBHOOK,
          set('skipped', 1, { if: '{{ web.never }}' }),
          set('try', '{{ 1 // 0 }}', { onError: { goto: 'end' } }),
          set('never', 1),
          call('end', '/end', { retry: { maxAttempts: 2, backoff: { type: 'fixed', initial: 'PT0.05S' }, on: [200] } }),
          { ref: 'bad', type: 'fail', message: 'no more' },
        ],
        {
          response: { mode: 'sync' },
          onError: {
            steps: [call('sorry', '/sorry-{{ error.ref }}')],
            response: { status: 503, body: '{{ sorry.body }}' },
          },
        },
      );
      const answer = await api.fire(await api.trigger(flow.id), {});
      expect([answer.status, answer.text]).toEqual([503, '/sorry-bad']);
      const { items } = await api.must<{ items: Run[] }>('GET', `/v1/runs?flowId=${flow.id}`);
      const run = await api.must<Run>('GET', `/v1/runs/${items[0]?.id}`);
      expect(run).toMatchObject({ status: 'failed', error: { code: 'failed_by_flow', ref: 'bad' } });
      expect(Object.fromEntries(run.steps.map(({ ref, status }) => [ref, status]))).toEqual({
        web: 'succeeded',
        skipped: 'skipped',
        try: 'failed',
        end: 'succeeded',
        bad: 'failed',
        sorry: 'succeeded',
      });
      expect(receiver.requests.filter(({ path }) => path === '/end')).toHaveLength(2);
    });
  });
};
