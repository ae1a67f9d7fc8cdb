import { derivedId, type FlowStep } from '@sluice/contracts';
import { describe, expect, test } from 'vitest';
import { at, begin, dataOf, flowOf, RUN_ID, typesOf } from './decider.fixture.ts';
import { foldRun } from './run-state.ts';

const WEBHOOK: FlowStep = { ref: 'web1', type: 'webhook' };
const greet = (values: unknown): FlowStep => ({ ref: 'msg', type: 'set', values });

describe('a pure flow', () => {
  test('is over in its first append: start, each step, end', () => {
    const { events, next } = begin(
      flowOf([
        WEBHOOK,
        greet({ text: 'Hello {{ web1.company_id }}' }),
        { ref: 'e', type: 'emit', event: 'company.seen', subject: '{{ web1.company_id }}', data: '{{ web1 }}' },
      ]),
      { company_id: 5 },
    );
    expect(typesOf(events)).toEqual(['RunStarted', 'StepCompleted', 'EventEmitted', 'RunFinished']);
    expect(dataOf(events, 'StepCompleted').output).toEqual({ text: 'Hello 5' });
    expect(dataOf(events, 'EventEmitted')).toMatchObject({
      eventId: derivedId('event', RUN_ID, 'e'),
      type: 'company.seen',
      subject: '5',
      data: { company_id: 5 },
    });
    expect(next.kind).toBe('finished');
  });

  test('has the body once: in RunStarted, which completes the webhook step', () => {
    const { events, run } = begin(flowOf([WEBHOOK]), { company_id: 5 });
    expect(typesOf(events)).toEqual(['RunStarted', 'RunFinished']);
    expect(dataOf(events, 'RunStarted')).toMatchObject({ input: { company_id: 5 }, webhookRef: 'web1' });
    expect(run.steps.get('web1')).toMatchObject({ type: 'webhook', status: 'succeeded', output: { company_id: 5 } });
  });

  test('has the output of its last step as its result', () => {
    const { events } = begin(flowOf([WEBHOOK, greet({ n: '{{ web1.n + 1 }}' })]), { n: 1 });
    expect(dataOf(events, 'RunFinished')).toMatchObject({
      status: 'succeeded',
      result: { n: 2 },
      number: 42,
      flowNumber: 7,
      flowVersion: 3,
    });
  });

  test('keeps the native type of a template that is one expression, and gives text otherwise', () => {
    const { run } = begin(flowOf([WEBHOOK, greet({ list: '{{ web1.items }}', text: 'n={{ web1.n }}' })]), {
      items: [1, 'two', { three: 3 }],
      n: 4,
    });
    expect(run.steps.get('msg')?.output).toEqual({ list: [1, 'two', { three: 3 }], text: 'n=4' });
  });

  test('reads what is missing as nothing, however deep', () => {
    const { run, events } = begin(flowOf([WEBHOOK, greet({ a: '{{ nope.deeper.still }}', b: 'x{{ web1.no.no }}y' })]));
    expect(run.steps.get('msg')?.output).toEqual({ a: null, b: 'xy' });
    expect(dataOf(events, 'RunFinished').status).toBe('succeeded');
  });

  test('fails on what is missing when the flow is strict', () => {
    const { events } = begin(flowOf([WEBHOOK, greet({ a: '{{ web1.no }}' })], { strict: true }));
    expect(dataOf(events, 'RunFinished')).toMatchObject({
      status: 'failed',
      error: { code: 'template_error', ref: 'msg' },
    });
  });

  test('sees the trigger, the flow and the run', () => {
    const trigger = {
      profile: 'native' as const,
      method: 'POST',
      query: { q: '1' },
      headers: { 'x-a': 'b' },
      receivedAt: at(-1).iso,
      props: { p: true },
      replyTo: null,
    };
    const values = {
      seen: '{{ trigger.query.q }} {{ trigger.headers["x-a"] }} {{ trigger.method }} {{ trigger.body.n }}',
      props: '{{ trigger.props }}',
      flow: '{{ flow.number }}.{{ flow.version }}',
      run: '{{ run.number }}',
    };
    const { run } = begin(flowOf([greet(values)]), { n: 3 }, { trigger });
    expect(run.steps.get('msg')?.output).toEqual({ seen: '1 b POST 3', props: { p: true }, flow: '7.3', run: 42 });
  });

  test('does not keep its trigger, because it is over at once', () => {
    const trigger = {
      profile: 'native' as const,
      method: 'POST',
      query: {},
      headers: {},
      receivedAt: at(0).iso,
      props: null,
      replyTo: null,
    };
    expect(dataOf(begin(flowOf([WEBHOOK]), {}, { trigger }).events, 'RunStarted')).not.toHaveProperty('trigger');
  });

  test('folds from its stored events to the same state that deciding left behind', () => {
    const { events, run } = begin(flowOf([WEBHOOK, greet({ a: '{{ web1.a }}' })]), { a: [1] });
    const stored = JSON.parse(JSON.stringify(events)) as typeof events;
    expect({ ...foldRun(RUN_ID, stored), memory: null }).toEqual({ ...run, memory: null });
    expect(run.version).toBe(events.length);
  });
});

