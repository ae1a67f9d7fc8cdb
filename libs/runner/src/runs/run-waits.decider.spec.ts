import { describe, expect, test } from 'vitest';
import { startRun } from '../starting/start.rules.ts';
import {
  afterEffect,
  answerOf,
  at,
  begin,
  dataOf,
  effectOf,
  flowOf,
  request,
  RUN_ID,
  typesOf,
} from './decider.fixture.ts';
import { advance, requestCancel } from './run.decider.ts';
import { emptyRun, foldRun } from './run-state.ts';

const DELAY = { ref: 'nap', type: 'delay', for: 'PT1H' };
const AFTER = { ref: 'after', type: 'set', values: { until: '{{ nap.until }}' } };
const CALL = { ref: 'res', type: 'http', url: 'https://example.org/' };
const HOUR = 3600;

describe('a delay', () => {
  test('records until when, and nothing runs before', () => {
    const { events, next, run, flow } = begin(flowOf([DELAY, AFTER]));
    expect(typesOf(events)).toEqual(['RunStarted', 'RunWaiting']);
    expect(next).toEqual({ kind: 'wait', untilMs: at(HOUR).ms });
    const early = advance(flow, run, at(HOUR - 1));
    expect(early).toMatchObject({ events: [], next: { kind: 'wait', untilMs: at(HOUR).ms } });
  });

  test('goes on when its time has come, also in another process', () => {
    const begun = begin(flowOf([DELAY, AFTER]));
    const run = foldRun(RUN_ID, JSON.parse(JSON.stringify(begun.events)));
    const { events } = advance(begun.flow, run, at(HOUR));
    expect(typesOf(events)).toEqual(['RunResumed', 'StepCompleted', 'StepCompleted', 'RunFinished']);
    expect(run.steps.get('after')?.output).toEqual({ until: at(HOUR).iso });
    expect(run.steps.get('nap')).toMatchObject({ startedAt: at(0).iso, finishedAt: at(HOUR).iso });
  });

  test('until a time that has passed does not wait', () => {
    const { events } = begin(flowOf([{ ref: 'nap', type: 'delay', until: at(-5).iso }, AFTER]));
    expect(typesOf(events)).toEqual(['RunStarted', 'StepCompleted', 'StepCompleted', 'RunFinished']);
  });

  test('until a time of a template waits for it', () => {
    const flow = flowOf([
      { ref: 'web1', type: 'webhook' },
      { ref: 'nap', type: 'delay', until: '{{ web1.at }}' },
    ]);
    expect(begin(flow, { at: at(90).iso }).next).toEqual({ kind: 'wait', untilMs: at(90).ms });
  });

  test.each([
    ['for', 'soon', 'invalid_delay'],
    ['for', 'P400W', null],
    ['for', 'P4000W', 'invalid_delay'],
    ['until', 'tomorrow', 'invalid_delay'],
    ['until', '2030-02-30', 'invalid_delay'],
    ['until', '2026-13-45T99:00:00Z', 'invalid_delay'],
  ])('%s %j fails with %j', (field, value, code) => {
    const { run } = begin(flowOf([{ ref: 'nap', type: 'delay', [field]: value }]));
    expect(run.finished?.error?.code ?? null).toBe(code);
  });
});

describe('LT-08: a wish to cancel', () => {
  test('ends a waiting run at once', () => {
    const { flow, run } = begin(flowOf([DELAY, AFTER]));
    const { events, decision } = requestCancel(flow, run, at(5));
    expect(typesOf(events)).toEqual(['RunCancelRequested', 'RunFinished']);
    expect(dataOf(events, 'RunFinished')).toMatchObject({ status: 'cancelled', error: null, finishedAt: at(5).iso });
    expect(decision?.next.kind).toBe('finished');
  });

  test('lets the effect in flight end, records its answer, and ends the run after it', () => {
    const begun = begin(flowOf([CALL, { ...CALL, ref: 'never' }]));
    const { flow, run } = begun;
    expect(requestCancel(flow, run, at(1))).toMatchObject({ decision: null });
    const result = { output: { ok: true, status: 200 }, error: null, retryable: false };
    const { events } = afterEffect(flow, run, effectOf(begun.next), result, at(2));
    expect(typesOf(events)).toEqual(['StepCompleted', 'RunFinished']);
    expect(run.finished?.status).toBe('cancelled');
    expect(run.steps.get('res')?.output).toEqual({ ok: true, status: 200 });
  });

  test('ends the run also when the effect in flight was its last step', () => {
    const begun = begin(flowOf([CALL]));
    requestCancel(begun.flow, begun.run, at(1));
    afterEffect(begun.flow, begun.run, effectOf(begun.next), { output: {}, error: null, retryable: false }, at(2));
    expect(begun.run.finished?.status).toBe('cancelled');
  });

  test('is obeyed instead of taking an effect over from a dead process', () => {
    const begun = begin(flowOf([CALL]));
    const cancelled = requestCancel(begun.flow, begun.run, at(1));
    const run = foldRun(RUN_ID, JSON.parse(JSON.stringify([...begun.events, ...cancelled.events])));
    const { events } = advance(begun.flow, run, at(20));
    expect(typesOf(events)).toEqual(['RunFinished']);
    expect(run.finished?.status).toBe('cancelled');
  });

  test('that comes before the start makes the run start and end at once', () => {
    const flow = flowOf([AFTER]);
    const run = emptyRun(RUN_ID);
    expect(requestCancel(null, run, at(0))).toMatchObject({ decision: null });
    const { events } = startRun(request({}), flow, 1, at(1), run);
    expect(typesOf(events)).toEqual(['RunStarted', 'RunFinished']);
    expect(run).toMatchObject({ version: 3, finished: { status: 'cancelled' } });
  });
});

