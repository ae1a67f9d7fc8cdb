import { describe, expect, it } from 'vitest';
import { type FlowInput, flowProblems } from './flow.rules.ts';

const WEBHOOK = { ref: 'web1', type: 'webhook' };
const set = (ref: string, values: unknown = {}): object => ({ ref, type: 'set', values });
const flow = (...steps: unknown[]): FlowInput => ({ steps: [WEBHOOK, ...steps] });
const each = (more: object): object => ({ ref: 'each', type: 'foreach', in: '{{ web1 }}', steps: [set('x')], ...more });
const pointersOf = (input: FlowInput): string[] => flowProblems(input).map((problem) => problem.pointer);
const messagesOf = (input: FlowInput): string[] => flowProblems(input).map((problem) => problem.message);
const at = '/steps/1';

describe('FL-01, FL-02: what is accepted of steps that hold steps', () => {
  it.each([
    [
      'foreach with everything',
      each({ as: 'row', index: 'n', parallel: 50, maxItems: 10_000, onItemError: 'continue' }),
    ],
    ['a literal list', each({ in: [1, '{{ web1.a }}'] })],
    [
      'an item, its index, and what the item before it in the list made',
      each({ steps: [set('x', '{{ item }}'), set('y', '{{ x }}{{ index }}')] }),
    ],
    ['collect of what the steps made', each({ collect: '{{ x.a }}{{ item }}' })],
    ['collect nothing', each({ collect: false })],
    [
      'switch',
      { ref: 's', type: 'switch', on: '{{ web1.a }}', cases: [{ equals: 1, steps: [set('x')] }], default: [set('y')] },
    ],
    ['branches in a list', { ref: 'p', type: 'parallel', branches: [[set('x')], []], limit: 1 }],
    [
      'branches by name',
      { ref: 'p', type: 'parallel', branches: { a: [set('x')] }, onBranchError: 'continue', timeout: 'PT5S' },
    ],
    ['respond', { ref: 'r', type: 'respond', status: 202, headers: { 'x-a': '{{ web1.a }}' }, body: { a: 1 } }],
    [
      'any step with all that any step takes',
      { ...set('x'), if: '{{ web1.a }}', timeout: 'PT1S', onError: 'continue', retry: { maxAttempts: 2 } },
    ],
    [
      'retry with everything',
      {
        ref: 'h',
        type: 'http',
        url: 'https://a.b',
        retry: {
          maxAttempts: 3,
          backoff: { type: 'fixed', initial: 'PT1S', max: 'PT9S' },
          jitter: 0.5,
          on: [503, '5xx', 'timeout'],
        },
      },
    ],
  ])('%s', (_what, step) => expect(flowProblems(flow(step))).toEqual([]));

  it('goto a later step of the list, or of a list around it', () => {
    const inner = {
      ref: 'c',
      type: 'condition',
      branches: [{ when: true, steps: [{ ...set('a'), onError: { goto: 'end' } }] }],
    };
    expect(flowProblems(flow(inner, { ...set('b'), onError: { goto: 'end' } }, set('end', '{{ b.error }}')))).toEqual(
      [],
    );
  });

  it('a handler of errors that reads the error and what came before', () => {
    const onError = { steps: [set('h', '{{ error.code }}{{ x }}')], response: { status: 503, body: { e: '{{ h }}' } } };
    expect(flowProblems({ ...flow(set('x')), onError })).toEqual([]);
  });
});

