import { derivedId } from '@sluice/contracts';
import { describe, expect, test } from 'vitest';
import { afterEffect, at, begin, dataOf, effectOf, flowOf, RUN_ID, typesOf } from './decider.fixture.ts';
import type { Begun } from './decider.fixture.ts';
import type { Next } from './decision.ts';
import { advance } from './run.decider.ts';
import { MAX_CUT_SHORT } from './run-limits.ts';
import { foldRun } from './run-state.ts';

const CALL = {
  ref: 'res',
  type: 'http',
  method: 'POST',
  url: 'https://example.org/{{ web1.id }}',
  json: { id: '{{ web1.id }}' },
};
const WEBHOOK = { ref: 'web1', type: 'webhook' };
const AFTER = { ref: 'after', type: 'set', values: { ok: '{{ res.ok }}', status: '{{ res.status }}' } };
const answer = (status: number) => ({ ok: status < 300, status, headers: {}, body: { a: 1 } });

/** The run as another process would load it. */
function reloaded(begun: Begun) {
  return foldRun(RUN_ID, JSON.parse(JSON.stringify(begun.events)) as { type: string; data: unknown }[]);
}

describe('an effect', () => {
  test('is recorded as begun before it leaves, with what will be sent and a key of its own', () => {
    const { events, next } = begin(flowOf([WEBHOOK, CALL, AFTER]), { id: 9 });
    expect(typesOf(events)).toEqual(['RunStarted', 'StepStarted']);
    expect(dataOf(events, 'StepStarted')).toMatchObject({
      ref: 'res',
      attempt: 1,
      idempotencyKey: derivedId('step', RUN_ID, 'res'),
      input: { method: 'POST', url: 'https://example.org/9', json: { id: 9 } },
    });
    expect(effectOf(next)).toMatchObject({ attempt: 1 });
  });

  test('is completed by its answer, and the steps after it follow in the same append', () => {
    const begun = begin(flowOf([WEBHOOK, CALL, AFTER]), { id: 9 });
    const effect = effectOf(begun.next);
    const { events, next } = afterEffect(
      begun.flow,
      begun.run,
      effect,
      { output: answer(200), error: null, retryable: false },
      at(1),
    );
    expect(typesOf(events)).toEqual(['StepCompleted', 'StepCompleted', 'RunFinished']);
    expect(begun.run.steps.get('after')?.output).toEqual({ ok: true, status: 200 });
    expect(begun.run.steps.get('res')).toMatchObject({ startedAt: at(0).iso, finishedAt: at(1).iso });
    expect(next.kind).toBe('finished');
  });

  test('that was answered with an error completes the step: the flow decides what it means', () => {
    const begun = begin(flowOf([WEBHOOK, CALL, AFTER]), {});
    const effect = effectOf(begun.next);
    const result = { output: answer(503), error: { code: 'http_status', message: '503' }, retryable: true };
    afterEffect(begun.flow, begun.run, effect, result, at(1));
    expect(begun.run.steps.get('after')?.output).toEqual({ ok: false, status: 503 });
    expect(begun.run.finished?.status).toBe('succeeded');
  });

  test('without an answer fails the step and the run', () => {
    const begun = begin(flowOf([WEBHOOK, CALL, AFTER]), {});
    const result = { error: { code: 'ECONNREFUSED', message: 'connect: refused' }, retryable: true };
    const { events } = afterEffect(begun.flow, begun.run, effectOf(begun.next), result, at(1));
    expect(typesOf(events)).toEqual(['StepFailed', 'RunFinished']);
    expect(dataOf(events, 'RunFinished').error).toEqual({
      code: 'ECONNREFUSED',
      message: 'connect: refused',
      ref: 'res',
    });
  });

  test('without an answer lets the run go on where the step says so', () => {
    const begun = begin(flowOf([WEBHOOK, { ...CALL, onError: 'continue' }, AFTER]), {});
    const result = { error: { code: 'timeout', message: 'too slow' }, retryable: true };
    afterEffect(begun.flow, begun.run, effectOf(begun.next), result, at(1));
    expect(begun.run.steps.get('after')?.output).toEqual({ ok: false, status: null });
    expect(begun.run.finished?.status).toBe('succeeded');
  });

  test('that cannot be rendered fails the step before anything is sent', () => {
    const { events } = begin(flowOf([WEBHOOK, { ...CALL, url: '{{ web1.url }}' }]), { url: 'ftp://x' });
    expect(typesOf(events)).toEqual(['RunStarted', 'StepFailed', 'RunFinished']);
    expect(dataOf(events, 'StepFailed').error).toMatchObject({ code: 'invalid_request', ref: 'res' });
  });

  test('whose answer is too large for an event is stored beside it, and later steps read it', () => {
    const begun = begin(flowOf([WEBHOOK, CALL, { ref: 'n', type: 'set', values: '{{ res.body | length }}' }]), {});
    const output = { ...answer(200), body: 'x'.repeat(300_000) };
    const result = { output, error: null, retryable: false };
    const { events, outputs } = afterEffect(begun.flow, begun.run, effectOf(begun.next), result, at(1));
    const [stored] = outputs;
    expect(JSON.parse(String(stored?.bytes))).toEqual(output);
    const [done] = events.filter(({ type }) => type === 'StepCompleted');
    expect(done?.data).toMatchObject({
      output: { filename: 'res.json', contentType: 'application/json', payloadId: stored?.id },
      payloads: [stored?.id],
      outputStored: true,
    });
    expect(dataOf(events, 'RunFinished')).toMatchObject({ status: 'succeeded', result: 300_000 });
  });

  test('whose answer is too large for an event is tried again without writing it down', () => {
    const retry = { maxAttempts: 2, backoff: 'PT1S' };
    const begun = begin(flowOf([WEBHOOK, { ...CALL, retry }]), {});
    const output = { ...answer(503), body: 'x'.repeat(300_000) };
    const result = { output, error: { code: 'http_status', message: 'no' }, retryable: true };
    const { events } = afterEffect(begun.flow, begun.run, effectOf(begun.next), result, at(1));
    expect(dataOf(events, 'StepFailed')).not.toHaveProperty('output');
    expect(dataOf(events, 'StepFailed').nextAttemptAt).not.toBeNull();
  });

  test('with answers that are more together than a run may have at hand fails the step', () => {
    const calls = [1, 2, 3].map((n) => ({ ...CALL, ref: `c${n}` }));
    const { flow, run, next: first } = begin(flowOf([WEBHOOK, ...calls]), {});
    let next: Next = first;
    let ended: unknown = null;
    for (let n = 0; n < 3; n++) {
      const output = { ...answer(200), body: 'x'.repeat(3 << 20) };
      const settled = afterEffect(flow, run, effectOf(next), { output, error: null, retryable: false }, at(n + 1));
      next = settled.next;
      ended = run.finished?.error ?? null;
    }
    expect(ended).toMatchObject({ code: 'run_too_large', ref: 'c3' });
  });

  test('keeps its trigger for the templates of later steps', () => {
    const trigger = {
      profile: 'native' as const,
      method: 'PUT',
      query: {},
      headers: {},
      receivedAt: at(0).iso,
      props: null,
      replyTo: 'g1',
    };
    const flow = flowOf([WEBHOOK, CALL, { ref: 'm', type: 'set', values: { m: '{{ trigger.method }}' } }]);
    const begun = begin(flow, {}, { trigger });
    expect(dataOf(begun.events, 'RunStarted').trigger).toEqual(trigger);
    const run = reloaded(begun);
    afterEffect(flow, run, effectOf(begun.next), { output: answer(200), error: null, retryable: false }, at(1));
    expect(run.steps.get('m')?.output).toEqual({ m: 'PUT' });
  });
});