describe('a condition', () => {
  const flow = flowOf([
    WEBHOOK,
    {
      ref: 'big',
      type: 'condition',
      branches: [
        { when: '{{ web1.n > 1000 }}', steps: [{ ref: 'b1', type: 'set', values: { size: 'big' } }] },
        {
          when: '{{ web1.n > 10 }}',
          steps: [
            {
              ref: 'inner',
              type: 'condition',
              branches: [{ when: '{{ web1.odd }}', steps: [{ ref: 'b2', type: 'set', values: { size: 'odd' } }] }],
            },
          ],
        },
      ],
      else: [{ ref: 'b3', type: 'set', values: { size: 'small' } }],
    },
    { ref: 'after', type: 'set', values: { seen: '{{ b1.size or b2.size or b3.size }}' } },
  ]);

  test.each([
    [{ n: 2000 }, 0, 'b1', 'big'],
    [{ n: 20, odd: true }, 1, 'b2', 'odd'],
    [{ n: 1 }, 'else', 'b3', 'small'],
  ])('of %j takes branch %j, and what ran inside is visible after it', (input, branch, ref, size) => {
    const { run } = begin(flow, input);
    expect(run.steps.get('big')?.output).toEqual({ branch });
    expect([...run.steps.keys()]).toContain(ref);
    expect(run.steps.get('after')?.output).toEqual({ seen: size });
  });

  test('without a branch that holds and without an else goes on', () => {
    const { run } = begin(flow, { n: 20, odd: false });
    expect(run.steps.get('inner')?.output).toEqual({ branch: null });
    expect(run.steps.get('after')?.output).toEqual({ seen: null });
  });

  test('is not itself the result of a run', () => {
    const { events } = begin(
      flowOf([greet({ a: 1 }), { ref: 'c', type: 'condition', branches: [{ when: '{{ false }}', steps: [] }] }]),
    );
    expect(dataOf(events, 'RunFinished').result).toEqual({ a: 1 });
  });
});

describe('a run that fails', () => {
  test('names the step and leaves out what comes after it', () => {
    const { events, run } = begin(
      flowOf([WEBHOOK, { ref: 'stop', type: 'fail', message: 'no {{ web1.what }}' }, greet({})]),
      { what: 'money' },
    );
    expect(typesOf(events)).toEqual(['RunStarted', 'StepFailed', 'RunFinished']);
    const error = { code: 'failed_by_flow', message: 'no money', ref: 'stop' };
    expect(dataOf(events, 'RunFinished')).toMatchObject({ status: 'failed', result: null, error });
    expect(run.steps.has('msg')).toBe(false);
  });

  test('goes on after a failed step that says continue, and shows what was wrong', () => {
    const { run, events } = begin(
      flowOf([
        { ref: 'bad', type: 'set', values: { a: '{{ 1 / 0 }}' }, onError: 'continue' },
        greet({ ok: '{{ bad.ok }}', code: '{{ bad.error.code }}' }),
      ]),
    );
    expect(run.steps.get('msg')?.output).toEqual({ ok: false, code: 'template_error' });
    expect(dataOf(events, 'RunFinished').status).toBe('succeeded');
  });

  test('fails by itself when the stored flow cannot be compiled', () => {
    const flow = flowOf([WEBHOOK, greet({ a: '{{ broken' })]);
    expect(flow.problem).toMatchObject({ ref: 'msg' });
    const { events } = begin(flow);
    expect(typesOf(events)).toEqual(['RunStarted', 'RunFinished']);
    expect(dataOf(events, 'RunFinished')).toMatchObject({
      status: 'failed',
      error: { code: 'flow_invalid', ref: 'msg' },
    });
  });

  test('fails by itself for a step type of a newer version', () => {
    const { events } = begin(flowOf([{ ref: 'x', type: 'teleport' }]));
    expect(dataOf(events, 'RunFinished').error).toMatchObject({ code: 'flow_invalid', ref: 'x' });
  });

  test('fails by itself when its body cannot be read', () => {
    const { events } = begin(flowOf([WEBHOOK]), null, {
      input: { problem: { code: 'malformed_json', message: 'no JSON' } },
    });
    expect(dataOf(events, 'RunFinished')).toMatchObject({
      status: 'failed',
      error: { code: 'malformed_json', ref: 'web1' },
    });
  });

  test('ends with the code of a runaway template within the bounds of templates', () => {
    const { events } = begin(
      flowOf([greet({ a: '{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}' })]),
    );
    expect(dataOf(events, 'RunFinished').error).toMatchObject({ code: 'template_error', ref: 'msg' });
  });
});

