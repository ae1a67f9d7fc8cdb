import { derivedId } from '@sluice/contracts';
import { describe, expect, test } from 'vitest';
import {
  afterEffect,
  at,
  begin,
  type Begun,
  dataOf,
  effectOf,
  effectsOf,
  flowOf,
  RUN_ID,
  typesOf,
} from './decider.fixture.ts';
import { advance, requestCancel } from './run.decider.ts';
import { MAX_IN_FLIGHT } from './run-limits.ts';
import { foldRun, type RunState } from './run-state.ts';

const WEBHOOK = { ref: 'web', type: 'webhook' };
const call = (ref = 'call', more = {}) => ({ ref, type: 'http', url: 'https://example.org/{{ item }}', ...more });
const set = (ref: string, values: unknown) => ({ ref, type: 'set', values });
const loop = (steps: object[], more = {}) => ({ ref: 'each', type: 'foreach', in: '{{ web }}', steps, ...more });
const answered = (status: number) => ({
  output: { ok: true, status, headers: {}, body: null },
  error: null,
  retryable: false,
});
const failed = { error: { code: 'ECONNREFUSED', message: 'refused' }, retryable: false };
const reloaded = (begun: Begun, ...more: Begun['events'][]): RunState =>
  foldRun(RUN_ID, JSON.parse(JSON.stringify([...begun.events, ...more.flat()])) as Begun['events']);

describe('FL-02: foreach over steps that only compute', () => {
  const double = set('twice', '{{ item * 2 }}');

  test('collects the last outputs in order, with one event for the whole loop', () => {
    const { events, run } = begin(flowOf([WEBHOOK, loop([double])]), [1, 2, 3]);
    expect(typesOf(events)).toEqual(['RunStarted', 'StepCompleted', 'RunFinished']);
    expect(dataOf(events, 'StepCompleted')).toMatchObject({ ref: 'each', input: { lanes: 3 }, output: [2, 4, 6] });
    expect(run.finished?.result).toEqual([2, 4, 6]);
  });

  test('10,000 items are one event, and nothing is remembered of them but their outputs', () => {
    const items = Array.from({ length: 10_000 }, (_, index) => index);
    const inner = {
      ref: 'odd',
      type: 'condition',
      branches: [{ when: '{{ item is odd }}', steps: [set('x', 'odd')] }],
    };
    const { events, run } = begin(flowOf([WEBHOOK, loop([double, inner], { collect: '{{ twice }}' })]), items);
    expect(typesOf(events)).toEqual(['RunStarted', 'StepCompleted', 'RunFinished']);
    expect(run.finished?.result).toEqual(items.map((item) => item * 2));
    expect([...run.steps.keys()]).toEqual(['web', 'each']);
    expect(run.memory.lanes.size).toBe(0);
  });

  test('lets others compute in between, and goes on where it was', () => {
    const flow = flowOf([WEBHOOK, loop([double])]);
    const items = [1, 2, 3, 4, 5];
    const late = { ...at(0), isLate: () => true };
    const begun = begin(flow, items, {}, late);
    const turns = [];
    let { next } = begun;
    for (; next.kind === 'more'; { next } = advance(flow, begun.run, late)) turns.push(next.kind);
    expect(turns).toHaveLength(items.length - 1);
    expect(begun.run.finished?.result).toEqual([2, 4, 6, 8, 10]);
  });

  test('loops in loops see the items of all, and hide nothing from what comes after', () => {
    const inner = loop([set('sum', '{{ row.base + item }}')], { ref: 'inner', in: '{{ row.adds }}' });
    const flow = flowOf([
      WEBHOOK,
      loop([inner], { as: 'row' }),
      set('after', { item: '{{ item }}', all: '{{ each }}' }),
    ]);
    const { run } = begin(flow, [
      { base: 10, adds: [1, 2] },
      { base: 20, adds: [] },
    ]);
    expect(run.finished?.result).toEqual({ item: null, all: [[11, 12], []] });
  });

  test('an object is a list of keys and values, nothing is an empty list', () => {
    const flow = flowOf([WEBHOOK, loop([set('x', '{{ index }}:{{ item.key }}={{ item.value }}')])]);
    expect(begin(flow, { a: 1, b: 2 }).run.finished?.result).toEqual(['0:a=1', '1:b=2']);
    expect(begin(flow, null).run.finished?.result).toEqual([]);
  });

  test('an item that fails fails the loop, and the error says which', () => {
    const { run } = begin(flowOf([WEBHOOK, loop([set('x', '{{ 1 // item }}')])]), [1, 0, 2]);
    expect(run.finished?.error).toMatchObject({ code: 'template_error', ref: 'x', path: 'each[1].x' });
  });

  test('onItemError continue: its output is the error, and the others go on', () => {
    const flow = flowOf([WEBHOOK, loop([set('x', '{{ 1 // item }}')], { onItemError: 'continue' })]);
    expect(begin(flow, [1, 0, 1]).run.finished?.result).toMatchObject([1, { ok: false, error: { ref: 'x' } }, 1]);
  });

  test('collect false keeps only how many there were', () => {
    const flow = flowOf([WEBHOOK, loop([set('x', '{{ 1 // item }}')], { onItemError: 'continue', collect: false })]);
    expect(begin(flow, [1, 0, 1]).run.finished?.result).toEqual({ count: 3, failed: 1 });
  });

  test.each([
    ['a text', 'abc', 'not_a_list'],
    ['more items than it may have', Array.from({ length: 4 }), 'too_many_items'],
  ])('%s fails with a clear error', (_what, input, code) => {
    const flow = flowOf([WEBHOOK, loop([set('x', '{{ item }}')], { maxItems: 3 })]);
    expect(begin(flow, input).run.finished?.error).toMatchObject({ code, ref: 'each' });
  });
});

