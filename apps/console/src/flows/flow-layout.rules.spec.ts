import { expect, test } from 'vitest';
import { layoutOf, STEP } from './flow-layout.rules.ts';

const set = (ref: string) => ({ ref, type: 'set', values: {} });
const FLOW = {
  steps: [
    set('a'),
    {
      ref: 'c',
      type: 'condition',
      branches: [
        { when: '{{ a }}', steps: [set('x'), { ref: 'each', type: 'foreach', in: '{{ a }}', steps: [set('y')] }] },
      ],
      else: [set('z')],
    },
    set('b'),
  ],
  onError: { steps: [set('sorry')] },
};

test('every step is drawn once, in the order in which it runs, with a gap before and after it', () => {
  const { nodes, edges } = layoutOf(FLOW);
  const refs = nodes.flatMap(({ step }) => (step ? [step.ref] : []));
  expect(refs).toEqual(['a', 'c', 'x', 'each', 'y', 'z', 'b', 'sorry']);
  const ids = new Set(nodes.map(({ id }) => id));
  expect(ids.size).toBe(nodes.length);
  for (const { source, target } of edges) expect([ids.has(source), ids.has(target)]).toEqual([true, true]);
  expect(ids.has('/steps/1/else#1')).toBe(true);
  expect(edges.find(({ target }) => target === '/steps/1/branches/0/steps#0')?.label).toBe('{{ a }}');
});

test('no two steps lie on one another, and what runs later is drawn lower', () => {
  const steps = layoutOf(FLOW).nodes.filter(({ kind }) => kind === 'step');
  for (const one of steps) {
    for (const other of steps) {
      if (one === other) continue;
      const apart = Math.abs(one.x - other.x) >= STEP.width || Math.abs(one.y - other.y) >= STEP.height;
      expect([one.id, other.id, apart]).toEqual([one.id, other.id, true]);
    }
  }
  const top = (ref: string) => steps.find(({ step }) => step?.ref === ref)?.y ?? Number.NaN;
  expect(top('a')).toBeLessThan(top('c'));
  expect(top('c')).toBeLessThan(top('z'));
  expect(top('y')).toBeLessThan(top('b'));
});

test('a flow without steps has one gap, and what is no flow too', () => {
  for (const steps of [[], undefined, 'x']) expect(layoutOf({ steps }).nodes.map(({ id }) => id)).toEqual(['/steps#0']);
});