describe('retries', () => {
  const flow = flowOf([WEBHOOK, { ...CALL, retry: { maxAttempts: 3, backoff: 'PT2S' } }, AFTER]);
  const away = { error: { code: 'ECONNREFUSED', message: 'refused' }, retryable: true };

  test('wait with a doubling backoff, then give up', () => {
    const begun = begin(flow, {});
    const { run } = begun;
    const effect = effectOf(begun.next);
    expect(afterEffect(flow, run, effect, away, at(1)).next).toEqual({ kind: 'wait', untilMs: at(3).ms });
    expect(advance(flow, run, at(2)).next).toEqual({ kind: 'wait', untilMs: at(3).ms });
    expect(effectOf(advance(flow, run, at(3)).next)).toMatchObject({ attempt: 2 });
    expect(afterEffect(flow, run, effect, away, at(4)).next).toEqual({ kind: 'wait', untilMs: at(8).ms });
    expect(effectOf(advance(flow, run, at(8)).next)).toMatchObject({ attempt: 3 });
    expect(afterEffect(flow, run, effect, away, at(9)).next.kind).toBe('finished');
    expect(run.finished?.status).toBe('failed');
    expect(run.steps.get('res')).toMatchObject({ attempt: 3, failures: 3, status: 'failed' });
  });

  test('use the same idempotency key on every attempt', () => {
    const begun = begin(flow, {});
    const first = effectOf(begun.next);
    afterEffect(flow, begun.run, first, away, at(1));
    const second = effectOf(advance(flow, begun.run, at(3)).next);
    expect(second.idempotencyKey).toBe(first.idempotencyKey);
  });

  test('wait as long as the other side asked for, when that is longer', () => {
    const begun = begin(flow, {});
    const result = {
      output: answer(429),
      error: { code: 'http_status', message: '429' },
      retryable: true,
      retryAfterMs: 60_000,
    };
    const { next, events } = afterEffect(flow, begun.run, effectOf(begun.next), result, at(1));
    expect(next).toEqual({ kind: 'wait', untilMs: at(61).ms });
    expect(dataOf(events, 'StepFailed')).toMatchObject({ nextAttemptAt: at(61).iso, output: answer(429) });
  });

  test('are not made for what will not change', () => {
    const begun = begin(flow, {});
    const result = { error: { code: 'url_not_allowed', message: 'private' }, retryable: false };
    expect(afterEffect(flow, begun.run, effectOf(begun.next), result, at(1)).next.kind).toBe('finished');
  });

  test('end with the last answer as the output, when there was one', () => {
    const once = flowOf([WEBHOOK, { ...CALL, retry: { maxAttempts: 2, backoff: 'PT1S' } }, AFTER]);
    const begun = begin(once, {});
    const result = { output: answer(500), error: { code: 'http_status', message: '500' }, retryable: true };
    const effect = effectOf(begun.next);
    afterEffect(once, begun.run, effect, result, at(1));
    advance(once, begun.run, at(2));
    afterEffect(once, begun.run, effect, result, at(3));
    expect(begun.run.steps.get('after')?.output).toEqual({ ok: false, status: 500 });
  });
});

