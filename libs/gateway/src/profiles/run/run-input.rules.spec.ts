import { describe, expect, it } from 'vitest';
import type { FlowInputs } from '../../routing/route.ts';
import { inputProblems } from './run-input.rules.ts';

const INPUTS: FlowInputs = {
  id: { type: 'integer', required: true },
  share: { type: 'number' },
  name: { type: 'string' },
  on: { type: 'boolean' },
  tags: { type: 'array' },
  more: { type: 'object' },
};
const pointers = (value: unknown, inputs: FlowInputs | null = INPUTS): string[] =>
  inputProblems(inputs, value).map((problem) => problem.pointer);

describe('LT-07: a body against the named inputs of a flow', () => {
  it('fits when what is required is there and everything has its type', () => {
    expect(pointers({ id: 1 })).toEqual([]);
    expect(pointers({ id: 0, share: 1.5, name: '', on: false, tags: [], more: {} })).toEqual([]);
    expect(pointers({ id: 1.0, share: 2, undeclared: [1] })).toEqual([]);
  });

  it('names every field that does not', () => {
    expect(pointers({})).toEqual(['/id']);
    expect(pointers({ id: null })).toEqual(['/id']);
    const wrong = { id: 1.5, share: '1', name: 5, on: 'true', tags: {}, more: [] };
    expect(pointers(wrong)).toEqual(['/id', '/share', '/name', '/on', '/tags', '/more']);
    expect(inputProblems(INPUTS, { id: 'x' })).toEqual([{ pointer: '/id', message: 'must be of type integer' }]);
    expect(inputProblems(INPUTS, {})).toEqual([{ pointer: '/id', message: 'is required (integer)' }]);
  });

  it('takes null for what need not be there', () => expect(pointers({ id: 1, name: null, tags: null })).toEqual([]));

  it.each([[[]], ['text'], [1], [null]])('refuses %j as a whole, declared inputs or not', (value) => {
    expect(pointers(value)).toEqual(['']);
    expect(pointers(value, null)).toEqual(['']);
  });

  it('lets any object through for a flow that declares none', () => expect(pointers({ a: 1 }, null)).toEqual([]));

  it('is not fooled by what every object inherits', () => {
    const inputs: FlowInputs = { toString: { type: 'string', required: true }, __proto__x: { type: 'object' } };
    expect(pointers(JSON.parse('{"__proto__": {"toString": "x"}}'), inputs)).toEqual(['/toString']);
  });
});