describe('FL-02: foreach over effects', () => {
  test('one item after the other, each with its own key', () => {
    const flow = flowOf([WEBHOOK, loop([call()])]);
    const begun = begin(flow, ['a', 'b']);
    expect(typesOf(begun.events)).toEqual(['RunStarted', 'BlockStarted', 'StepStarted']);
    const first = effectOf(begun.next);
    expect(first).toMatchObject({ key: 'each[0].call', idempotencyKey: derivedId('step', RUN_ID, 'each[0].call') });
    const second = afterEffect(flow, begun.run, first, answered(201), at(1));
    expect(effectOf(second.next).key).toBe('each[1].call');
    const { events } = afterEffect(flow, begun.run, effectOf(second.next), answered(202), at(2));
    expect(typesOf(events)).toEqual(['StepCompleted', 'StepCompleted', 'RunFinished']);
    expect(events[0]?.data).toMatchObject({ ref: 'call', path: 'each[1].call' });
    expect(begun.run.finished?.result).toMatchObject([{ status: 201 }, { status: 202 }]);
  });

  test('several at once, each going on by itself, with the results in order', () => {
    const flow = flowOf([WEBHOOK, loop([call(), set('out', '{{ item }}{{ call.status }}')], { parallel: 2 })]);
    const begun = begin(flow, ['a', 'b', 'c']);
    const [a, b] = effectsOf(begun.next);
    expect([a?.key, b?.key]).toEqual(['each[0].call', 'each[1].call']);
    const third = afterEffect(flow, begun.run, b!, answered(2), at(1), [a!]);
    const c = effectOf(third.next);
    expect(c.key).toBe('each[2].call');
    expect(afterEffect(flow, begun.run, a!, answered(1), at(2), [c]).next).toMatchObject({
      kind: 'effects',
      effects: [],
    });
    afterEffect(flow, begun.run, c, answered(3), at(3));
    expect(begun.run.finished?.result).toEqual(['a1', 'b2', 'c3']);
  });

  test('another process takes over only what had not ended', () => {
    const flow = flowOf([WEBHOOK, loop([call()], { parallel: 3 })]);
    const begun = begin(flow, ['a', 'b', 'c']);
    const [a, b, c] = effectsOf(begun.next);
    const { events } = afterEffect(flow, begun.run, b!, answered(2), at(1), [a!, c!]);
    const run = reloaded(begun, events);
    const taken = effectsOf(advance(flow, run, at(20)).next);
    expect(taken).toMatchObject([
      { key: 'each[0].call', attempt: 2, idempotencyKey: a?.idempotencyKey },
      { key: 'each[2].call', attempt: 2, idempotencyKey: c?.idempotencyKey },
    ]);
    expect(taken[0]?.scope.context).toMatchObject({ item: 'a', index: 0 });
  });

  test('an item that fails lets what is in flight finish, begins nothing more, and fails the loop', () => {
    const flow = flowOf([
      WEBHOOK,
      loop([call(), call('then')], { parallel: 2, onError: 'continue' }),
      set('end', '{{ each }}'),
    ]);
    const begun = begin(flow, ['a', 'b', 'c']);
    const [a, b] = effectsOf(begun.next);
    const bad = afterEffect(flow, begun.run, b!, failed, at(1), [a!]);
    expect([typesOf(bad.events), bad.next]).toEqual([['StepFailed'], { kind: 'effects', effects: [], untilMs: null }]);
    const { events } = afterEffect(flow, begun.run, a!, answered(1), at(2));
    expect(typesOf(events)).toEqual(['StepCompleted', 'StepFailed', 'StepCompleted', 'RunFinished']);
    expect(begun.run.finished?.result).toMatchObject({ ok: false, error: { code: 'ECONNREFUSED' } });
  });

  test('what waits beside an item that fails is given up, and says so', () => {
    const wait = { ref: 'nap', type: 'delay', if: '{{ index == 0 }}', for: 'PT1H' };
    const flow = flowOf([WEBHOOK, loop([wait, call('c', { if: '{{ index == 1 }}' })], { parallel: 2 })]);
    const begun = begin(flow, ['a', 'b']);
    expect(begun.next).toMatchObject({ kind: 'effects', untilMs: at(3600).ms });
    afterEffect(flow, begun.run, effectOf(begun.next), failed, at(1));
    expect(begun.run.steps.get('each[0].nap')).toMatchObject({ status: 'failed', error: { code: 'stopped' } });
    expect(begun.run.finished?.status).toBe('failed');
  });

  test('cancelled: what is in flight is let finish, then the run ends', () => {
    const flow = flowOf([WEBHOOK, loop([call(), call('then')], { parallel: 2 })]);
    const begun = begin(flow, ['a', 'b', 'c']);
    const [a, b] = effectsOf(begun.next);
    requestCancel(flow, begun.run, at(1));
    expect(afterEffect(flow, begun.run, a!, answered(1), at(2), [b!]).next).toMatchObject({ effects: [] });
    expect(afterEffect(flow, begun.run, b!, answered(2), at(3)).next.kind).toBe('finished');
    expect(begun.run.finished?.status).toBe('cancelled');
  });

  test('its time-out ends it once nothing is in flight', () => {
    const flow = flowOf([WEBHOOK, loop([call()], { timeout: 'PT10S' })]);
    const begun = begin(flow, ['a', 'b']);
    const first = afterEffect(flow, begun.run, effectOf(begun.next), answered(1), at(9));
    expect(first.next).toMatchObject({ kind: 'effects', untilMs: at(10).ms });
    const [second] = effectsOf(first.next);
    const over = advance(flow, begun.run, at(10), new Set([second!.key]));
    expect(over.next).toMatchObject({ kind: 'effects', effects: [] });
    afterEffect(flow, begun.run, second!, answered(2), at(11));
    expect(begun.run.finished?.error).toMatchObject({ code: 'timeout', ref: 'each' });
  });

  test('no more effects at once than a run may have', () => {
    const inner = loop([call()], { ref: 'inner', parallel: 50, in: '{{ range(50) }}' });
    const begun = begin(flowOf([WEBHOOK, loop([inner], { as: 'row', parallel: 50 })]), [1, 2, 3]);
    expect(effectsOf(begun.next)).toHaveLength(MAX_IN_FLIGHT);
  });

  test('delays of all items run side by side', () => {
    const flow = flowOf([WEBHOOK, loop([{ ref: 'nap', type: 'delay', for: 'PT{{ item }}S' }], { parallel: 9 })]);
    const begun = begin(flow, [30, 10, 20]);
    expect(begun.next).toEqual({ kind: 'wait', untilMs: at(10).ms });
    expect(advance(flow, begun.run, at(10)).next).toEqual({ kind: 'wait', untilMs: at(20).ms });
    expect(advance(flow, reloaded(begun), at(30)).next.kind).toBe('finished');
  });
});

