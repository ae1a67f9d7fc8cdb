import { didYouMean } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { type FlowInput, flowProblems } from './flow.rules.ts';

const WEBHOOK = { ref: 'web1', type: 'webhook' };
const set = (ref: string, values: unknown = {}): object => ({ ref, type: 'set', values });
const steps = (...list: unknown[]): FlowInput => ({ steps: [WEBHOOK, ...list] });
const pointersOf = (flow: FlowInput): string[] => flowProblems(flow).map((problem) => problem.pointer);
const messagesOf = (flow: FlowInput): string[] => flowProblems(flow).map((problem) => problem.message);

/** The example of api.md, without the step that later issues bring. */
const EXAMPLE: FlowInput = {
  inputs: { company_id: { type: 'integer', required: false } },
  steps: [
    WEBHOOK,
    { ref: 'msg', type: 'set', values: { text: 'Hello {{ web1.company_id }}' } },
    {
      ref: 'big',
      type: 'condition',
      branches: [
        {
          when: '{{ web1.company_id > 1000 }}',
          steps: [
            {
              ref: 'e1',
              type: 'emit',
              event: 'company.big',
              subject: '{{ web1.company_id }}',
              data: { text: '{{ msg.text }}' },
            },
          ],
        },
      ],
      else: [{ ref: 'e2', type: 'emit', event: 'company.small', data: '{{ web1 }}' }],
    },
    {
      ref: 'res',
      type: 'http',
      method: 'POST',
      url: 'https://example.org/x',
      headers: { 'x-k': '{{ secrets.k }}' },
      json: { id: '{{ web1.company_id }}' },
      timeout: 'PT10S',
      retry: { maxAttempts: 3, backoff: 'PT1S' },
    },
  ],
  response: {
    mode: 'sync',
    status: '200',
    body: '{% if res.ok %}{{ res.body | tojson }}{% else %}{"valid": false}{% endif %}',
  },
  concurrency: { limit: 50, whenFull: 'queue' },
  priority: 9,
};

describe('a flow that can be run', () => {
  it('the example of api.md', () => expect(flowProblems(EXAMPLE)).toEqual([]));

  it.each<[string, FlowInput]>([
    ['no steps at all', { steps: [] }],
    ['no webhook step (LC-02)', { steps: [set('a')] }],
    ['a webhook that is first', steps()],
    [
      'every kind of delay',
      steps(
        { ref: 'a', type: 'delay', for: 'PT5M' },
        { ref: 'b', type: 'delay', until: '2027-01-01T00:00:00Z' },
        { ref: 'c', type: 'delay', for: '{{ web1.wait }}' },
      ),
    ],
    [
      'what a branch made is visible after it',
      steps(
        { ref: 'c', type: 'condition', branches: [{ when: '{{ web1.x }}', steps: [set('inner')] }] },
        set('out', '{{ inner }} {{ c.branch }}'),
      ),
    ],
    [
      'names that the template sets itself',
      steps(set('a', '{% set t = web1.x %}{{ t }}{% for i in range(3) %}{{ loop.index }}{{ i }}{% endfor %}')),
    ],
    ['the roots of every template', steps(set('a', '{{ trigger.headers }} {{ flow.number }} {{ run.id }}'))],
    ['a status by template', { ...steps(set('a')), response: { status: '{% if a.ok %}200{% else %}404{% endif %}' } }],
    [
      'an async response without outputs',
      { ...steps(set('a')), response: { mode: 'async', status: '202', body: '{{ web1.id }} {{ trigger.query.x }}' } },
    ],
    [
      'fail and onError',
      steps({ ref: 'a', type: 'fail', message: 'no {{ web1.x }}' }, { ...set('b'), onError: 'continue' }),
    ],
    [
      'a method and headers by template',
      steps({ ref: 'a', type: 'http', url: '{{ web1.url }}', method: '{{ web1.m }}', headers: '{{ web1.h }}' }),
    ],
    ['keys that look like prototypes', steps(set('a', { constructor: '{{ web1 }}', toString: 1, ['__proto__x']: [] }))],
    ['refs that look like prototypes', steps(set('constructor'), set('b', '{{ constructor.x }}'))],
  ])('%s', (_what, flow) => expect(flowProblems(flow)).toEqual([]));
});

