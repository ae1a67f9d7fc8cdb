import { randomBytes } from 'node:crypto';
import { type RecordedRequest, type RecordingReceiver, recordingReceiver, System, waitFor } from '@sluice/testing';
import type { Wiring } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Api } from './api.ts';
import { type SinkSpan, type TraceSink, traceSink } from './trace-sink.ts';

const TIMEOUT_MS = 60_000;
const RETRY = { retry: { schedule: ['PT0S', 'PT0.3S'] } };

const stepsCalling = (url: string) => [
  { ref: 'order', type: 'webhook' },
  { ref: 'called', type: 'http', method: 'POST', url: `${url}/called`, json: { n: '{{ order.n }}' } },
  { ref: 'told', type: 'emit', event: 'order.placed', data: '{{ order }}' },
];

const newContext = () => {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` };
};
const named = (spans: readonly SinkSpan[], name: string) => spans.filter((span) => span.name === name);
const traceparentsAt = (requests: readonly RecordedRequest[], path: string) =>
  requests.filter((request) => request.path === path).map((request) => request.headers.traceparent);

/** OP-01 in one wiring: a trace from the caller to the second attempt, over bus and due-queue. */
export function describeTracing(wiring: Wiring, services: Record<'gateway' | 'runner' | 'dispatcher', string>): void {
  describe(`OP-01, ${wiring}: with an exporter set`, () => {
    let system: System;
    let api: Api;
    let sink: TraceSink;
    let receiver: RecordingReceiver;
    let trigger: { id: string; token: string };
    beforeAll(async () => {
      sink = await traceSink();
      receiver = await recordingReceiver();
      system = await System.start(wiring, { env: { ...sink.environment, SLUICE_LOG_LEVEL: 'info' } });
      api = await Api.ofFreshApp(system, 'tracing');
      trigger = await api.trigger((await api.flow(stepsCalling(receiver.url))).id);
      await api.endpoint(`${receiver.url}/flaky`, ['order.placed'], RETRY);
    });
    afterAll(async () => {
      await system.remove();
      await receiver.close();
      await sink.close();
    });

    /** Fires the trigger; the first attempt fails, so the second comes out of the due-queue. */
    async function fireAndRetry(headers: Record<string, string>): Promise<{ id: string; attempts: RecordedRequest[] }> {
      let failures = 0;
      receiver.clear();
      receiver.respond(({ path }) => (path === '/flaky' && failures++ < 1 ? { status: 503 } : {}));
      const accepted = await api.fire(trigger, { n: 1 }, headers);
      expect(accepted.status).toBe(202);
      const attempts = await waitFor(() => {
        const seen = receiver.requests.filter(({ path }) => path === '/flaky');
        return seen.length === 2 ? seen : null;
      }, TIMEOUT_MS);
      return { id: String(accepted.body.id), attempts };
    }

    const traceWithBothAttempts = (traceId: string) =>
      waitFor(() => {
        const spans = sink.ofTrace(traceId);
        const isComplete =
          named(spans, 'deliver order.placed').length === 2 &&
          named(spans, 'trigger').length === 1 &&
          spans.length >= 6;
        return isComplete ? spans : null;
      }, TIMEOUT_MS);

    it('one trace leads from the caller’s span over bus and queue to both attempts, without a missing link', async () => {
      const caller = newContext();
      const { attempts } = await fireAndRetry({ traceparent: caller.traceparent });
      const spans = await traceWithBothAttempts(caller.traceId);
      const byId = new Map(spans.map((span) => [span.spanId, span]));
      const orphans = spans.filter((span) => span.parentSpanId !== caller.spanId && !byId.has(span.parentSpanId));
      expect(orphans).toEqual([]);
      const roots = spans.filter((span) => span.parentSpanId === caller.spanId);
      expect(roots.map((span) => span.name)).toEqual(['trigger']);

      const deliveries = named(spans, 'deliver order.placed');
      expect(deliveries.map((span) => span.failed).sort()).toEqual([false, true]);
      for (const delivery of deliveries) {
        const path: string[] = [];
        for (let span = byId.get(delivery.parentSpanId); span; span = byId.get(span.parentSpanId)) path.push(span.name);
        expect(path).toEqual(['dispatcher.record', 'runner.run', 'trigger']);
      }
      const sent = attempts.map((attempt) => attempt.headers.traceparent);
      expect([...sent].sort()).toEqual(deliveries.map((span) => `00-${caller.traceId}-${span.spanId}-01`).sort());
    });

    it('the call of an http step is a span of the run, and what it calls gets its traceparent', async () => {
      const caller = newContext();
      await fireAndRetry({ traceparent: caller.traceparent });
      const spans = await traceWithBothAttempts(caller.traceId);
      const [call] = named(spans, 'runner.http');
      const [run] = named(spans, 'runner.run');
      expect(call?.parentSpanId).toBe(run?.spanId);
      expect(traceparentsAt(receiver.requests, '/called')).toEqual([`00-${caller.traceId}-${call?.spanId}-01`]);
    });

    it('each service is named as what it is', async () => {
      const caller = newContext();
      await fireAndRetry({ traceparent: caller.traceparent });
      const spans = await traceWithBothAttempts(caller.traceId);
      const serviceOf = (name: string) => [...new Set(named(spans, name).map((span) => span.service))];
      expect(serviceOf('trigger')).toEqual([services.gateway]);
      expect(serviceOf('runner.run')).toEqual([services.runner]);
      expect(serviceOf('deliver order.placed')).toEqual([services.dispatcher]);
    });

    it('the request, the run and the log line of the failed attempt show the trace', async () => {
      const caller = newContext();
      const { id } = await fireAndRetry({ traceparent: caller.traceparent });
      const request = await waitFor(async () => {
        const answer = await api.call('GET', `/v1/requests/${id}`);
        return answer.status === 200 ? answer.body : null;
      }, TIMEOUT_MS);
      expect(request.traceId).toBe(caller.traceId);
      expect((await api.must(`GET`, `/v1/runs/${id}`)).traceId).toBe(caller.traceId);
      const line = await waitFor(
        () => system.log.split('\n').find((each) => each.includes(caller.traceId) && each.includes('attempt 1 of')),
        TIMEOUT_MS,
        'the log line',
      );
      const spans = await traceWithBothAttempts(caller.traceId);
      const failed = named(spans, 'deliver order.placed').find((span) => span.failed);
      expect(JSON.parse(line)).toMatchObject({ level: 'info', traceId: caller.traceId, spanId: failed?.spanId });
    });

    it('without a caller’s traceparent the request is the root, and an unusable one is not believed', async () => {
      const { attempts } = await fireAndRetry({ traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` });
      const traceId = String(attempts[0]?.headers.traceparent).split('-')[1] as string;
      const spans = await traceWithBothAttempts(traceId);
      expect(spans.filter((span) => span.parentSpanId === '').map((span) => span.name)).toEqual(['trigger']);
    });

    it('a caller who does not sample is not recorded, and its trace is passed on all the same', async () => {
      const caller = newContext();
      const { attempts } = await fireAndRetry({ traceparent: `00-${caller.traceId}-${caller.spanId}-00` });
      for (const { headers } of attempts) expect(headers.traceparent).toMatch(`00-${caller.traceId}-`);
      expect(attempts[0]?.headers.traceparent).toMatch(/-00$/);
      expect(sink.ofTrace(caller.traceId)).toEqual([]);
    });

    it('what is not sent yet when the process is told to stop is sent before it ends', async () => {
      await system.stop();
      await system.launch({ OTEL_BSP_SCHEDULE_DELAY: '60000' });
      const caller = newContext();
      await fireAndRetry({ traceparent: caller.traceparent });
      expect(sink.ofTrace(caller.traceId)).toEqual([]);
      expect(await system.stop()).toBe(0);
      expect(named(sink.ofTrace(caller.traceId), 'deliver order.placed')).toHaveLength(2);
    });
  });
}
