import { describe, expect, it } from 'vitest';
import { certainCalls } from './certain-calls.rules.ts';

const run = (more = {}) => ({ ref: 'r', type: 'run_flow', flow: 'Other', ...more });
const web = { ref: 'web', type: 'webhook' };
const http = { ref: 'h', type: 'http', url: 'https://example.org' };
const set = { ref: 's', type: 'set', values: 1 };

describe('FL-02: calls of other flows that every run makes', () => {
  it.each<[string, object[], { waits: boolean; always: boolean }]>([
    ['a plain one', [web, run()], { waits: true, always: true }],
    ['after a call that may fail', [web, http, run()], { waits: true, always: false }],
    ['that nobody waits for', [web, set, run({ wait: false })], { waits: false, always: true }],
    ['with an if that is true', [web, run({ if: true, onError: 'fail' })], { waits: true, always: true }],
    ['after a condition', [web, { ref: 'c', type: 'condition', branches: [] }, run()], { waits: true, always: false }],
  ])('%s', (_what, steps, flags) => {
    expect(certainCalls({ steps })).toEqual([{ flow: 'Other', pointer: `/steps/${steps.length - 1}/flow`, ...flags }]);
  });

  it('in a branch of a parallel, of which all run', () => {
    const both = { ref: 'p', type: 'parallel', branches: { a: [set], b: [http, run()] } };
    expect(certainCalls({ steps: [web, both] })).toMatchObject([
      { pointer: '/steps/1/branches/b/1/flow', waits: true },
    ]);
  });

  it.each<[string, object[]]>([
    ['with an if', [web, run({ if: '{{ web.n }}' })]],
    ['with an if that is false', [run({ if: false })]],
    ['whose failure the flow goes on from', [web, run({ onError: 'continue' })]],
    ['named by a template', [web, run({ flow: '{{ web.flow }}' })]],
    ['in a branch', [web, { ref: 'c', type: 'condition', branches: [{ when: 'x', steps: [run()] }], else: [run()] }]],
    ['in a loop', [web, { ref: 'e', type: 'foreach', in: '{{ web }}', steps: [run()] }]],
    ['in branches that may fail', [{ ref: 'p', type: 'parallel', branches: [[run()]], onBranchError: 'continue' }]],
    ['after a step that fails', [web, { ref: 'f', type: 'fail' }, run()]],
    ['that a jump may pass over', [web, { ...http, onError: { goto: 's' } }, run(), set]],
    ['of something that is no list', {} as never],
  ])('not one %s', (_what, steps) => {
    expect(certainCalls({ steps })).toEqual([]);
  });

  it('what comes before and may end the run makes a call that is not waited for no certain one to repeat', () => {
    const steps = [web, http, run({ wait: false }), run({ ref: 'r2', wait: false })];
    expect(certainCalls({ steps })).toMatchObject([{ always: false }, { always: false }]);
  });
});
