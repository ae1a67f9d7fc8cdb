import { expect, test } from 'vitest';
import { at, begin, flowOf } from '../runs/decider.fixture.ts';
import { afterEffects } from '../runs/run.decider.ts';
import { stepKeyOf } from '@sluice/contracts';
import type { RunEvent } from '../runs/run-state.ts';
import { takenOverFrom } from './taken-over.rules.ts';

const flow = flowOf([
  { ref: 'web1', type: 'webhook' },
  { ref: 'first', type: 'set', values: { a: 1 } },
  { ref: 'off', type: 'set', if: false, values: {} },
  {
    ref: 'each',
    type: 'foreach',
    in: '{{ [1, 2, 3] }}',
    parallel: 3,
    steps: [{ ref: 'call', type: 'http', url: 'https://example.org/{{ item }}' }],
  },
  { ref: 'last', type: 'set', values: {} },
]);

/** A run whose loop failed by its second item, when the first had been called and the third was under way. */
function failed() {
  const started = begin(flow);
  if (started.next.kind !== 'effects') throw new Error('no effects');
  const [one, two, three] = started.next.effects;
  if (!one || !two || !three) throw new Error('too few effects');
  const ok = { output: { ok: true, status: 200 }, error: null, retryable: false };
  const broken = { error: { code: 'refused', message: 'no' }, retryable: false };
  afterEffects(flow, started.run, [{ effect: one, result: ok }], at(1), new Set([two.key, three.key]));
  afterEffects(flow, started.run, [{ effect: two, result: broken }], at(2), new Set([three.key]));
  afterEffects(flow, started.run, [{ effect: three, result: ok }], at(3));
  return started.run;
}

const keysOf = (events: readonly RunEvent[] | null) =>
  events?.map(({ data }) => stepKeyOf(data as { ref: string; path?: string }));

test('FL-06: the items of a loop that were done are not done again, the one that failed and the loop are', () => {
  const run = failed();
  expect(run.finished).toMatchObject({ status: 'failed', error: { ref: 'call', path: 'each[1].call' } });
  expect(keysOf(takenOverFrom(run, null, flow.steps))).toEqual(['first', 'off', 'each[0].call', 'each[2].call']);
});

test('FL-06: from a step in a loop the loop is done again; a step that was skipped stays skipped', () => {
  const run = failed();
  expect(keysOf(takenOverFrom(run, 'call', flow.steps))).toEqual(['first', 'off']);
  expect(keysOf(takenOverFrom(run, 'first', flow.steps))).toEqual([]);
  expect(keysOf(takenOverFrom(run, 'web1', flow.steps))).toEqual([]);
  expect(takenOverFrom(run, 'last', flow.steps)).toBeNull();
  const skipped = takenOverFrom(run, 'each', flow.steps)?.[1];
  expect(skipped).toMatchObject({ type: 'StepCompleted', data: { ref: 'off', skipped: true, takenFrom: run.id } });
});