describe('LC-02: the webhook step', () => {
  it.each<[string, FlowInput, string]>([
    ['second', { steps: [set('a'), WEBHOOK] }, '/steps/1'],
    ['twice', { steps: [WEBHOOK, { ref: 'web2', type: 'webhook' }] }, '/steps/1'],
    [
      'in a branch',
      { steps: [{ ref: 'c', type: 'condition', branches: [{ when: true, steps: [WEBHOOK] }] }] },
      '/steps/0/branches/0/steps/0',
    ],
  ])('is refused %s', (_what, flow, pointer) => {
    expect(flowProblems(flow)).toEqual([
      { pointer, message: 'a webhook step must be the first step of the flow, and there is at most one' },
    ]);
  });
});

describe('what is refused, and where', () => {
  const at = '/steps/1';
  it.each<[string, FlowInput, string[]]>([
    ['steps missing', {}, ['/steps']],
    ['steps that are no list', { steps: {} }, ['/steps']],
    ['a step that is text', steps('webhook'), [at]],
    ['a step that is null', steps(null), [at]],
    ['a step without ref and type', steps({}), [`${at}/ref`, `${at}/type`]],
    ['an unknown type', steps({ ref: 'a', type: 'htpp' }), [`${at}/type`]],
    ['a type from a prototype', steps({ ref: 'a', type: 'constructor' }), [`${at}/type`]],
    ['a type that is a number', steps({ ref: 'a', type: 5 }), [`${at}/type`]],
    ['an unknown field', steps({ ...set('a'), 'valu/es': 1 }), [`${at}/valu~1es`]],
    ['a missing field', steps({ ref: 'a', type: 'set' }), [`${at}/values`]],
    ['a duplicate ref', steps(set('web1')), [`${at}/ref`]],
    [
      'a duplicate ref in a branch',
      steps({ ref: 'c', type: 'condition', branches: [{ when: true, steps: [set('web1')] }] }),
      [`${at}/branches/0/steps/0/ref`],
    ],
    ['a ref with a blank', steps(set('a b')), [`${at}/ref`]],
    ['a ref with a digit first', steps(set('1a')), [`${at}/ref`]],
    ['a ref that is a word of templates', steps(set('secrets')), [`${at}/ref`]],
    ['a ref of 65 letters', steps(set('x'.repeat(65))), [`${at}/ref`]],
    ['a ref that is a number', steps({ ref: 5, type: 'set', values: {} }), [`${at}/ref`]],
    ['a template that does not parse', steps(set('a', { 'x/y': ['{{ web1.'] })), [`${at}/values/x~1y/0`]],
    ['an unknown filter', steps(set('a', '{{ web1.x | uppr }}')), [`${at}/values`]],
    ['an unknown test', steps(set('a', '{{ web1.x is odd2 }}')), [`${at}/values`]],
    ['an unknown ref', steps(set('a', '{{ web2.x }}')), [`${at}/values`]],
    ['a ref that comes later', steps(set('a', '{{ b }}'), set('b')), [`${at}/values`]],
    ['its own ref', steps(set('a', '{{ a }}')), [`${at}/values`]],
    [
      'a ref of another branch',
      steps({
        ref: 'c',
        type: 'condition',
        branches: [
          { when: true, steps: [set('x')] },
          { when: true, steps: [set('y', '{{ x }}')] },
        ],
      }),
      [`${at}/branches/1/steps/0/values`],
    ],
    ['secrets outside http', steps(set('a', '{{ secrets.k }}')), [`${at}/values`]],
    ['secrets in the response', { ...steps(), response: { body: '{{ secrets.k }}' } }, ['/response/body']],
    ['branches missing', steps({ ref: 'c', type: 'condition' }), [`${at}/branches`]],
    ['no branch', steps({ ref: 'c', type: 'condition', branches: [] }), [`${at}/branches`]],
    ['a branch that is text', steps({ ref: 'c', type: 'condition', branches: ['x'] }), [`${at}/branches/0`]],
    [
      'a branch without anything',
      steps({ ref: 'c', type: 'condition', branches: [{}] }),
      [`${at}/branches/0/when`, `${at}/branches/0/steps`],
    ],
    [
      'an unknown field of a branch',
      steps({ ref: 'c', type: 'condition', branches: [{ when: true, step: [], steps: [] }] }),
      [`${at}/branches/0/step`],
    ],
    [
      'a when that is no template',
      steps({ ref: 'c', type: 'condition', branches: [{ when: 'web1.x', steps: [] }] }),
      [`${at}/branches/0/when`],
    ],
    [
      'else that is no list',
      steps({ ref: 'c', type: 'condition', branches: [{ when: true, steps: [] }], else: {} }),
      [`${at}/else`],
    ],
    ['http without url', steps({ ref: 'a', type: 'http' }), [`${at}/url`]],
    ['http with an empty url', steps({ ref: 'a', type: 'http', url: ' ' }), [`${at}/url`]],
    ['http with json and body', steps({ ref: 'a', type: 'http', url: 'https://x', json: 1, body: 'x' }), [at]],
    ['http with a wrong method', steps({ ref: 'a', type: 'http', url: 'https://x', method: 'BREW' }), [`${at}/method`]],
    [
      'http with a wrong timeout',
      steps({ ref: 'a', type: 'http', url: 'https://x', timeout: '10s' }),
      [`${at}/timeout`],
    ],
    [
      'http with a timeout of an hour',
      steps({ ref: 'a', type: 'http', url: 'https://x', timeout: 'PT1H' }),
      [`${at}/timeout`],
    ],
    [
      'http with 21 attempts',
      steps({ ref: 'a', type: 'http', url: 'https://x', retry: { maxAttempts: 21 } }),
      [`${at}/retry/maxAttempts`],
    ],
    [
      'http with an unknown field of retry',
      steps({ ref: 'a', type: 'http', url: 'https://x', retry: { maxAttempts: 1, jitter: true } }),
      [`${at}/retry/jitter`],
    ],
    [
      'http with a backoff in numbers',
      steps({ ref: 'a', type: 'http', url: 'https://x', retry: { maxAttempts: 1, backoff: 5 } }),
      [`${at}/retry/backoff`],
    ],
    [
      'http with header injection',
      steps({ ref: 'a', type: 'http', url: 'https://x', headers: { 'x\r\ny': 'z' } }),
      [`${at}/headers/x\r\ny`],
    ],
    [
      'http with headers as a list',
      steps({ ref: 'a', type: 'http', url: 'https://x', headers: [] }),
      [`${at}/headers`],
    ],
    ['a delay without a length', steps({ ref: 'a', type: 'delay' }), [at]],
    ['a delay with both', steps({ ref: 'a', type: 'delay', for: 'PT1S', until: '2027-01-01' }), [at]],
    ['a delay of eleven years', steps({ ref: 'a', type: 'delay', for: 'P4100D' }), [`${at}/for`]],
    ['a delay until the 30th of February', steps({ ref: 'a', type: 'delay', until: '2030-02-30' }), [`${at}/until`]],
    ['a delay until some day', steps({ ref: 'a', type: 'delay', until: 'tomorrow' }), [`${at}/until`]],
    ['emit without an event', steps({ ref: 'a', type: 'emit', data: {} }), [`${at}/event`]],
    ['goto a step that is not there', steps({ ...set('a'), onError: { goto: 'b' } }), [`${at}/onError/goto`]],
    ['inputs as a list', { ...steps(), inputs: [] }, ['/inputs']],
    ['an input without a type', { ...steps(), inputs: { a: {} } }, ['/inputs/a/type']],
    [
      'an input with a wrong type',
      { ...steps(), inputs: { a: { type: 'date', required: 1 } } },
      ['/inputs/a/type', '/inputs/a/required'],
    ],
    ['an input with a strange name', { ...steps(), inputs: { 'a b': { type: 'string' } } }, ['/inputs/a b']],
    ['a response that is text', { ...steps(), response: 'ok' }, ['/response']],
    ['an unknown field of the response', { ...steps(), response: { headers: {} } }, ['/response/headers']],
    ['a response mode', { ...steps(), response: { mode: 'maybe' } }, ['/response/mode']],
    ['a status of 99', { ...steps(), response: { status: '99' } }, ['/response/status']],
    ['a status of 600', { ...steps(), response: { status: '600' } }, ['/response/status']],
    ['a status of 2000', { ...steps(), response: { status: '2000' } }, ['/response/status']],
    ['LC-11: a status of 600 as a number', { ...steps(), response: { status: 600 } }, ['/response/status']],
    ['LC-11: a status with a fraction', { ...steps(), response: { status: 200.5 } }, ['/response/status']],
    ['LC-11: a status as a list', { ...steps(), response: { status: [200] } }, ['/response/status']],
    [
      'LC-11: templates anywhere in a JSON body',
      { ...steps(set('a')), response: { body: { ok: ['{{ a.x }}', '{{ nobody }}'], more: { bad: '{{' } } } },
      ['/response/body/ok/1', '/response/body/more/bad'],
    ],
    [
      'LC-12: an async JSON body with an output',
      { ...steps(set('a')), response: { mode: 'async', status: 202, body: { x: ['{{ a.x }}'] } } },
      ['/response/body/x/0'],
    ],
    [
      'LC-12: an async body of 101 templates',
      { ...steps(), response: { mode: 'async', body: Array.from({ length: 101 }, () => '{{ trigger.method }}') } },
      ['/response/body'],
    ],
    [
      'LC-12: async with an output',
      { ...steps(set('a')), response: { mode: 'async', body: '{{ a.x }}' } },
      ['/response/body'],
    ],
    [
      'LC-12: async with what only a run has',
      { ...steps(), response: { mode: 'async', status: '{{ run.number }}', body: '{{ flow.name }}' } },
      ['/response/status', '/response/body'],
    ],
    ['a concurrency of nothing', { ...steps(), concurrency: {} }, ['/concurrency/limit']],
    [
      'a concurrency of 0',
      { ...steps(), concurrency: { limit: 0, whenFull: 'queue', max: 1 } },
      ['/concurrency/max', '/concurrency/limit'],
    ],
    ['FL-07: a priority beyond 9', { ...steps(), priority: 10 }, ['/priority']],
    ['FL-07: a priority of a half', { ...steps(), priority: 0.5 }, ['/priority']],
    ['FL-07: no priority', { ...steps(), priority: null }, ['/priority']],
    ['strict as text', { ...steps(), strict: 'true' }, ['/strict']],
  ])('%s', (_what, flow, pointers) => expect(pointersOf(flow)).toEqual(pointers));
});

