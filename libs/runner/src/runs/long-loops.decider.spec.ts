import { describe, expect, test } from 'vitest';
import { begin, type Begun, at, effectsOf, flowOf, RUN_ID } from './decider.fixture.ts';
import type { Effect } from './decision.ts';
import { advance, afterEffects } from './run.decider.ts';
import { MAX_COLLECTED_BYTES, MAX_TOTAL_BYTES } from './run-limits.ts';
import { type RunEvent, foldRun, type RunState } from './run-state.ts';
import { takenOverFrom } from '../retrying/taken-over.rules.ts';

const WEBHOOK = { ref: 'web', type: 'webhook' };
const CALL = { ref: 'call', type: 'http', url: 'https://example.org/{{ item }}', onError: 'continue' };
const items = (count: number) => Array.from({ length: count }, (_, index) => index);
const loop = (steps: object[], more = {}) => ({ ref: 'each', type: 'foreach', in: '{{ web }}', steps, ...more });
const answer = { ok: true, status: 200, headers: { 'content-type': 'application/json' }, body: 'x'.repeat(150) };
const answered = (effects: readonly Effect[]) =>
  effects.map((effect) => ({ effect, result: { output: answer, error: null, retryable: false } }));

/** Lets every call succeed, one turn after the other. @param until stops when so many have. */
function goThrough({ flow, run, next }: Begun, until = Number.POSITIVE_INFINITY): RunEvent[] {
  const events: RunEvent[] = [];
  let now = next;
  for (let done = 0; now.kind === 'effects' && now.effects.length > 0 && done < until; ) {
    done += now.effects.length;
    const decision = afterEffects(flow, run, answered(now.effects), at(done / 1000));
    events.push(...decision.events);
    now = decision.next;
  }
  return events;
}

describe('FL-02: a call for each of 10,000 items', () => {
  test('ends, and only what is under way is remembered of it', () => {
    const flow = flowOf([WEBHOOK, loop([CALL], { parallel: 50, collect: '{{ call.status }}' })]);
    const begun = begin(flow, items(10_000));
    goThrough(begun);
    expect(begun.run.finished).toMatchObject({ status: 'succeeded', error: null });
    expect(begun.run.finished?.result).toHaveLength(10_000);
    expect([...begun.run.steps.keys()]).toEqual(['web', 'each']);
    expect(begun.run.memory.bytes?.written).toBeGreaterThan(MAX_TOTAL_BYTES);
    expect(begun.run.memory.bytes?.held).toBeLessThan(MAX_TOTAL_BYTES / 2);
  });

  test('what it collects is stored beside the events when it is large, and later steps read it', () => {
    const after = { ref: 'after', type: 'set', values: '{{ each[9999].status }} of {{ each | length }}' };
    const begun = begin(flowOf([WEBHOOK, loop([CALL], { parallel: 50 }), after]), items(10_000));
    const events = goThrough(begun);
    const ends = events.filter(({ type, data }) => type === 'StepCompleted' && data.ref === 'each');
    const stored = begun.run.steps.get('each')?.stored;
    expect(stored).toMatchObject({ filename: 'each.json', contentType: 'application/json' });
    expect(ends).toMatchObject([{ data: { output: stored, outputStored: true, payloads: [stored?.payloadId] } }]);
    expect(begun.run.finished?.result).toBe('200 of 10000');
  });

  test('a run that ends with such a list names its file', () => {
    const begun = begin(flowOf([WEBHOOK, loop([CALL], { parallel: 50 })]), items(2_000));
    goThrough(begun);
    expect(begun.run.finished?.result).toEqual(begun.run.steps.get('each')?.stored);
  });

  test('a process that takes it over in its middle goes on where it was, without an event of its own', () => {
    const flow = flowOf([WEBHOOK, loop([CALL], { parallel: 50, collect: '{{ call.status }}' })]);
    const begun = begin(flow, items(10_000));
    const stored = [...begun.events, ...goThrough(begun, 6_000)];
    const run = foldRun(RUN_ID, JSON.parse(JSON.stringify(stored)) as RunEvent[]);
    // Every look at the clock says that others should have their turn.
    const late = { ...at(20), isLate: () => true };
    let turn = advance(flow, run, late);
    let turns = 1;
    for (; turn.next.kind === 'more'; turns++) {
      expect(turn.events).toEqual([]);
      // The fifth turn is a long one.
      turn = advance(flow, run, turns < 5 ? late : at(20));
    }
    expect(turns).toBe(6);
    expect(effectsOf(turn.next)).toHaveLength(50);
    expect(effectsOf(turn.next)[0]?.key).toBe('each[6000].call');
    goThrough({ ...begun, ...turn, run });
    expect(run.finished).toMatchObject({ status: 'succeeded' });
    expect(run.finished?.result).toHaveLength(10_000);
  });

  test('FL-06: a retry of one that failed takes the calls over that were done, and comes to the end', () => {
    const check = { ref: 'check', type: 'fail', if: '{{ item == 9000 }}', message: 'no' };
    const flow = flowOf([WEBHOOK, loop([CALL, check], { collect: '{{ call.status }}', parallel: 50 })]);
    const failing = begin(flow, items(9_001));
    const events = [...failing.events, ...goThrough(failing)];
    expect(failing.run.finished?.error?.code).toBe('failed_by_flow');
    const old = foldRun(RUN_ID, JSON.parse(JSON.stringify(events)) as RunEvent[]) as RunState;
    const mended = flowOf([WEBHOOK, loop([CALL], { collect: '{{ call.status }}', parallel: 50 })]);
    const takenOver = takenOverFrom(old, null, mended.steps) ?? [];
    const retry = begin(mended, items(9_001), { retryOf: RUN_ID, takenOver });
    expect(retry.run.finished).toMatchObject({ status: 'succeeded' });
  });

  test('loops in it leave nothing in memory either', () => {
    const inner = { ref: 'pages', type: 'foreach', in: '{{ range(3) }}', as: 'page', parallel: 3, steps: [CALL] };
    const flow = flowOf([WEBHOOK, loop([inner], { collect: false })]);
    const begun = begin(flow, items(200));
    goThrough(begun, 450);
    expect(begun.run.steps.size).toBeLessThan(10);
    expect(begun.run.memory.bytes?.held).toBeLessThan(1_000);
  });
});