describe('FL-02: parallel', () => {
  const both = (more = {}) => ({
    ref: 'both',
    type: 'parallel',
    branches: { left: [call('l')], right: [call('r'), set('shout', '{{ r.status }}!')] },
    ...more,
  });

  test('branches go on by themselves; the output has the last output of each, by name', () => {
    const flow = flowOf([WEBHOOK, both()]);
    const begun = begin(flow, {});
    const [l, r] = effectsOf(begun.next);
    expect([l?.key, r?.key]).toEqual(['l', 'r']);
    afterEffect(flow, begun.run, r!, answered(2), at(1), [l!]);
    expect(begun.run.steps.get('shout')?.output).toBe('2!');
    afterEffect(flow, begun.run, l!, answered(1), at(2));
    expect(begun.run.finished?.result).toMatchObject({ left: { status: 1 }, right: '2!' });
  });

  test('a list of branches gives a list, and a limit keeps the others waiting', () => {
    const flow = flowOf([{ ref: 'p', type: 'parallel', limit: 1, branches: [[call('a')], [set('b', 7)]] }]);
    const begun = begin(flow);
    expect(begun.run.steps.has('b')).toBe(false);
    afterEffect(flow, begun.run, effectOf(begun.next), answered(1), at(1));
    expect(begun.run.finished?.result).toMatchObject([{ status: 1 }, 7]);
  });

  const withAFailingBranch = (more: object) => {
    const flow = flowOf([WEBHOOK, both(more)]);
    const begun = begin(flow, {});
    const [l, r] = effectsOf(begun.next);
    afterEffect(flow, begun.run, l!, failed, at(1), [r!]);
    afterEffect(flow, begun.run, r!, answered(2), at(2));
    return begun.run;
  };

  test('a branch that fails fails it, once the others have nothing in flight', () => {
    const run = withAFailingBranch({});
    expect(run.finished?.error).toMatchObject({ ref: 'l' });
    expect(run.steps.get('r')?.status).toBe('succeeded');
    expect(run.steps.has('shout')).toBe(false);
  });

  test('onBranchError continue makes the error its output, and the others go on', () => {
    const { finished } = withAFailingBranch({ onBranchError: 'continue' });
    expect(finished?.result).toMatchObject({ left: { ok: false, error: { ref: 'l' } }, right: '2!' });
  });
});