describe('bounds', () => {
  const nested = (depth: number): object =>
    depth === 0
      ? set('deepest')
      : { ref: `c${depth}`, type: 'condition', branches: [{ when: true, steps: [nested(depth - 1)] }] };

  it('200 steps are a flow, 201 are too many, wherever they stand', () => {
    const many = (count: number): object[] => Array.from({ length: count }, (_, index) => set(`s${index}`));
    expect(pointersOf({ steps: many(200) })).toEqual([]);
    expect(pointersOf({ steps: many(201) })).toEqual(['/steps']);
    const inside = { ref: 'c', type: 'condition', branches: [{ when: true, steps: many(200) }] };
    expect(pointersOf({ steps: [inside] })).toEqual(['/steps']);
  });

  it('20 levels are a flow, 21 are too deep', () => {
    expect(pointersOf({ steps: [nested(19)] })).toEqual([]);
    expect(messagesOf({ steps: [nested(20)] })).toEqual(['steps are nested at most 20 deep']);
  });

  it('the character NUL, which PostgreSQL cannot store, is refused; its name in text is not', () => {
    const answering = (body: string): FlowInput => ({ steps: [set('a')], response: { body } });
    expect(messagesOf(answering('a\u0000b'))).toEqual(['must not contain the character NUL (U+0000)']);
    expect(messagesOf(answering('a\\\\u0000b'))).toEqual([]);
  });

  it('a hostile flow of a megabyte is told to be too long and not looked at further', () => {
    const wide = Array.from({ length: 20_000 }, (_, index) => ({ ref: `r${index}`, type: 'set', values: '{{ x }}' }));
    expect(pointersOf({ steps: wide })).toEqual(['/steps']);
  });
});

