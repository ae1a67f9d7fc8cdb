import { describe, expect, test } from 'vitest';
import { placeAt, rangeOf, readText, textOf } from './flow-text.rules.ts';

const FLOW = { name: 'F', steps: [{ ref: 'a', type: 'set', values: { n: '{{ 1 }}' } }] };

/** The text before | and the place of it. */
function at(marked: string) {
  const offset = marked.indexOf('|');
  const text = marked.replace('|', '');
  const word = /\w*$/.exec(text.slice(0, offset))?.[0] ?? '';
  return placeAt(text, offset - word.length, offset);
}

describe('a flow as text', () => {
  test('is the same flow in YAML and in JSON', () => {
    for (const format of ['yaml', 'json'] as const)
      expect(readText(textOf(FLOW, format), format)).toEqual({ document: FLOW });
  });

  test('that cannot be read tells where and why', () => {
    const yaml = readText('name: F\nsteps: [', 'yaml');
    expect(yaml).toMatchObject({ problem: expect.any(String), range: { from: expect.any(Number) } });
    expect(readText('{"name": }', 'json')).toMatchObject({ problem: expect.stringContaining('not JSON') });
    expect(readText('- a', 'yaml')).toMatchObject({ problem: expect.stringContaining('object') });
    const laughs = `a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c, *c]`;
    expect(readText(laughs, 'yaml')).toHaveProperty('problem');
  });

  test('shows where a pointer of the API stands, or what it is missing from', () => {
    const text = textOf(FLOW, 'yaml');
    const { from, to } = rangeOf(text, '/steps/0/type');
    expect(text.slice(from, to)).toBe('set');
    const missing = rangeOf(text, '/steps/0/url');
    expect(text.slice(missing.from, missing.to)).toContain('ref: a');
    expect(rangeOf('', '/steps')).toEqual({ from: 0, to: 0 });
  });

  test('tells what is being typed at the cursor', () => {
    expect(at('na|')).toEqual({ path: [], kind: 'key' });
    expect(at('name: F\nste|')).toEqual({ path: [], kind: 'key' });
    expect(at('steps:\n  - ref: a\n    ty|')).toEqual({ path: ['steps', 0], kind: 'key' });
    expect(at('steps:\n  - ref: a\n    type: se|')).toEqual({ path: ['steps', 0, 'type'], kind: 'value' });
    expect(at('steps:\n  - ref: a\n    type: |\n    url: x')).toEqual({ path: ['steps', 0, 'type'], kind: 'value' });
    expect(at('{"steps": [{"ref": "a", "ty|"}]}')).toEqual({ path: ['steps', 0], kind: 'key' });
    expect(at('{"steps": [{"ref": "a", "type": "s|"}]}')).toEqual({ path: ['steps', 0, 'type'], kind: 'value' });
  });
});