describe('sizes', () => {
  const kilobytes = (n: number): string => 'x'.repeat(n * 1024);

  test('what a step makes is stored beside the events over 256 KiB, and later steps read it', () => {
    const length = { ...greet('{{ msg.twice | length }}'), ref: 'n' };
    const flow = flowOf([WEBHOOK, greet({ twice: '{{ web1.a ~ web1.a }}' }), length]);
    const { events, outputs, run } = begin(flow, { a: kilobytes(140) });
    expect(dataOf(events, 'RunFinished')).toMatchObject({ status: 'succeeded', result: 280 * 1024 });
    const [stored] = outputs;
    expect(JSON.parse(String(stored?.bytes))).toEqual({ twice: kilobytes(280) });
    expect(events.find(({ type }) => type === 'StepCompleted')?.data).toMatchObject({
      output: { filename: 'msg.json', contentType: 'application/json', payloadId: stored?.id },
      outputStored: true,
      payloads: [stored?.id],
    });
    expect(run.memory.bytes).toMatchObject({ stored: stored?.bytes.length });
  });

  test('as the last step its result is the file', () => {
    const { run } = begin(flowOf([WEBHOOK, greet({ twice: '{{ web1.a ~ web1.a }}' })]), { a: kilobytes(140) });
    expect(run.finished?.result).toEqual(run.steps.get('msg')?.stored);
  });

  test('a step that makes more than 4 MiB fails, as does one with which the large outputs have more than 8', () => {
    const nine = { a: Array.from({ length: 9 }, () => '{{ web1.a }}') };
    const one = begin(flowOf([WEBHOOK, greet(nine)]), { a: kilobytes(512) });
    expect(one.run.finished?.error).toMatchObject({ code: 'output_too_large', ref: 'msg' });
    const steps = Array.from({ length: 9 }, (_, index) => ({ ...greet({ a: '{{ web1.a }}' }), ref: `s${index}` }));
    const many = begin(flowOf([WEBHOOK, ...steps]), { a: kilobytes(1_000) });
    expect(many.run.finished?.error).toMatchObject({ code: 'run_too_large', ref: 's8' });
    expect(many.outputs).toHaveLength(8);
  });

  test('so does an event whose data is larger', () => {
    const { events } = begin(flowOf([WEBHOOK, { ref: 'e', type: 'emit', event: 'x', data: '{{ web1 }}' }]), {
      a: kilobytes(300),
    });
    expect(dataOf(events, 'RunFinished').error).toMatchObject({ code: 'output_too_large', ref: 'e' });
  });

  test('and a run whose steps put out more than 1 MiB in all', () => {
    const steps = Array.from({ length: 6 }, (_, index) => ({ ...greet({ a: '{{ web1.a }}' }), ref: `s${index}` }));
    const { events } = begin(flowOf([WEBHOOK, ...steps]), { a: kilobytes(200) });
    expect(dataOf(events, 'RunFinished').error).toMatchObject({ code: 'run_too_large', ref: 's5' });
  });

  test('a large body does not count: it is stored once and elsewhere', () => {
    const inputPayload = { id: RUN_ID, kind: 'json' as const };
    const { events, run } = begin(
      flowOf([WEBHOOK, greet({ n: '{{ web1.n }}' })]),
      { a: kilobytes(900), n: 1 },
      { inputPayload },
    );
    expect(dataOf(events, 'RunStarted')).toMatchObject({ input: null, inputPayload });
    expect(run.steps.get('msg')?.output).toEqual({ n: 1 });
  });
});
