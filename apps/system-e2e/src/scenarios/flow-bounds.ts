import { type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

interface Run {
  id: string;
  status: string;
  result: unknown;
  error: { code: string; message: string } | null;
  stepsOmitted?: number;
  steps: { ref: string; status: string; output: unknown; nextAttemptAt: string | null }[];
}

/** Of every fresh deployment; no other scenario uses it. */
const DEFAULT_APP = '00000000-0000-7000-8000-00000000da00';
const DEFAULT_APP_RUNS = 3;
/** What the shared system is started with. */
export const APP_CONCURRENCY = `${DEFAULT_APP}=${DEFAULT_APP_RUNS}`;
const WEBHOOK = { ref: 'web', type: 'webhook' };
const OPEN = ['queued', 'running', 'waiting'];

/** Long loops, flows that call each other, answers that are large, and what is full. */
export const flowBounds: Scenarios = (use) => {
  describe('the bounds of flows', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'flow-bounds');
      receiver = await recordingReceiver({ respond: ({ path }) => ({ status: 200, body: path }) });
    });
    afterAll(() => receiver?.close());

    const begin = async (flow: { id: string }, input: unknown = {}, by = api): Promise<string> =>
      (await by.must<Run>('POST', `/v1/flows/${flow.id}/run`, { input })).id;
    const run = (id: string, by = api): Promise<Run> => by.must<Run>('GET', `/v1/runs/${id}`);
    const becomes = (id: string, isThere: (run: Run) => boolean): Promise<Run> =>
      waitFor(async () => {
        const found = await run(id);
        return isThere(found) ? found : null;
      }, 60_000);
    const ended = (id: string): Promise<Run> => becomes(id, ({ status }) => !OPEN.includes(status));

    it('FL-02: a loop of 1,000 calls ends whole and in order; the run shows the first and the last of them', async () => {
      const call = { ref: 'c', type: 'http', url: `${receiver.url}/{{ item }}` };
      const each = { ref: 'each', type: 'foreach', in: '{{ range(1000) }}', parallel: 50, collect: '{{ c.body }}' };
      const last = { ref: 'last', type: 'set', values: ['{{ each | length }}', '{{ each[0] }}', '{{ each[999] }}'] };
      const flow = await api.flow([
        WEBHOOK,
        { ...each, steps: [call, { ref: 'x', type: 'emit', event: 'x.y' }] },
        last,
      ]);
      const done = await ended(await begin(flow));
      expect(done).toMatchObject({
        status: 'succeeded',
        result: [1000, '/0', '/999'],
        stepsOmitted: expect.any(Number),
      });
      expect(new Set(receiver.requests.map(({ path }) => path)).size).toBe(1_000);
    });

    it('FL-02: flows that would call each other in every run are refused when the circle is saved', async () => {
      const calling = (name: string) => [WEBHOOK, { ref: 'c', type: 'run_flow', flow: name }];
      const first = await api.flow([WEBHOOK], { name: 'Round A', status: 'active' });
      await api.flow(calling('Round A'), { name: 'Round B', status: 'active' });
      const closing = await api.call('PATCH', `/v1/flows/${first.id}`, { steps: calling('Round B'), status: 'active' });
      expect([closing.status, closing.body.errors]).toEqual([
        422,
        [{ pointer: '/steps/1/flow', message: expect.stringContaining('"Round A" → "Round B" → "Round A"') }],
      ]);
    });

    it('FL-02: of flows saved at one moment that would close a circle together one is refused', async () => {
      const names = ['Moment A', 'Moment B', 'Moment C'];
      const flows: { id: string }[] = [];
      for (const name of names) flows.push(await api.flow([WEBHOOK], { name, status: 'active' }));
      const answers = await Promise.all(
        flows.map(({ id }, index) => {
          const steps = [WEBHOOK, { ref: 'c', type: 'run_flow', flow: names[(index + 1) % names.length] }];
          return api.call('PATCH', `/v1/flows/${id}`, { steps, status: 'active' });
        }),
      );
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 422]);
    });

    it('ET-10: a flow cannot emit an event of Sluice’s own, neither as it stands nor by a template', async () => {
      const told = { ref: 'told', type: 'emit', event: 'Flow.Executed', data: {} };
      const refused = await api.call('POST', '/v1/flows', { name: 'Feigned', steps: [WEBHOOK, told] });
      expect([refused.status, refused.body.errors]).toEqual([
        422,
        [{ pointer: '/steps/1/event', message: expect.stringContaining('"Flow.Executed" is an event of Sluice') }],
      ]);
      const made = await api.flow([WEBHOOK, { ...told, event: 'Flow.{{ web.what }}' }]);
      const [feigned, own] = await Promise.all([begin(made, { what: 'Executed' }), begin(made, { what: 'Shipped' })]);
      expect(await ended(feigned)).toMatchObject({ status: 'failed', error: { code: 'built_in_event_type' } });
      expect(await ended(own)).toMatchObject({ status: 'succeeded' });
    });

    it('FL-02 set, code: an output over 256 KiB is a file of the run that later steps read, one over the limit ends the step', async () => {
      const text = { ref: 'text', type: 'set', values: "{{ 'x' * 400000 }}" };
      const code = { ref: 'js', type: 'code', source: 'return "y".repeat(500_000)', timeout: 'PT10S' };
      const lengths = { ref: 'n', type: 'set', values: ['{{ text | length }}', '{{ js | length }}'] };
      const done = await ended(await begin(await api.flow([WEBHOOK, text, code, lengths])));
      expect(done).toMatchObject({ status: 'succeeded', result: [400_000, 500_000] });
      for (const step of done.steps.slice(1, 3)) {
        const { payloadId } = step.output as { payloadId: string };
        const file = await api.call('GET', `/v1/runs/${done.id}/files/${payloadId}`);
        expect(file.text).toMatch(/^"[xy]{400000,}"$/);
      }
      const tooMuch = { ...code, source: 'return "y".repeat(2_000_000)' };
      expect(await ended(await begin(await api.flow([WEBHOOK, tooMuch])))).toMatchObject({
        status: 'failed',
        error: { code: 'code_result_too_large', message: expect.stringContaining('1048576') },
      });
    });

    it('FL-07: limited flows that wait for each other in a circle all end', async () => {
      const limit = { concurrency: { limit: 1 }, status: 'active' };
      const together = { ref: 'together', type: 'delay', for: 'PT0.5S', if: '{{ web.deep is undefined }}' };
      const calling = (name: string) => [
        WEBHOOK,
        together,
        { ref: 'c', type: 'run_flow', flow: name, input: { deep: true }, if: '{{ web.deep is undefined }}' },
        { ref: 'out', type: 'set', values: '{{ flow.name }}' },
      ];
      const flows = [
        await api.flow(calling('Ring B'), { name: 'Ring A', ...limit }),
        await api.flow(calling('Ring A'), { name: 'Ring B', ...limit }),
      ];
      const ids = await Promise.all(flows.map((flow) => begin(flow)));
      const runs = await Promise.all(ids.map(ended));
      expect(runs.map(({ status, result }) => [status, result])).toEqual([
        ['succeeded', 'Ring A'],
        ['succeeded', 'Ring B'],
      ]);
    });

    it('FL-06: a retry is tried without beginning anything', async () => {
      const flow = await api.flow([WEBHOOK, { ref: 'a', type: 'set', values: 1 }, { ref: 'bad', type: 'fail' }]);
      const { id } = await ended(await begin(flow));
      const dry = await api.call('POST', `/v1/runs/${id}/retry?dryRun=true`, {});
      expect(dry).toMatchObject({ status: 202, body: { retryOf: id } });
      const wrong = await api.call('POST', `/v1/runs/${id}/retry?dryRun=true`, { from: 'nope' });
      expect([wrong.status, wrong.body.code]).toEqual([422, 'step_not_reached']);
      expect((await api.must<{ items: unknown[] }>('GET', `/v1/runs?retryOf=${id}`)).items).toEqual([]);
    });

    it('FL-03: a run whose step waits for its next attempt is waiting, as long as Retry-After says, and can be cancelled', async () => {
      const busy = await recordingReceiver({ respond: () => ({ status: 503, headers: { 'retry-after': '3600' } }) });
      const retry = { maxAttempts: 3, backoff: 'PT0.01S' };
      const id = await begin(await api.flow([WEBHOOK, { ref: 'c', type: 'http', url: busy.url, retry }]));
      const waiting = await becomes(id, ({ status }) => status === 'waiting');
      expect(waiting.steps[1]).toMatchObject({ ref: 'c', status: 'retrying', output: { status: 503 } });
      const inMs = Date.parse(waiting.steps[1]?.nextAttemptAt ?? '') - Date.now();
      expect(inMs).toBeGreaterThan(3_000_000);
      await api.must('POST', `/v1/runs/${id}/cancel`);
      expect((await ended(id)).status).toBe('cancelled');
      expect(busy.requests).toHaveLength(1);
      await busy.close();
    });

    it('FL-02 http: an answer of 1 MiB is read and kept as a file of the run, a larger one ends the step and says what else there is', async () => {
      const large = await recordingReceiver({
        respond: ({ path }) => ({ status: 200, body: 'x'.repeat(Number(path.slice(1))) }),
      });
      const of = async (bytes: number) => {
        const call = { ref: 'c', type: 'http', url: `${large.url}/${bytes}` };
        return ended(
          await begin(await api.flow([WEBHOOK, call, { ref: 'n', type: 'set', values: '{{ c.body | length }}' }])),
        );
      };
      const [kept, refused] = await Promise.all([of(1_048_576), of(1_048_577)]);
      expect(kept).toMatchObject({ status: 'succeeded', result: 1_048_576 });
      const stored = kept.steps[1]?.output as { payloadId: string } | undefined;
      const file = await api.call('GET', `/v1/runs/${kept.id}/files/${stored?.payloadId}`);
      expect((JSON.parse(file.text) as { body: string }).body).toHaveLength(1_048_576);
      const error = { code: 'answer_too_large', message: expect.stringContaining('"answer": "file"') };
      expect(refused).toMatchObject({ status: 'failed', error });
      await large.close();
    });

    it('FL-07: runs beyond the limit of their app are queued, whatever their flow, and begin when another one ends', async () => {
      const ours = Api.ofApp(use().system, DEFAULT_APP);
      const nap = [{ ref: 'nap', type: 'delay', for: 'PT1H' }];
      const flows = [await ours.flow(nap), await ours.flow(nap)];
      const ids: string[] = [];
      for (let n = 0; n < DEFAULT_APP_RUNS + 2; n++) ids.push(await begin(flows[n % 2] as { id: string }, {}, ours));
      const statuses = async () => (await Promise.all(ids.map((id) => run(id, ours)))).map(({ status }) => status);
      const full = [...Array.from({ length: DEFAULT_APP_RUNS }, () => 'waiting'), 'queued', 'queued'];
      await waitFor(
        async () => (await statuses()).filter((each) => each === 'waiting').length === DEFAULT_APP_RUNS,
        60_000,
      );
      expect((await statuses()).toSorted().toReversed()).toEqual(full);
      const holder = (await statuses()).indexOf('waiting');
      await ours.must('POST', `/v1/runs/${ids[holder]}/cancel`);
      await waitFor(async () => (await statuses()).filter((each) => each === 'queued').length === 1, 60_000);
      for (const { id } of flows) await ours.must('POST', '/v1/runs/cancel', { query: { flowId: id } });
      await waitFor(async () => (await statuses()).every((status) => status === 'cancelled'), 60_000);
    });
  });
};
