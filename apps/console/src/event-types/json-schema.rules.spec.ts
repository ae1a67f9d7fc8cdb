import { expect, it } from 'vitest';
import { keysAt, valuesAt } from '../flows/flow-schema.rules.ts';
import { JSON_SCHEMA } from './json-schema.rules.ts';

const names = (found: readonly { text: string }[]): string[] => found.map(({ text }) => text);
const DOCUMENT = {
  type: 'object',
  properties: { order: { type: 'object', properties: { id: { ty: '' } } }, lines: { items: {} } },
  anyOf: [{}],
};

it('RG-05: the editor of event types completes the words of JSON Schema at every depth', () => {
  expect(names(keysAt(JSON_SCHEMA, DOCUMENT, []))).toEqual(expect.arrayContaining(['required', '$defs']));
  expect(names(keysAt(JSON_SCHEMA, DOCUMENT, []))).not.toContain('type');
  for (const path of [
    ['properties', 'order', 'properties', 'id'],
    ['properties', 'lines', 'items'],
    ['anyOf', 0],
  ]) {
    expect([path, names(keysAt(JSON_SCHEMA, DOCUMENT, path)).includes('minimum')]).toEqual([path, true]);
  }
  expect(names(keysAt(JSON_SCHEMA, DOCUMENT, ['properties']))).toEqual([]);
});

it('RG-05: it offers the types and formats that there are', () => {
  const place = ['properties', 'order', 'properties', 'id'];
  expect(names(valuesAt(JSON_SCHEMA, DOCUMENT, [...place, 'type']))).toContain('integer');
  expect(names(valuesAt(JSON_SCHEMA, DOCUMENT, [...place, 'format']))).toContain('date-time');
});