describe('FL-01: what is refused, and where', () => {
  it.each([
    ['foreach without a list', each({ in: 'abc' }), [`${at}/in`]],
    ['foreach without steps', { ref: 'e', type: 'foreach', in: [] }, [`${at}/steps`]],
    ['more at once than 50', each({ parallel: 51 }), [`${at}/parallel`]],
    ['more items than 10,000', each({ maxItems: 10_001 }), [`${at}/maxItems`]],
    ['a name that templates know', each({ as: 'trigger' }), [`${at}/as`]],
    ['a name that a step has', each({ as: 'web1' }), [`${at}/as`]],
    ['a name that is none', each({ index: '1x' }), [`${at}/index`]],
    ['an item outside of its loop', [each({}), set('z', '{{ item }}')], ['/steps/2/values']],
    ['a step of a loop outside of it', [each({}), set('z', '{{ x }}')], ['/steps/2/values']],
    [
      'a step of another branch',
      { ref: 'p', type: 'parallel', branches: [[set('a')], [set('b', '{{ a }}')]] },
      [`${at}/branches/1/0/values`],
    ],
    ['collect of what is not there', each({ collect: '{{ nobody }}' }), [`${at}/collect`]],
    ['no branches', { ref: 'p', type: 'parallel', branches: [] }, [`${at}/branches`]],
    ['a branch that is no list', { ref: 'p', type: 'parallel', branches: { a: 1 } }, [`${at}/branches/a`]],
    ['a branch without a proper name', { ref: 'p', type: 'parallel', branches: { 'a b': [] } }, [`${at}/branches/a b`]],
    ['a case without a value', { ref: 's', type: 'switch', on: 1, cases: [{ steps: [] }] }, [`${at}/cases/0/equals`]],
    [
      'a case without steps',
      { ref: 's', type: 'switch', on: 1, cases: [{ equals: 1, step: [] }] },
      [`${at}/cases/0/step`, `${at}/cases/0/steps`],
    ],
    ['retry of a step that holds steps', each({ retry: { maxAttempts: 2 } }), [`${at}/retry`]],
    ['an if without a template', { ...set('x'), if: 'yes' }, [`${at}/if`]],
    ['an if on what is not there yet', { ...set('x'), if: '{{ x }}' }, [`${at}/if`]],
    ['goto backwards', [set('a'), { ...set('b'), onError: { goto: 'a' } }], ['/steps/2/onError/goto']],
    ['goto itself', { ...set('a'), onError: { goto: 'a' } }, [`${at}/onError/goto`]],
    ['goto into a branch', [{ ...set('a'), onError: { goto: 'x' } }, each({})], ['/steps/1/onError/goto']],
    [
      'goto out of a loop',
      [each({ steps: [{ ...set('x'), onError: { goto: 'z' } }] }), set('z')],
      [`${at}/steps/0/onError/goto`],
    ],
    ['goto and more', [{ ...set('a'), onError: { goto: 'b', times: 3 } }, set('b')], [`${at}/onError/times`]],
    ['a status that is none', { ref: 'r', type: 'respond', status: 99 }, [`${at}/status`]],
    ['a jitter of 2', { ...set('x'), retry: { maxAttempts: 2, jitter: 2 } }, [`${at}/retry/jitter`]],
    [
      'a backoff of another kind',
      { ...set('x'), retry: { maxAttempts: 2, backoff: { type: 'linear', initial: 1 } } },
      [`${at}/retry/backoff/type`, `${at}/retry/backoff/initial`],
    ],
    [
      'on of what is no status',
      { ...set('x'), retry: { maxAttempts: 2, on: ['503 ', 99] } },
      [`${at}/retry/on/0`, `${at}/retry/on/1`],
    ],
  ])('%s', (_what, step, pointers) => {
    expect(pointersOf(flow(...(Array.isArray(step) ? step : [step])))).toEqual(pointers);
  });

  it('a loop whose item would hide a step, and a webhook that is more than that', () => {
    expect(pointersOf(flow(set('item'), each({})))).toEqual(['/steps/2']);
    expect(pointersOf({ steps: [{ ...WEBHOOK, if: true, onError: 'continue' }] })).toEqual([
      '/steps/0/if',
      '/steps/0/onError',
    ]);
  });

  it('a handler of errors that is wrong', () => {
    expect(pointersOf({ ...flow(set('x')), onError: {} })).toEqual(['/onError']);
    expect(pointersOf({ ...flow(set('error')), onError: { steps: [] } })).toEqual(['/onError']);
    const onError = {
      steps: [{ ref: 'x', type: 'webhook' }, set('y', '{{ nobody }}')],
      response: { mode: 'sync', status: 1 },
    };
    expect(pointersOf({ ...flow(set('x')), onError })).toEqual([
      '/onError/steps/0/ref',
      '/onError/steps/0',
      '/onError/steps/1/values',
      '/onError/response/mode',
      '/onError/response/status',
    ]);
  });

  it('names what may have been meant', () => {
    expect(messagesOf(flow(each({ onItemError: 'continu' })))).toEqual([
      'must be one of "fail", "continue"; did you mean "continue"?',
    ]);
    expect(messagesOf(flow(each({ paralel: 2 })))).toEqual([
      'a step of type foreach has no field "paralel"; did you mean "parallel"?',
    ]);
    expect(messagesOf(flow({ ref: 'x', type: 'foreech' }))).toEqual([
      'unknown step type "foreech"; did you mean "foreach"?',
    ]);
  });

  it('counts the steps in all lists, and how deep they lie', () => {
    const many = Array.from({ length: 120 }, (_, index) => set(`s${index}`));
    const more = Array.from({ length: 90 }, (_, index) => set(`t${index}`));
    expect(pointersOf(flow({ ref: 'p', type: 'parallel', branches: [many, more] }))).toEqual(['/steps']);
    let deep: object = set('x');
    for (let level = 0; level < 20; level++)
      deep = { ref: `l${level}`, type: 'foreach', in: [], as: `i${level}`, index: `n${level}`, steps: [deep] };
    expect(messagesOf(flow(deep))).toEqual(['steps are nested at most 20 deep']);
  });
});