describe('what would fail every run, or say something else than it seems to', () => {
  it.each<[Record<string, unknown>, string, string]>([
    [{ type: 'wait_for_callback', timeout: 'P367D' }, '/steps/0/timeout', '366 days'],
    [{ type: 'approval', timeout: 'P53W' }, '/steps/0/timeout', '366 days'],
    [{ type: 'approval', to: ['ann@example.org', 'role:editr'] }, '/steps/0/to/1', 'did you mean "editor"?'],
    [{ type: 'approval', to: 'role:' }, '/steps/0/to', 'no role'],
    [{ type: 'fail', code: 'out of stock' }, '/steps/0/code', 'must be a code'],
    [{ type: 'foreach', in: [], as: 'x', index: 'x', steps: [] }, '/steps/0', 'two things in it are called "x"'],
  ])('%j is refused', (fields, pointer, message) => {
    expect(flowProblems({ steps: [{ ref: 'a', ...fields }] })).toEqual([
      { pointer, message: expect.stringContaining(message) },
    ]);
  });

  it.each([
    { type: 'wait_for_callback', timeout: 'P366D' },
    { type: 'approval', to: ['role:viewer', '{{ trigger.body.who }}'], timeout: '{{ trigger.body.until }}' },
    { type: 'approval', to: '01a20909-8073-77dd-8def-43de222377a3' },
    { type: 'fail', code: 'out.of-stock_1' },
    { type: 'fail', code: '{{ trigger.body.code }}' },
  ])('%j is not', (fields) => expect(pointersOf({ steps: [{ ref: 'a', ...fields }] })).toEqual([]));

  it('a ref that JavaScript takes for the prototype of the outputs is refused', () => {
    expect(pointersOf({ steps: [set('__proto__')] })).toEqual(['/steps/0/ref']);
    expect(pointersOf({ steps: [set('constructor')] })).toEqual([]);
  });

  it('a limit queues unless it says otherwise', () => {
    expect(pointersOf({ steps: [], concurrency: { limit: 1 } })).toEqual([]);
    expect(messagesOf({ steps: [], concurrency: { limit: 1, whenFull: 'rejct' } })[0]).toContain('mean "reject"?');
  });
});

describe('suggestions', () => {
  it('names the closest word when one is close', () => {
    expect(didYouMean('vlaues', ['values', 'type'])).toBe('; did you mean "values"?');
    expect(didYouMean('x', ['values', 'type'])).toBe('');
    expect(messagesOf(steps({ ref: 'a', type: 'sett', values: {} }))[0]).toContain('did you mean "set"?');
    expect(messagesOf(steps(set('a', '{{ web.x }}')))[0]).toContain('did you mean "web1"?');
    expect(messagesOf(steps(set('a', '{{ web1.x | uppr }}')))[0]).toContain('upper');
  });
});
