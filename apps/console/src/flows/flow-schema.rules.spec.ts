import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { keysAt, type Schema, stepKinds, valuesAt } from './flow-schema.rules.ts';

const file = path.resolve(import.meta.dirname, '../../../../docs/flow.schema.json');
const SCHEMA = JSON.parse(readFileSync(file, 'utf8')) as Schema;
const names = (found: readonly { text: string }[]): string[] => found.map(({ text }) => text);

const FLOW = {
  steps: [
    { ref: 'web', type: 'webhook' },
    { ref: 'res', type: 'http', url: 'https://example.org', retry: {} },
    { ref: 'all', type: 'foreach', steps: [{ ref: 'x', type: 'de' }] },
  ],
};

describe('what the schema of flows offers', () => {
  test('at the top: the fields that are not there yet', () => {
    expect(names(keysAt(SCHEMA, FLOW, []))).toEqual(expect.arrayContaining(['response', 'onError', 'schedules']));
    expect(names(keysAt(SCHEMA, FLOW, []))).not.toContain('steps');
  });

  test('in a step: the fields of its type, with what they mean', () => {
    const offered = keysAt(SCHEMA, FLOW, ['steps', 1]);
    expect(names(offered)).toEqual(expect.arrayContaining(['method', 'json', 'if', 'timeout']));
    expect(names(offered)).not.toContain('url');
    expect(names(offered)).not.toContain('branches');
    expect(offered.find(({ text }) => text === 'json')?.detail).toBe('sent as JSON');
    expect(names(keysAt(SCHEMA, FLOW, ['steps', 1, 'retry']))).toEqual(
      expect.arrayContaining(['maxAttempts', 'backoff']),
    );
  });

  test('the types of steps, also inside of others and while one is being typed', () => {
    const types = valuesAt(SCHEMA, FLOW, ['steps', 2, 'steps', 0, 'type']);
    expect(names(types)).toEqual(expect.arrayContaining(['set', 'delay', 'webhook']));
    expect(types.find(({ text }) => text === 'delay')?.detail).toContain('Waits');
  });

  test('the values of a choice', () => {
    expect(names(valuesAt(SCHEMA, FLOW, ['response', 'mode']))).toEqual(['sync', 'async']);
    expect(names(valuesAt(SCHEMA, FLOW, ['steps', 1, 'answer']))).toEqual(['auto', 'json', 'text', 'file']);
    expect(names(valuesAt(SCHEMA, FLOW, ['strict']))).toEqual(['true', 'false']);
  });

  test('nothing where it knows nothing', () => {
    expect(keysAt(SCHEMA, FLOW, ['nope', 3])).toEqual([]);
    expect(valuesAt(SCHEMA, null, ['steps', 0, 'url'])).toEqual([]);
  });

  test('every type of step for the palette, with its fields', () => {
    const kinds = stepKinds(SCHEMA);
    expect(kinds[0]?.type).toBe('webhook');
    expect(kinds.find(({ type }) => type === 'http')?.fields.map(({ name }) => name)).toContain('url');
  });
});