describe('FL-02: the bounds of what a loop collects', () => {
  test('more than 4 MiB fails it, with the number of items that were too many', () => {
    const flow = flowOf([WEBHOOK, loop([{ ref: 's', type: 'set', values: '{{ "x" * 100000 }}' }])]);
    const { run } = begin(flow, items(50));
    expect(run.finished?.error).toMatchObject({ code: 'output_too_large', ref: 'each' });
    expect(run.finished?.error?.message).toContain(`the outputs of 42 items have more than ${MAX_COLLECTED_BYTES}`);
  });

  test('and more than 8 MiB of such lists the run', () => {
    const list = (ref: string) => loop([{ ref: `${ref}s`, type: 'set', values: '{{ "x" * 100000 }}' }], { ref });
    const { run } = begin(flowOf([WEBHOOK, ...['a', 'b', 'c'].map(list)]), items(40));
    expect(run.finished?.error).toMatchObject({ code: 'run_too_large', ref: 'c' });
  });

  test('a list that is stored beside the events is read again by a retry that takes it over', () => {
    const list = loop([{ ref: 's', type: 'set', values: '{{ "x" * 100000 }}' }]);
    const end = { ref: 'end', type: 'set', values: '{{ each | length }}' };
    const bad = begin(flowOf([WEBHOOK, list, { ref: 'end', type: 'fail' }]), items(5));
    expect(bad.outputs.map(({ bytes }) => (JSON.parse(bytes.toString()) as string[]).length)).toEqual([5]);
    const takenOver = takenOverFrom(bad.run, null, flowOf([WEBHOOK, list, end]).steps) ?? [];
    const { payloadId } = bad.run.steps.get('each')?.stored ?? { payloadId: '' };
    const takenOutputs = new Map([[payloadId, [1, 2, 3]]]);
    const retry = begin(flowOf([WEBHOOK, list, end]), items(5), { retryOf: RUN_ID, takenOver, takenOutputs });
    expect(retry.run.finished?.result).toBe(3);
    expect(retry.outputs).toEqual([]);
  });
});
