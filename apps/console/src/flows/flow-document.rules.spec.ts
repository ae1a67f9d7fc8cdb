import { describe, expect, test } from 'vitest';
import {
  allSteps,
  blocksOf,
  freeRef,
  insertStep,
  moveStep,
  newStep,
  placeProblem,
  removeStep,
  stepOfPointer,
  valueAt,
} from './flow-document.rules.ts';

const set = (ref: string) => ({ ref, type: 'set', values: {} });
const FLOW = {
  name: 'F',
  steps: [
    { ref: 'web', type: 'webhook' },
    {
      ref: 'big',
      type: 'condition',
      branches: [
        { when: '{{ web.n > 1 }}', steps: [set('a')] },
        { when: '{{ web.n > 0 }}', steps: [] },
      ],
    },
    { ref: 'side', type: 'parallel', branches: { 'x/y': [set('b')], z: [] } },
  ],
  onError: { steps: [set('sorry')] },
};

describe('a flow that is edited', () => {
  test('names all its steps by their pointers, also those that others hold', () => {
    expect(allSteps(FLOW).map(({ step, pointer }) => [step.ref, pointer])).toEqual([
      ['web', '/steps/0'],
      ['big', '/steps/1'],
      ['a', '/steps/1/branches/0/steps/0'],
      ['side', '/steps/2'],
      ['b', '/steps/2/branches/x~1y/0'],
      ['sorry', '/onError/steps/0'],
    ]);
    expect(valueAt(FLOW, '/steps/2/branches/x~1y/0/ref')).toBe('b');
    expect(stepOfPointer(FLOW, '/steps/1/branches/0/steps/0/values')?.step.ref).toBe('a');
    expect(stepOfPointer(FLOW, '/steps/1/branches/1/when')?.step.ref).toBe('big');
    expect(stepOfPointer(FLOW, '/response/status')).toBeNull();
  });

  test('shows blocks that are not there yet, so that steps can be put into them', () => {
    const labels = blocksOf(FLOW.steps[1] ?? {}, '/steps/1').map(({ label }) => label);
    expect(labels).toEqual(['{{ web.n > 1 }}', '{{ web.n > 0 }}', 'otherwise']);
    const added = insertStep(FLOW, '/steps/1/else', 0, set('c'));
    expect(valueAt(added, '/steps/1/else')).toEqual([set('c')]);
    expect(valueAt(FLOW, '/steps/1/else')).toBeUndefined();
  });

  test('LC-02, LC-16: takes a webhook step at the first place only, and only one', () => {
    const empty = { steps: [set('a')] };
    expect(placeProblem(empty, 'webhook', '/steps', 0)).toBeNull();
    expect(placeProblem(empty, 'webhook', '/steps', 1)).toContain('must be the first step');
    expect(placeProblem(empty, 'webhook', '/onError/steps', 0)).toContain('must be the first step');
    expect(placeProblem(FLOW, 'webhook', '/steps', 0)).toContain('already');
    expect(placeProblem(FLOW, 'webhook', '/steps', 2, '/steps/0')).toContain('must be the first step');
    expect(placeProblem(FLOW, 'set', '/steps', 0)).toContain('must stay the first');
    expect(placeProblem(FLOW, 'set', '/steps', 1)).toBeNull();
  });

  test('moves steps within a block, into others and out of them', () => {
    const down = moveStep(FLOW, '/steps/1', '/steps', 3);
    expect(down?.pointer).toBe('/steps/2');
    expect(allSteps(down?.document ?? {}).map(({ step }) => step.ref)).toEqual([
      'web',
      'side',
      'b',
      'big',
      'a',
      'sorry',
    ]);
    const into = moveStep(FLOW, '/steps/1', '/steps/2/branches/z', 0);
    expect(into?.pointer).toBe('/steps/1/branches/z/0');
    expect(valueAt(into?.document, into?.pointer ?? '')).toMatchObject({ ref: 'big' });
    const out = moveStep(FLOW, '/steps/1/branches/0/steps/0', '/steps', 1);
    expect(valueAt(out?.document, '/steps/1')).toEqual(set('a'));
    expect(moveStep(FLOW, '/steps/1', '/steps/1/branches/0/steps', 0)).toBeNull();
  });

  test('makes new steps with refs of their own and what they need', () => {
    expect(freeRef(FLOW, 'webhook')).toBe('web2');
    expect(newStep(FLOW, 'condition')).toEqual({
      ref: 'condition',
      type: 'condition',
      branches: [{ when: '{{ true }}', steps: [] }],
    });
    expect(allSteps(removeStep(FLOW, '/steps/1')).map(({ step }) => step.ref)).toEqual(['web', 'side', 'b', 'sorry']);
  });

  test('holds out while somebody types something that is no flow', () => {
    for (const steps of [null, 7, [null, 'x'], {}]) expect(allSteps({ steps })).toEqual([]);
    expect(blocksOf({ type: 'condition', branches: 'x' }, '/steps/0')).toHaveLength(1);
    expect(insertStep({ steps: null }, '/steps', 0, set('a'))).toEqual({ steps: [set('a')] });
  });
});
