import { describe, expect, test } from 'vitest';
import { secretNamesIn, templateCompiler } from './value-template.ts';

const evaluate = (source: unknown, context: Record<string, unknown> = {}) =>
  templateCompiler.value(source).evaluate(context);

describe('a value whose strings may be templates', () => {
  test('is evaluated at any depth; keys and other values stay as they are', () => {
    const source = { a: ['{{ x }}', { '{{ x }}': 'n={{ x }}' }], b: 1, c: null, d: true };
    expect(evaluate(source, { x: [5] })).toEqual({ a: [[5], { '{{ x }}': 'n=[5]' }], b: 1, c: null, d: true });
  });

  test('without templates is the same object each time', () => {
    const source = { a: [1, { b: 'plain' }] };
    expect(evaluate(source)).toBe(source);
  });

  test('keeps a key named __proto__ as data', () => {
    const source: unknown = JSON.parse('{"__proto__": "{{ x }}", "a": "{{ x }}"}');
    const made = evaluate(source, { x: 1 });
    expect(JSON.stringify(made)).toBe('{"__proto__":1,"a":1}');
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
  });

  test('tells which names it reads', () => {
    const { references } = templateCompiler.value({ a: '{{ one.x }}', b: ['{% if two %}y{% endif %}'] });
    expect([...references].sort()).toEqual(['one', 'two']);
  });

  test('shows templates that touch a given name as they were written, and evaluates the others', () => {
    const template = templateCompiler.value({ a: '{{ secrets.k }}', b: '{{ x }}' });
    expect(template.evaluateExcept('secrets', { x: 1 })).toEqual({ a: '{{ secrets.k }}', b: 1 });
  });
});

test('names of secrets are found in every way of writing them down', () => {
  const source = {
    a: "{{ secrets.one }} {{ secrets['two x'] }}",
    b: ['{{ secrets["three"] | upper }}', '{{ mysecrets.no }}'],
  };
  expect(secretNamesIn(source).sort()).toEqual(['one', 'three', 'two x']);
});
