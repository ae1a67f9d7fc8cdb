import type { FlowDefinition } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { flowDifference } from './flow-diff.rules.ts';

const web = { ref: 'web', type: 'webhook' };
const set = (ref: string, text: string) => ({ ref, type: 'set', values: { text } });
const flow = (...steps: FlowDefinition['steps']): FlowDefinition => ({ steps });

describe('RG-04: comparing two versions of a flow', () => {
  it('versions that say the same do not differ, whatever the order of their keys', () => {
    const one = flow(web, { ref: 'a', type: 'set', values: { x: 1, y: 2 } });
    const other = flow(web, { values: { y: 2, x: 1 }, type: 'set', ref: 'a' });
    expect(flowDifference(one, other)).toEqual({ settings: [], steps: [] });
  });

  it('tells steps that were added, removed and changed, by their refs', () => {
    const difference = flowDifference(
      flow(web, set('a', 'old'), set('b', 'b')),
      flow(web, set('a', 'new'), set('c', 'c')),
    );
    expect(difference.steps).toEqual([
      {
        ref: 'a',
        change: 'changed',
        type: 'set',
        fields: [{ field: 'values', from: { text: 'old' }, to: { text: 'new' } }],
      },
      { ref: 'c', change: 'added', type: 'set', fields: expect.any(Array) as unknown },
      { ref: 'b', change: 'removed', type: 'set', fields: expect.any(Array) as unknown },
    ]);
    expect(difference.settings).toEqual([{ field: 'steps', from: ['web', 'a', 'b'], to: ['web', 'a', 'c'] }]);
  });

  it('a step that moves into another is one that moved, and what it lies in now is changed', () => {
    const branch = (...steps: FlowDefinition['steps']) => ({
      ref: 'if',
      type: 'condition',
      branches: [{ when: '{{ 1 }}', steps }],
    });
    const { steps } = flowDifference(
      flow(web, set('a', 'x'), branch(set('b', 'b'))),
      flow(web, branch(set('b', 'b'), set('a', 'x'))),
    );
    expect(steps).toEqual([
      {
        ref: 'if',
        change: 'changed',
        type: 'condition',
        fields: [
          {
            field: 'branches',
            from: [{ when: '{{ 1 }}', steps: ['b'] }],
            to: [{ when: '{{ 1 }}', steps: ['b', 'a'] }],
          },
        ],
      },
      { ref: 'a', change: 'changed', type: 'set', moved: { from: [], to: ['if'] }, fields: [] },
    ]);
  });

  it('another type of a step, and settings of the flow, are differences', () => {
    const from = { ...flow(web, set('a', 'x')), response: { mode: 'sync' as const } };
    const to = {
      ...flow(web, { ref: 'a', type: 'fail', message: 'no' }),
      concurrency: { limit: 1, whenFull: 'queue' as const },
    };
    const { settings, steps } = flowDifference(from, to);
    expect(settings).toEqual([
      { field: 'response', from: { mode: 'sync' } },
      { field: 'concurrency', to: { limit: 1, whenFull: 'queue' } },
    ]);
    expect(steps[0]?.fields.map(({ field }) => field)).toEqual(['type', 'values', 'message']);
  });
});