describe('FL-05: after a crash', () => {
  const flow = flowOf([WEBHOOK, { ...CALL, ref: 'one' }, { ...CALL, ref: 'two', json: { was: '{{ one.status }}' } }]);

  test('the effect in flight is begun again under the same key, the completed one is not', () => {
    const begun = begin(flow, {});
    const done = { output: answer(200), error: null, retryable: false };
    const second = afterEffect(flow, begun.run, effectOf(begun.next), done, at(1));
    const run = foldRun(RUN_ID, JSON.parse(JSON.stringify([...begun.events, ...second.events])));
    const { events, next } = advance(flow, run, at(20));
    expect(typesOf(events)).toEqual(['StepStarted']);
    expect(dataOf(events, 'StepStarted')).toMatchObject({ ref: 'two', attempt: 2, input: { json: { was: 200 } } });
    expect(effectOf(next).idempotencyKey).toBe(effectOf(second.next).idempotencyKey);
  });

  test('an attempt that was cut short does not use up the retries of the step', () => {
    const retried = flowOf([WEBHOOK, { ...CALL, retry: { maxAttempts: 2, backoff: 'PT1S' } }]);
    const begun = begin(retried, {});
    const run = reloaded(begun);
    advance(retried, run, at(20));
    const result = { error: { code: 'ECONNRESET', message: 'reset' }, retryable: true };
    expect(afterEffect(retried, run, effectOf(begun.next), result, at(21)).next.kind).toBe('wait');
  });

  test(`a step whose process dies ${MAX_CUT_SHORT} times is given up`, () => {
    const run = reloaded(begin(flow, {}));
    for (let times = 1; times < MAX_CUT_SHORT; times++) expect(advance(flow, run, at(times)).next.kind).toBe('effects');
    expect(advance(flow, run, at(60)).next.kind).toBe('finished');
    expect(run.finished?.error).toMatchObject({ code: 'outcome_unknown', ref: 'one' });
  });
});

test('a secret is recorded as its template, never as its value', () => {
  const flow = flowOf([
    WEBHOOK,
    {
      ...CALL,
      headers: { 'x-key': '{{ secrets.k }}', 'x-id': '{{ web1.id }}' },
      json: { token: 'Bearer {{ secrets.k }}' },
    },
  ]);
  const { events, next } = begin(flow, { id: 'a' });
  expect(dataOf(events, 'StepStarted').input).toMatchObject({
    headers: { 'x-key': '{{ secrets.k }}', 'x-id': 'a' },
    json: { token: 'Bearer {{ secrets.k }}' },
  });
  expect(effectOf(next).step.interpreter.secretNames).toEqual(['k']);
});