describe('the response', () => {
  const answered = (...args: Parameters<typeof begin>) => answerOf(begin(...args));
  const WEBHOOK = { ref: 'res', type: 'webhook' };
  const documented = {
    status: '{% if res.value %}200{% else %}422{% endif %}',
    body: '{% if res.value %}{{ res.value | tojson }}{% else %}{"valid": false}{% endif %}',
  };

  test('LC-15: the documented example, both branches, each with its own status', () => {
    const flow = flowOf([WEBHOOK], { response: documented });
    expect(answered(flow, { value: { a: 1 } })).toMatchObject({
      status: 200,
      body: '{"a": 1}',
      contentType: 'application/json',
    });
    expect(answered(flow, {})).toMatchObject({ status: 422, body: '{"valid": false}', runStatus: 'succeeded' });
  });

  test('LC-11: text that is not JSON is sent as text, a value that is no text as its JSON', () => {
    const text = answered(flowOf([WEBHOOK], { response: { body: 'Hello {{ res.name }}' } }), { name: 'you' });
    expect(text).toMatchObject({ status: 200, body: 'Hello you', contentType: 'text/plain; charset=utf-8' });
    const value = answered(flowOf([WEBHOOK], { response: { body: '{{ res }}' } }), { name: 'you' });
    expect(value).toMatchObject({ body: '{"name":"you"}', contentType: 'application/json' });
  });

  test.each([
    [
      { status: 201, body: { who: '{{ res.name }}', list: [1, '{{ res.list }}', null] } },
      201,
      '{"who":"you","list":[1,[2],null]}',
    ],
    [{ body: ['{{ res.list }}', true] }, 200, '[[2],true]'],
    [{ body: { plain: 'text' } }, 200, '{"plain":"text"}'],
    [{ body: 0 }, 200, '0'],
    [{ status: null, body: null }, 200, '{"name":"you","list":[2]}'],
  ])('LC-11: %j, a status that is a number and a body that is JSON', (response, status, body) => {
    const answer = answered(flowOf([WEBHOOK], { response }), { name: 'you', list: [2] });
    expect(answer).toMatchObject({ status, body, contentType: 'application/json' });
  });

  test('is the result of the run where it has a body, otherwise the last output is answered with 200', () => {
    const { run } = begin(flowOf([WEBHOOK, AFTER], { response: { body: 'done' } }));
    expect(run.finished?.result).toBe('done');
    expect(answered(flowOf([WEBHOOK], { response: { mode: 'sync' } }), { a: 1 })).toMatchObject({
      status: 200,
      body: '{"a":1}',
      isDefault: true,
    });
    expect(answered(flowOf([WEBHOOK], { response: { body: '' } }))).not.toHaveProperty('isDefault');
  });

  test.each(['99', '600', 'abc', '', '{{ res.status }}'])(
    'LC-11: status %j is a recorded failure and a 500',
    (status) => {
      const flow = flowOf([WEBHOOK], { response: { status, body: 'x' } });
      expect(answered(flow, {})).toMatchObject({ status: 500, error: { code: 'invalid_response_status' } });
      expect(begin(flow).run.finished?.status).toBe('failed');
    },
  );

  test('of a failed run is a 500 that names the error', () => {
    const answer = answered(flowOf([{ ref: 'f', type: 'fail', message: 'no' }]));
    expect(answer).toMatchObject({
      status: 500,
      runStatus: 'failed',
      error: { code: 'failed_by_flow', message: 'no', ref: 'f' },
    });
  });
});
