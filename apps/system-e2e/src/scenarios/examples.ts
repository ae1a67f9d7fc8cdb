import { recordingReceiver, type RecordingReceiver, waitFor } from '@sluice/testing';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Api } from '../api.ts';
import type { Scenarios } from './all.ts';

interface Run {
  id: string;
  status: string;
  result: unknown;
  error: { code: string } | null;
  steps: { ref: string; type: string; status: string; output: unknown }[];
}

const FOLDER = path.resolve(import.meta.dirname, '../../../../examples');
const JSON_TYPE = { 'content-type': 'application/json' };

/** The flows that people start from, each as it stands in `examples/`, and the two step types that nothing else shows. */
export const examples: Scenarios = (use) => {
  describe('the examples', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    beforeAll(async () => {
      [api, receiver] = await Promise.all([Api.ofFreshApp(use().system, 'examples'), recordingReceiver()]);
    });
    beforeEach(() => receiver.clear());
    afterAll(() => receiver?.close());

    const create = async (flow: unknown): Promise<string> => String((await api.must('POST', '/v1/flows', flow)).id);
    const example = (name: string): Promise<string> => {
      const text = readFileSync(path.join(FOLDER, name), 'utf8');
      return create(JSON.parse(text.replaceAll('https://api.example.org', receiver.url)));
    };
    const start = async (flowId: string, input: unknown): Promise<string> =>
      String((await api.must('POST', `/v1/flows/${flowId}/run`, { input })).id);
    const end = (id: string): Promise<Run> =>
      waitFor(async () => {
        const run = (await api.must('GET', `/v1/runs/${id}?wait=20s`)) as unknown as Run;
        return ['succeeded', 'failed', 'cancelled'].includes(run.status) ? run : null;
      }, 60_000);
    const runOf = async (name: string, input: unknown): Promise<Run> => end(await start(await example(name), input));
    const outcomeOf = (run: Run): string[] => run.steps.map(({ ref, status }) => `${ref} ${status}`);
    const sent = () => receiver.requests.map(({ method, path: route, text }) => `${method} ${route} ${text}`.trim());

    it('greet: a small company and a big one', async () => {
      const flow = await example('greet.json');
      const [small, big] = await Promise.all([start(flow, { company_id: 7 }), start(flow, { company_id: 7000 })]);
      expect(outcomeOf(await end(small))).toContain('told_small succeeded');
      expect(await end(big)).toMatchObject({ status: 'succeeded', result: { text: 'Hello 7000' } });
    });

    it('enrich and notify: the company is looked up and people are told', async () => {
      receiver.respond(({ method }) =>
        method === 'GET'
          ? { status: 200, headers: JSON_TYPE, body: '{"name": "ACME", "employees": 900}' }
          : { status: 200 },
      );
      const run = await runOf('enrich-and-notify.json', { email: 'Ann@ACME.example', domain: 'acme.example' });
      expect(run).toMatchObject({ status: 'succeeded', result: { company: 'ACME', priority: 'high' } });
      expect(sent()).toEqual([
        'GET /companies/acme.example',
        'POST /chat {"text":"ann@acme.example of ACME wants to talk"}',
      ]);
    });

    it('order with compensation: a refused payment releases the reservation', async () => {
      const order = { id: 5, sku: 'a', quantity: 1, card: 'c', cents: 950 };
      receiver.respond(({ path: route }) =>
        route === '/charges'
          ? { status: 402, body: 'no funds' }
          : { status: 201, headers: JSON_TYPE, body: '{"id": "r-1"}' },
      );
      const refused = await runOf('order-with-compensation.json', order);
      expect(refused).toMatchObject({ status: 'failed', error: { code: 'payment_refused' } });
      expect(sent().at(-1)).toBe('DELETE /reservations/r-1');
      receiver.respond({ status: 201, headers: JSON_TYPE, body: '{"id": "c-1"}' });
      const paid = await runOf('order-with-compensation.json', order);
      expect(paid).toMatchObject({ status: 'succeeded', result: { order: 5, charge: 'c-1' } });
      expect(outcomeOf(paid)).toContain('released skipped');
    });

    it('daily report: all pages are summed up', async () => {
      receiver.respond(({ method, path: route }) => {
        if (method === 'POST') return { status: 200 };
        const isLast = route.includes('page=2');
        const items = isLast ? [{ id: 'b', total: 20.5 }] : [{ id: 'a', total: 10 }];
        const link: Record<string, string> = isLast ? {} : { link: '</orders?page=2>; rel="next"' };
        return { status: 200, headers: { ...JSON_TYPE, ...link }, body: JSON.stringify({ items }) };
      });
      const run = await runOf('daily-report.json', { days: 1 });
      expect(run).toMatchObject({ status: 'succeeded', result: { count: 2, total: 30.5, best: 'b' } });
      expect(sent().at(-1)).toBe('POST /chat {"text":"2 orders over 30.50, the largest is b"}');
    });

    it('approval by link: the manager approves, and the refund is paid', async () => {
      receiver.respond({ status: 200 });
      const refund = { manager: 'ann@example.org', customer: 'Bo', cents: 950 };
      const id = await start(await example('approval-by-link.json'), refund);
      const [mail] = await receiver.waitFor(1, 60_000);
      const link = /https?:[^" ]+/.exec((JSON.parse(mail?.text ?? '{}') as { text: string }).text)?.[0] as string;
      const decided = await fetch(link, { method: 'POST', headers: JSON_TYPE, body: '{"decision": "approve"}' });
      expect(decided.ok).toBe(true);
      const run = await end(id);
      expect(run.steps.find(({ ref }) => ref === 'decided')?.output).toMatchObject({
        approved: true,
        by: 'ann@example.org',
      });
      expect(sent().at(-1)).toBe(`POST /refunds ${JSON.stringify(refund)}`);
    });

    it('fan-out: each item is sent, and failures are counted', async () => {
      receiver.respond(({ text }) => (text.includes('bad@') ? { status: 400 } : { status: 200 }));
      const recipients = ['a@x.example', 'bad@x.example', 'c@x.example'];
      const run = await runOf('fan-out.json', { text: 'hello', recipients });
      expect(run).toMatchObject({ status: 'succeeded', result: { sent: 2, failed: 1 } });
      expect(receiver.requests).toHaveLength(3);
    });

    it('LC-15: "returns res.value if the request is true and otherwise valid: false in a JSON"', async () => {
      const flowId = await example('conditional-response.json');
      const trigger = { flowId, name: 'example', profile: 'flow', auth: { type: 'none' } };
      const { url } = (await api.must('POST', '/v1/triggers', trigger)) as unknown as { url: string };
      const answerOf = async (body: unknown) => {
        const answer = await fetch(url, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) });
        return [answer.status, answer.headers.get('content-type'), await answer.text()];
      };
      expect(await answerOf({ request: true })).toEqual([200, 'application/json', 'true']);
      expect(await answerOf({ request: { a: [1] } })).toEqual([200, 'application/json', '{"a": [1]}']);
      expect(await answerOf({ request: false })).toEqual([422, 'application/json', '{"valid": false}']);
    });

    it('FL-02 code: runs in the sandbox, a runaway ends, and a file travels from one call to the next', async () => {
      receiver.respond(({ method }) => ({ status: 200, body: method === 'GET' ? 'x'.repeat(300_000) : '' }));
      const flow = await create({
        name: 'Code and files',
        steps: [
          { ref: 'web1', type: 'webhook' },
          { ref: 'spin', type: 'code', source: 'for (;;);', timeout: 'PT0.1S', onError: 'continue' },
          { ref: 'large', type: 'http', url: `${receiver.url}/large`, answer: 'file' },
          { ref: 'sent', type: 'http', url: `${receiver.url}/large`, file: '{{ large.body }}' },
          {
            ref: 'js',
            type: 'code',
            timeout: 'PT10S',
            source: 'console.log(input); return input.n.map((n) => n * 2);',
          },
          {
            ref: 'out',
            type: 'set',
            values: { n: '{{ js }}', spin: '{{ spin.error.code }}', size: '{{ large.body.size }}' },
          },
        ],
      });
      const run = await end(await start(flow, { n: [1, 2] }));
      expect([run.status, run.error, run.result]).toEqual([
        'succeeded',
        null,
        { n: [2, 4], spin: 'code_timeout', size: 300_000 },
      ]);
      expect(run.steps.find(({ ref }) => ref === 'js')).toMatchObject({
        console: [{ level: 'log', text: '{"n":[1,2]}' }],
      });
      expect(receiver.requests.at(-1)?.body).toHaveLength(300_000);
    });
  });
};
