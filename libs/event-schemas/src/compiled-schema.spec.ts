import { BUILT_IN_EVENT_TYPES } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { compileSchema, schemaProblems } from './compiled-schema.ts';
import { checkedExampleOf, exampleOf } from './example-of.ts';

const pointersOf = (schema: unknown): string[] => schemaProblems(schema).map(({ pointer }) => pointer);
const object = (properties: Record<string, unknown>) => ({ type: 'object', properties });

describe('RG-05: which schemas are taken', () => {
  it.each([
    [{}],
    [{ type: 'object', required: ['id'], properties: { id: { type: 'integer' } }, additionalProperties: false }],
    [{ $schema: 'https://json-schema.org/draft/2020-12/schema', type: ['string', 'null'] }],
    [{ ...object({ home: { $ref: '#/$defs/address' } }), $defs: { address: object({ city: { type: 'string' } }) } }],
    [{ type: 'array', prefixItems: [{ type: 'string' }], uniqueItems: true, maxItems: 10 }],
    [{ type: 'string', format: 'date-time' }],
  ])('%j is one', (schema) => {
    expect(schemaProblems(schema)).toEqual([]);
  });

  it.each([
    ['text', 'no object', ['']],
    [null, 'null', ['']],
    [[], 'a list', ['']],
    [{ typ: 'object' }, 'a keyword that does not exist', ['']],
    [{ type: 'objct' }, 'a type that does not exist', ['']],
    [{ type: 'string', format: 'colour' }, 'a format that nobody knows', ['']],
    [{ $schema: 'http://json-schema.org/draft-07/schema#' }, 'another draft', ['/$schema']],
    [{ $ref: 'https://example.org/schema' }, 'a reference to elsewhere', ['/$ref']],
    [{ $ref: '#/$defs/none' }, 'a reference to nothing', ['/$ref']],
    [{ $dynamicRef: '#a' }, 'a dynamic reference', ['/$dynamicRef']],
    [{ type: 'array', uniqueItems: true }, 'uniqueness without a bound', ['/uniqueItems']],
    [{ type: 'string', pattern: '(a)\\1' }, 'a pattern that has to backtrack', ['']],
    [{ type: 'string', pattern: '(' }, 'a pattern that is none', ['']],
    [object({ a: { description: 'x'.repeat(70_000) } }), 'more than 64 KiB', ['']],
  ])('%j is not: %s', (schema, _why, pointers) => {
    expect(pointersOf(schema)).toEqual(pointers);
  });

  it('a schema that refers to itself, and one that is nested too deep, are refused before anything walks them', () => {
    const tree = object({ left: { $ref: '#' }, right: { $ref: '#' } });
    expect(schemaProblems(tree)[0]?.message).toContain('recursive');
    let deep: Record<string, unknown> = { type: 'string' };
    for (let level = 0; level < 10_000; level++) deep = { items: deep };
    expect(schemaProblems(deep)[0]?.message).toContain('nested');
  });

  it('a schema that folds into something huge is refused within a moment', () => {
    const $defs: Record<string, unknown> = { d0: { type: 'string' } };
    for (let level = 1; level < 60; level++) {
      const $ref = `#/$defs/d${level - 1}`;
      $defs[`d${level}`] = { anyOf: [{ $ref }, { $ref }] };
    }
    const start = Date.now();
    expect(schemaProblems({ $ref: '#/$defs/d59', $defs })[0]?.message).toContain('references written out');
    expect(Date.now() - start).toBeLessThan(2000);
  });
});

describe('RG-05: checking data', () => {
  const check = compileSchema({
    type: 'object',
    required: ['id'],
    additionalProperties: false,
    properties: {
      id: { type: 'integer' },
      kind: { enum: ['a', 'b'] },
      tags: { type: 'array', items: { type: 'string' } },
    },
  });

  it('tells every problem with its pointer', () => {
    expect(check({ id: 1, kind: 'a', tags: ['x'] })).toEqual([]);
    expect(check({ kind: 'c', tags: ['x', 1], more: 1 }).map(({ pointer }) => pointer)).toEqual(
      expect.arrayContaining(['', '/kind', '/tags/1']),
    );
    expect(check(null)).toHaveLength(1);
  });

  it('a hostile pattern and a long text end within a moment', () => {
    const hostile = compileSchema({ type: 'string', pattern: '^(a+)+$' });
    const start = Date.now();
    expect(hostile(`${'a'.repeat(100_000)}!`)).toHaveLength(1);
    expect(Date.now() - start).toBeLessThan(5000);
    expect(hostile('aaa')).toEqual([]);
  });
});

describe('RG-05: generated examples', () => {
  it.each(BUILT_IN_EVENT_TYPES.map((type) => [type.name, type.schema] as const))(
    'ET-10: the built-in %s has a schema that is taken, and its example fits it',
    (_name, schema) => {
      expect(schemaProblems(schema)).toEqual([]);
      expect(compileSchema(schema)(exampleOf(schema))).toEqual([]);
    },
  );

  it.each([
    [object({ n: { type: 'integer', minimum: 5 }, x: { type: 'number', exclusiveMinimum: 2 } })],
    [object({ at: { type: 'string', format: 'date-time' }, mail: { type: 'string', format: 'email' } })],
    [{ type: 'array', minItems: 3, items: { type: 'string', minLength: 10, maxLength: 12 } }],
    [{ allOf: [object({ a: { const: 1 } }), { ...object({ b: { enum: ['x'] } }), required: ['b'] }] }],
    [{ oneOf: [{ type: 'string' }, { type: 'null' }] }],
    [{ $ref: '#/$defs/a', $defs: { a: { type: 'boolean' } } }],
    [object({ sku: { type: 'string', pattern: '^[A-Z]{3}-\\d{4}$' }, code: { type: 'string', pattern: 'x|y{3}' } })],
    [{ type: 'string', pattern: '^\\d+$', minLength: 12, maxLength: 14 }],
    [{ type: 'string', pattern: '^https://', format: 'uri' }],
    [{ type: 'string', pattern: '\\bend$', minLength: 20 }],
    [{ type: 'string', pattern: '^(a|bc)*d(?:ef){2,}[^a-z]\\w\\s[äöü]$' }],
    [{ type: 'string', pattern: '^\\S+@\\S+\\.[a-z]{2,}$', maxLength: 6 }],
    [{ type: 'object', required: ['id', 'more'], additionalProperties: { type: 'string', pattern: '^i' } }],
    [{ type: 'array', prefixItems: [{ const: 1 }], items: { type: 'string' }, minItems: 3 }],
  ])('an example of %j fits', (schema) => {
    expect(schemaProblems(schema)).toEqual([]);
    expect(compileSchema(schema)(exampleOf(schema))).toEqual([]);
  });

  it('an example that cannot fit says where, and hostile patterns cost a bounded part of a second', () => {
    const impossible = object({ a: { type: 'string', pattern: '^a$', minLength: 2 }, b: { not: { type: 'null' } } });
    expect(checkedExampleOf(impossible).problems.map(({ pointer }) => pointer)).toEqual(['/a', '/b']);
    const hostile = { type: 'string', pattern: '^((?:a?){20}b?){30}c$', minLength: 999 };
    const many = object(Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`f${n}`, hostile])));
    expect(schemaProblems(many)).toEqual([]);
    const before = process.cpuUsage();
    expect(Object.keys(exampleOf(many) as object)).toHaveLength(200);
    const { user } = process.cpuUsage(before);
    expect(user).toBeLessThan(10_000_000);
  });
});
