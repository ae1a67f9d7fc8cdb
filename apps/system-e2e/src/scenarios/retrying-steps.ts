import { type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

const PATIENCE_MS = 60_000;

interface Run {
  id: string;
  status: string;
  result: unknown;
  error: unknown;
  steps: { ref: string; status: string; output: { url?: string } | null; takenFrom?: string | null }[];
}

/** In the order in which they run. Between the last two a run waits for its callback, by a link of its own. */
const REFS = [
  'web',
  'call',
  'calc',
  'pick',
  'child',
  'nap',
  'told',
  'hook',
  'each',
  'both',
  'ask',
  'link',
  'end',
] as const;

/** A run is done again from each kind of step (FL-06). */
export const retryingSteps: Scenarios = (use) => {
  describe('a retry from any step', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    let first: Run;
    const sent = (path: string): number => receiver.requests.filter((each) => each.path === path).length;
    const callsOf = (): Record<string, number> => ({
      call: sent('/call'),
      hook: sent('/hook'),
      each: sent('/each'),
      both: sent('/both'),
    });

    /** Says yes to what asks and pays what waits to be paid, until the run has ended. */
    async function ended(id: string): Promise<Run> {
      return waitFor(async () => {
        const run = await api.must<Run>('GET', `/v1/runs/${id}`);
        if (['succeeded', 'failed', 'cancelled', 'timed_out'].includes(run.status)) return run;
        const waits = run.status === 'waiting' ? run.steps.find(({ status }) => status === 'waiting')?.ref : null;
        // Whoever is late here finds it decided already.
        if (waits === 'ask') await api.call('POST', `/v1/runs/${id}/approvals/ask`, { decision: 'approve' });
        if (waits === 'paid') {
          const url = run.steps.find(({ ref }) => ref === 'link')?.output?.url as string;
          await fetch(url, { method: 'POST', body: '{"sum":7}', headers: { 'content-type': 'application/json' } });
        }
        return null;
      }, PATIENCE_MS);
    }

    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'retrying-steps');
      receiver = await recordingReceiver();
      receiver.respond({ status: 200, body: '{"ok":true}', headers: { 'content-type': 'application/json' } });
      const url = (path: string): string => `${receiver.url}${path}`;
      await api.must('POST', '/v1/endpoints', {
        kind: 'inline',
        name: 'Hook',
        hookType: 'PROVISION',
        url: url('/hook'),
      });
      const double = { ref: 'out', type: 'set', values: '{{ web.n * 2 }}' };
      await api.flow([{ ref: 'web', type: 'webhook' }, double], { name: 'Double', status: 'active' });
      const request = (ref: string, path: string) => ({ ref, type: 'http', method: 'POST', url: url(path), json: {} });
      const set = (ref: string, values: unknown) => ({ ref, type: 'set', values });
      const flow = await api.flow([
        { ref: 'web', type: 'webhook' },
        request('call', '/call'),
        { ref: 'calc', type: 'code', source: 'return input.n + 1;', input: { n: '{{ web.n }}' } },
        {
          ref: 'pick',
          type: 'switch',
          on: '{{ web.n }}',
          cases: [{ equals: 1, steps: [set('picked', 'one')] }],
          default: [set('other', 'other')],
        },
        { ref: 'child', type: 'run_flow', flow: 'Double', input: { n: '{{ calc }}' } },
        { ref: 'nap', type: 'delay', for: 'PT0.1S' },
        { ref: 'told', type: 'emit', event: 'retry.told', data: {} },
        { ref: 'hook', type: 'call_webhook', endpoint: 'Hook', payload: {} },
        { ref: 'each', type: 'foreach', in: [1, 2], as: 'item', steps: [request('one', '/each')] },
        { ref: 'both', type: 'parallel', branches: { a: [request('left', '/both')], b: [request('right', '/both')] } },
        { ref: 'ask', type: 'approval', message: 'Go on?', to: ['ann@example.org'], timeout: 'PT10M' },
        set('link', { url: '{{ callbacks.paid }}' }),
        { ref: 'paid', type: 'wait_for_callback', timeout: 'PT10M' },
        set('end', {
          call: '{{ call.status }}',
          calc: '{{ calc }}',
          child: '{{ child.result }}',
          each: '{{ each | length }}',
          asked: '{{ ask.approved }}',
          paid: '{{ paid.sum }}',
        }),
      ]);
      const { id } = await api.must<Run>('POST', `/v1/flows/${flow.id}/run`, { input: { n: 1 } });
      first = await ended(id);
    });
    afterAll(() => receiver?.close());

    it('FL-06: the run itself comes to its end', () => {
      expect([first.status, first.error]).toEqual(['succeeded', null]);
      expect(first.result).toMatchObject({ call: 200, calc: 2, child: 4, each: 2, asked: true, paid: 7 });
      expect(callsOf()).toEqual({ call: 1, hook: 1, each: 2, both: 2 });
    });

    it.each(REFS)(
      'FL-06: from %s: what stands before it is taken over, it and what follows is done again',
      async (from) => {
        const before = callsOf();
        const again = await api.must<Run>('POST', `/v1/runs/${first.id}/retry`, { from });
        const run = await ended(again.id);
        expect([run.status, run.error, run.result]).toEqual(['succeeded', null, first.result]);
        const place = REFS.indexOf(from);
        const after = callsOf();
        for (const [ref, times] of Object.entries({ call: 1, hook: 1, each: 2, both: 2 })) {
          const isDoneAgain = REFS.indexOf(ref as 'call') >= place;
          expect([ref, (after[ref] ?? 0) - (before[ref] ?? 0)]).toEqual([ref, isDoneAgain ? times : 0]);
        }
        const taken = REFS.filter((ref) => run.steps.some((each) => each.ref === ref && each.takenFrom === first.id));
        // What a webhook step puts out is the input, which every run has itself.
        expect(taken).toEqual(REFS.slice(0, place).filter((ref) => ref !== 'web'));
      },
    );
  });
};
