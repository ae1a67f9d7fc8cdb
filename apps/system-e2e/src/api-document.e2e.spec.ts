import { System } from '@sluice/testing';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Schema {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  [keyword: string]: unknown;
}
interface Parameter {
  name: string;
  in: string;
  schema?: Schema;
}
interface Operation {
  parameters?: Parameter[];
  responses: Record<string, { content?: Record<string, { schema?: Schema }> }>;
}
type Paths = Record<string, { get?: Operation }>;

/** Values of `page` with the paths to them, depth first. */
function* nodesOf(node: unknown, at = ''): Generator<[string, Record<string, unknown>]> {
  if (node === null || typeof node !== 'object') return;
  if (!Array.isArray(node)) yield [at, node as Record<string, unknown>];
  for (const [name, child] of Object.entries(node))
    if (name !== 'example' && name !== 'examples') yield* nodesOf(child, `${at}/${name}`);
}

/** The examples that stand beside a schema or in one, each with what it has to fit. */
function* examplesOf(document: object): Generator<[string, unknown, unknown]> {
  for (const [at, node] of nodesOf(document)) {
    const { example, examples, schema, ...rest } = node;
    const wanted = schema ?? rest;
    if ('example' in node) yield [at, example, wanted];
    if (Array.isArray(examples)) for (const each of examples) yield [at, each, wanted];
    else if (examples !== undefined)
      for (const each of Object.values(examples as Record<string, { value: unknown }>)) yield [at, each.value, wanted];
  }
}

describe('RG-01: /openapi.json and what it describes', () => {
  let system: System;
  let document: { paths: Paths };
  /** GET routes of the native API that answer with `items` and `nextCursor`. */
  let lists: [string, Parameter[]][];
  beforeAll(async () => {
    system = await System.start('standalone');
    document = (await (await fetch(`${system.url}/openapi.json`)).json()) as typeof document;
    const resolved = (schema: Schema | undefined): Schema | undefined =>
      schema?.$ref === undefined
        ? schema
        : (schema.$ref
            .slice(2)
            .split('/')
            .reduce<unknown>((node, name) => (node as Schema)[name], document) as Schema);
    lists = Object.entries(document.paths).flatMap(([path, { get }]) => {
      const schema = resolved(get?.responses['200']?.content?.['application/json']?.schema);
      const isList = schema?.properties?.items !== undefined && schema.properties.nextCursor !== undefined;
      return get && isList ? [[path, get.parameters ?? []] satisfies [string, Parameter[]]] : [];
    });
  });
  afterAll(() => system.remove());

  it('examples fit the schemas that they stand beside', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(document, 'document');
    const rooted = (schema: unknown): object =>
      JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')) as object;
    const all = [...examplesOf(document)];
    expect(all.length).toBeGreaterThan(20);
    const wrong = all.filter(([, example, schema]) => !ajv.validate(rooted(schema), example));
    expect(wrong.map(([at, example]) => [at, example])).toEqual([]);
  });

  it('every list is paged by `limit` and `cursor`, described alike', () => {
    expect(lists.length).toBeGreaterThan(30);
    const odd = lists.filter(([, parameters]) => {
      const limit = parameters.find(({ name }) => name === 'limit')?.schema;
      const cursor = parameters.find(({ name }) => name === 'cursor');
      return limit?.type !== 'integer' || limit.minimum !== 1 || limit.maximum !== 200 || cursor?.in !== 'query';
    });
    expect(odd.map(([path]) => path)).toEqual([]);
  });

  it('every list refuses the same limits, cursors and unknown parameters, in the same words', async () => {
    const queries: [string, string, RegExp][] = [
      ['limit=0', '/limit', /at least 1/],
      ['limit=-1', '/limit', /at least 1/],
      ['limit=201', '/limit', /at most 200/],
      ['limit=1.5', '/limit', /whole number/],
      ['limit=ten', '/limit', /whole number/],
      ['limit=1&limit=2', '/limit', /whole number/],
      ['cursor=garbage', '/cursor', /not a cursor of this list/],
      ['cursor=', '/cursor', /not a cursor of this list/],
      ['page=2', '/page', /unknown/],
    ];
    const wrong: unknown[] = [];
    for (const [path] of lists) {
      // What the id is of need not be there: parameters are judged first.
      const place = path.replace('{id}', '01900000-0000-7000-8000-000000000000').replace('{name}', 'order.placed');
      for (const [query, pointer, text] of queries) {
        const headers = { authorization: `Bearer ${system.adminToken}` };
        const answer = await fetch(`${system.url}${place}?${query}`, { headers });
        // A page is looked for in what is there.
        if (answer.status === 404 && pointer === '/cursor' && place !== path) continue;
        const body = (await answer.json()) as { code?: string; errors?: { pointer: string; message: string }[] };
        const told = body.errors?.filter((error) => error.pointer === pointer && text.test(JSON.stringify(error)));
        if (answer.status !== 422 || body.code !== 'invalid_request' || told?.length === 0 || told === undefined)
          wrong.push(JSON.stringify([path, query, answer.status, body.code, body.errors]).slice(0, 300));
      }
    }
    expect(wrong).toEqual([]);
  });
});
