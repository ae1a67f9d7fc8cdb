import { describe, expect, test } from 'vitest';
import { afterEffect, answerOf, at, begin, dataOf, effectOf, flowOf, typesOf } from './decider.fixture.ts';
import { advance } from './run.decider.ts';

const WEBHOOK = { ref: 'web', type: 'webhook' };
const call = (more = {}) => ({ ref: 'call', type: 'http', url: 'https://example.org/', ...more });
const set = (ref: string, values: unknown, more = {}) => ({ ref, type: 'set', values, ...more });
const failed = { error: { code: 'ECONNREFUSED', message: 'refused' }, retryable: true };
const status = (number: number) => ({
  output: { ok: number < 300, status: number, headers: {}, body: null },
  error: number >= 500 ? { code: 'http_status', message: `the answer was ${number}` } : null,
  retryable: number >= 500,
});

describe('FL-02: switch', () => {
  const flow = flowOf([
    WEBHOOK,
    {
      ref: 'kind',
      type: 'switch',
      on: '{{ web.kind }}',
      cases: [
        { equals: 'a', steps: [set('x', 'first')] },
        { equals: '{{ web.also }}', steps: [set('y', 'second')] },
        { equals: { n: [1] }, steps: [set('z', 'third')] },
      ],
      default: [set('o', 'other')],
    },
  ]);

  test.each([
    [{ kind: 'a' }, 'first', 0],
    [{ kind: 7, also: 7 }, 'second', 1],
    [{ kind: { n: [1] }, also: 0 }, 'third', 2],
    [{ kind: { n: ['1'] }, also: 0 }, 'other', 'default'],
    [{ kind: '1', also: 1 }, 'other', 'default'],
  ])('%j runs %s', (input, result, chosen) => {
    const { run } = begin(flow, input);
    expect(run.finished?.result).toBe(result);
    expect(run.steps.get('kind')?.output).toEqual({ case: chosen });
  });
});

describe('FL-03: if', () => {
  test('a step whose condition does not hold is skipped, says so, and its output is null', () => {
    const flow = flowOf([WEBHOOK, set('a', 1), set('b', 2, { if: '{{ web.yes }}' }), set('c', '{{ [a, b] }}')]);
    const skipped = begin(flow, { yes: false });
    expect(skipped.run.steps.get('b')).toMatchObject({ status: 'skipped', output: null });
    expect(skipped.run.finished?.result).toEqual([1, null]);
    expect(begin(flow, { yes: true }).run.finished?.result).toEqual([1, 2]);
  });

  test('a skipped last step leaves the result of the one before', () => {
    expect(begin(flowOf([set('a', 1), set('b', 2, { if: false })])).run.finished?.result).toBe(1);
  });

  test('skips what a step holds, too', () => {
    const { run } = begin(flowOf([{ ref: 'p', type: 'parallel', if: false, branches: [[call()]] }]));
    expect([...run.steps.keys()]).toEqual(['p']);
  });

  test('a condition that cannot be evaluated fails the step', () => {
    expect(begin(flowOf([set('a', 1, { if: '{{ 1 // 0 }}' })])).run.finished?.error).toMatchObject({ ref: 'a' });
  });
});

describe('FL-03: onError', () => {
  const flow = flowOf([
    WEBHOOK,
    set('try', '{{ 1 // web.by }}', { onError: { goto: 'repair' } }),
    set('between', 'between'),
    set('repair', { was: '{{ try.error.code }}', between: '{{ between }}' }),
  ]);

  test('goto goes on at a later step, which sees the error; the steps between do not run', () => {
    const { run } = begin(flow, { by: 0 });
    expect(run.finished?.result).toEqual({ was: 'template_error', between: null });
    expect([...run.steps.keys()]).toEqual(['web', 'try', 'repair']);
    expect(begin(flow, { by: 1 }).run.finished?.result).toEqual({ was: null, between: 'between' });
  });

  test('goto leads out of branches', () => {
    const inner = set('try', '{{ 1 // 0 }}', { onError: { goto: 'end' } });
    const branch = { ref: 'c', type: 'condition', branches: [{ when: true, steps: [inner, set('no', 1)] }] };
    expect([...begin(flowOf([branch, set('skip', 1), set('end', 2)])).run.steps.keys()]).toEqual(['c', 'try', 'end']);
  });

  test('after a restart it goes the same way', () => {
    const withCall = flowOf([set('try', '{{ 1 // 0 }}', { onError: { goto: 'call' } }), set('no', 1), call()]);
    const begun = begin(withCall);
    expect(effectOf(advance(withCall, begun.run, at(9)).next)).toMatchObject({ key: 'call', attempt: 2 });
  });

  const handled = (onError: object) => flowOf([WEBHOOK, set('try', '{{ 1 // 0 }}')], { onError });

  test('of the flow: its steps see what failed, and the run is failed all the same', () => {
    const begun = begin(handled({ steps: [{ ref: 'tell', type: 'emit', event: 'sad', data: '{{ error }}' }] }));
    expect(dataOf(begun.events, 'EventEmitted').data).toMatchObject({ code: 'template_error', ref: 'try' });
    expect(begun.run.finished).toMatchObject({ status: 'failed', error: { ref: 'try' } });
    expect(answerOf(begun)).toMatchObject({ status: 500, error: { ref: 'try' } });
  });

  test('of the flow: its response is what the caller gets', () => {
    const begun = begin(handled({ response: { status: 503, body: { sorry: '{{ error.ref }}' } } }));
    expect(answerOf(begun)).toMatchObject({ status: 503, body: '{"sorry":"try"}', handled: true, runStatus: 'failed' });
  });

  test('of the flow: effects and waits in it are durable like any other', () => {
    const slow = handled({ steps: [call(), { ref: 'nap', type: 'delay', for: 'PT1H' }, set('x', 1)] });
    const begun = begin(slow);
    const { next } = afterEffect(slow, begun.run, effectOf(begun.next), status(200), at(1));
    expect(next).toEqual({ kind: 'wait', untilMs: at(3601).ms });
    expect(typesOf(advance(slow, begun.run, at(3601)).events).at(-1)).toBe('RunFinished');
    expect(begun.run.finished?.status).toBe('failed');
  });

  test('of the flow: a failure in it changes nothing about the first one', () => {
    const { run } = begin(handled({ steps: [{ ref: 'f', type: 'fail', message: 'again' }], response: { body: 'x' } }));
    expect(run.finished?.error).toMatchObject({ ref: 'try' });
  });
});

