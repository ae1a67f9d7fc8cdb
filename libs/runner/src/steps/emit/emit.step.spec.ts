import { expect, test } from 'vitest';
import { stepCompiler } from '../../flows/compiled-flow.ts';
import { emitStep } from './emit.step.ts';

const emit = (fields: Record<string, unknown>, context: Record<string, unknown> = {}) =>
  emitStep
    .compile({ ref: 'e', type: 'emit', ...fields }, stepCompiler)
    .begin({ context, strict: false, now: new Date(0), checkTime: undefined });

test('type, subject and data are templates; a subject is text', () => {
  const made = emit(
    { event: 'order.{{ kind }}', subject: '{{ id }}', data: { all: '{{ web }}' } },
    { kind: 'paid', id: 7, web: [1] },
  );
  expect(made).toEqual({ kind: 'emitted', type: 'order.paid', id: null, subject: '7', data: { all: [1] } });
});

test('without subject and data both are null', () => {
  expect(emit({ event: 'x' })).toEqual({ kind: 'emitted', type: 'x', id: null, subject: null, data: null });
});

test.each(['{{ missing }}', ' ', 'x'.repeat(201), '{{ [1] }}'])(
  'a type that comes out as %j fails the step',
  (event) => {
    expect(() => emit({ event })).toThrow('the event type must be text');
  },
);

test('an id of the flow is text of at most 256 characters; nothing is none', () => {
  expect(emit({ event: 'x', id: '{{ n }}' }, { n: 7 })).toMatchObject({ id: '7' });
  expect(emit({ event: 'x', id: '{{ n }}' })).toMatchObject({ id: null });
  expect(() => emit({ event: 'x', id: 'x'.repeat(257) })).toThrow('longer than 256');
});

test("ET-10: a template cannot make an event of Sluice's own; a flow that says one as it stands is an old one and goes on", () => {
  expect(() => emit({ event: 'Flow.{{ what }}' }, { what: 'Executed' })).toThrow(
    '"Flow.Executed" is an event of Sluice',
  );
  expect(emit({ event: 'Flow.{{ what }}' }, { what: 'Shipped' })).toMatchObject({ type: 'Flow.Shipped' });
  expect(emit({ event: 'Flow.Executed' })).toMatchObject({ type: 'Flow.Executed' });
});
