import { describe, expect, test } from 'vitest';
import { compileFlow } from '../flows/compiled-flow.ts';
import { testPlanOf } from './test-run.rules.ts';

const FLOW = compileFlow(
  { id: '0190e7a0-0000-7000-8000-000000000001', number: 1, name: 'F', version: 1 },
  {
    steps: [
      { ref: 'web', type: 'webhook' },
      { ref: 'a', type: 'set', values: { n: 1 } },
      { ref: 'all', type: 'parallel', branches: [[{ ref: 'inner', type: 'set', values: {} }]] },
      { ref: 'b', type: 'set', values: { n: '{{ a.n }}' } },
    ],
  },
);
const AT = '2026-11-23T08:00:00.000Z';
const plan = (wish: Parameters<typeof testPlanOf>[1]) => testPlanOf(FLOW, wish, AT);

describe('CO-01: the test of a draft', () => {
  test('of one step takes all that stands before it as done, with what was given', () => {
    const found = plan({ step: 'b', outputs: { a: { n: 7 } } });
    expect(found).toMatchObject({
      until: 'b',
      takenOver: [
        { type: 'StepCompleted', data: { ref: 'a', output: { n: 7 }, given: true } },
        { type: 'StepCompleted', data: { ref: 'all', output: null, given: true } },
      ],
    });
  });

  test('with outputs and no step runs all others', () => {
    expect(plan({ outputs: { b: 1 } })).toMatchObject({ until: null, takenOver: [{ data: { ref: 'b', output: 1 } }] });
    expect(plan({})).toEqual({ until: null, takenOver: [] });
  });

  test('of steps that the draft has not, or that stand in others, is refused with pointers', () => {
    expect(plan({ step: 'inner', outputs: { 'no/pe': 1, web: 1 } })).toMatchObject({
      problems: [{ pointer: '/outputs/no~1pe' }, { pointer: '/outputs/web' }, { pointer: '/step' }],
    });
    expect(plan({ step: 'a', outputs: { a: 1 } })).toMatchObject({ problems: [{ pointer: '/outputs/a' }] });
  });
});