describe('FL-03: retry', () => {
  const retried = (retry: object) => flowOf([call({ retry })]);
  const waits = (retry: object, times: number): number[] => {
    const flow = retried({ maxAttempts: 9, ...retry });
    const begun = begin(flow);
    let { next } = begun;
    let now = at(0).ms;
    const found: number[] = [];
    for (let attempt = 0; attempt < times; attempt++) {
      const decided = afterEffect(flow, begun.run, effectOf(next), failed, {
        ms: now,
        iso: new Date(now).toISOString(),
      });
      if (decided.next.kind !== 'wait') throw new Error(decided.next.kind);
      found.push(decided.next.untilMs - now);
      now = decided.next.untilMs;
      ({ next } = advance(flow, begun.run, { ms: now, iso: new Date(now).toISOString() }));
    }
    return found;
  };

  test('grows from what it begins with to its most, or stays the same', () => {
    expect(waits({ backoff: 'PT2S' }, 4)).toEqual([2000, 4000, 8000, 16_000]);
    expect(waits({ backoff: { initial: 'PT2S', max: 'PT5S' } }, 4)).toEqual([2000, 4000, 5000, 5000]);
    expect(waits({ backoff: { type: 'fixed', initial: 'PT3S' } }, 3)).toEqual([3000, 3000, 3000]);
  });

  test('jitter varies the waits within its share, and the same attempt always alike', () => {
    const retry = { backoff: { type: 'fixed', initial: 'PT10S' }, jitter: 0.2 };
    const found = waits(retry, 6);
    expect(found).toEqual(waits(retry, 6));
    expect(new Set(found).size).toBeGreaterThan(1);
    for (const ms of found) expect(Math.abs(ms - 10_000)).toBeLessThanOrEqual(2000);
  });

  test.each([
    [['http_status'], status(503), true],
    [['5xx'], status(503), true],
    [[404], status(404), true],
    [['4xx'], status(503), false],
    [['timeout'], failed, false],
    [['ECONNREFUSED'], { ...failed, retryable: false }, true],
  ])('on %j decides alone what is tried again', (on, result, again) => {
    const flow = retried({ maxAttempts: 2, on });
    const begun = begin(flow);
    const { next } = afterEffect(flow, begun.run, effectOf(begun.next), result, at(1));
    expect(next.kind).toBe(again ? 'wait' : 'finished');
  });

  test('an answer that is tried again to the end is the output', () => {
    const flow = retried({ maxAttempts: 2, on: [404], backoff: 'PT1S' });
    const begun = begin(flow);
    afterEffect(flow, begun.run, effectOf(begun.next), status(404), at(1));
    afterEffect(flow, begun.run, effectOf(advance(flow, begun.run, at(2)).next), status(404), at(3));
    expect(begun.run.finished?.result).toMatchObject({ status: 404 });
  });
});

describe('FL-02: respond', () => {
  const respond = (more = {}) => ({ ref: 'early', type: 'respond', body: { got: '{{ web }}' }, ...more });

  test('answers at once, and the run goes on', () => {
    const flow = flowOf([WEBHOOK, respond({ status: 202, headers: { 'X-Kind': 'early' } }), call()]);
    const begun = begin(flow, 7);
    expect(begun.answer).toMatchObject({ status: 202, body: '{"got":7}', headers: { 'x-kind': 'early' } });
    expect(begun.run.steps.get('early')?.output).toEqual({ status: 202, sent: true });
    const ended = afterEffect(flow, begun.run, effectOf(begun.next), failed, at(1));
    expect([ended.next.kind, ended.answer]).toEqual(['finished', null]);
  });

  test('the first one counts', () => {
    const begun = begin(flowOf([WEBHOOK, respond(), respond({ ref: 'late', status: 500 })]), 7);
    expect(begun.answer).toMatchObject({ status: 200 });
    expect(begun.run.steps.get('late')?.output).toEqual({ status: 500, sent: false });
  });

  test.each([
    [{ headers: { 'content-length': '3' } }, 'invalid_response_headers'],
    [{ headers: { 'x-a': 'a\r\nb: c' } }, 'invalid_response_headers'],
    [{ headers: { 'x a': 'b' } }, 'invalid_response_headers'],
    [{ status: '{{ web }}' }, 'invalid_response_status'],
  ])('%j fails the step before anything is sent', (more, code) => {
    const begun = begin(flowOf([WEBHOOK, respond(more)]), 7);
    expect(begun.run.finished?.error).toMatchObject({ code, ref: 'early' });
    expect(answerOf(begun)).toMatchObject({ status: 500 });
  });

  test('a content type of its own replaces the one that was found', () => {
    const begun = begin(flowOf([respond({ headers: { 'Content-Type': 'text/html' }, body: '<b>' })]));
    expect(begun.answer).toMatchObject({ contentType: 'text/html', body: '<b>' });
    expect(begun.answer).not.toHaveProperty('headers');
  });
});
