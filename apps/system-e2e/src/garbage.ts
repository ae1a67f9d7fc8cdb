/** Bodies that no management route may answer with 5xx, as they go over the wire. */
const deep = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

export const GARBAGE_BODIES: readonly (readonly [string, string | Buffer])[] = [
  ['nothing', ''],
  ['an empty object', '{}'],
  ['a list', '[]'],
  ['a list of 50,000 lists', `[${'[],'.repeat(49_999)}[]]`],
  ['null', 'null'],
  ['a text', '"text"'],
  ['a number', '1e400'],
  ['broken JSON', '{"name": "x",'],
  ['JSON with a tail', '{} {}'],
  ['__proto__', '{"__proto__": {"admin": true}, "name": "x"}'],
  ['constructor.prototype', '{"constructor": {"prototype": {"admin": true}}}'],
  ['names of Object.prototype', '{"toString": 1, "valueOf": null, "hasOwnProperty": {}, "constructor": 3}'],
  ['70 levels', deep(70)],
  ['100,000 levels', deep(100_000)],
  ['100,000 open brackets', '['.repeat(100_000)],
  ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
  ['UTF-16', Buffer.from('\ufeff{"name":"x"}', 'utf16le')],
  ['20,000 unknown fields', `{${Array.from({ length: 20_000 }, (_, index) => `"f${index}":1`).join()}}`],
  ['2 MiB', JSON.stringify({ name: 'x'.repeat(2_097_152) })],
];

/** Values that are put into every field that a route's schema names, all fields at once. */
export const GARBAGE_VALUES: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['a number', 123_456_789_012_345],
  ['a negative number', -1.5],
  ['true', true],
  ['an empty text', ''],
  ['a NUL', 'a\u0000b'],
  ['a half of a surrogate pair', '\ud800'],
  ['a huge text', 'x'.repeat(20_000)],
  ['a template that does not end', '{{ a'],
  ['an empty list', []],
  ['a list of odd things', [null, 1, [], {}, 'a\u0000b']],
  ['an empty object', {}],
  ['an object with odd keys', { '': 1, 'a\u0000b': 2, __proto__x: 3, constructor: 4, toString: 5 }],
  ['70 levels', JSON.parse(deep(60)) as unknown],
  ['an address', 'http://[::1'],
  [
    'a step',
    [
      { ref: 'a', type: 'constructor' },
      { ref: 'a', type: 'webhook' },
      { type: ['webhook'], ref: { a: 1 } },
    ],
  ],
];

/** Path parameters, as they stand in the request line. */
export const GARBAGE_PARAMETERS = [
  'x'.repeat(300),
  '%00',
  '%zz',
  '%ff%fe',
  '%F0%9F%98%80',
  '..%2f..%2fetc%2fpasswd',
  '-1',
  '0',
  '1e3',
  '99999999999999999999',
  '2147483648',
  '%D9%A3',
  "'%20or%201=1--",
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '__proto__',
  'constructor',
];

const GARBAGE_QUERY_VALUES = [
  '',
  'x',
  '-1',
  '0',
  '1e9',
  '99999999999999999999',
  '%00',
  '%ff',
  '%zz',
  'a&NAME=b',
  'x'.repeat(5_000),
  '2026-13-45',
  '%F0%9F%98%80',
  'null',
];

/** Query strings for a route that takes `names`. */
export function garbageQueries(names: readonly string[]): string[] {
  const single = names.flatMap((name) => GARBAGE_QUERY_VALUES.map((value) => `${name}=${value.replace('NAME', name)}`));
  const objects = names.map((name) => `${name}[a]=1&${name}[]=2`);
  return [...single, ...objects, '__proto__=1&constructor=2', 'nonsense=1', '%', `${'a=1&'.repeat(2_000)}`];
}

export interface Operation {
  method: string;
  path: string;
  pathNames: string[];
  queryNames: string[];
  /** The fields of the body; null when it takes none. */
  fields: string[] | null;
}

interface Schema {
  $ref?: string;
  properties?: Record<string, unknown>;
}

interface OpenApi {
  paths: Record<
    string,
    Record<
      string,
      {
        parameters?: { name: string; in: string }[];
        requestBody?: { content?: Record<string, { schema?: Schema }> };
      }
    >
  >;
  components?: { schemas?: Record<string, Schema> };
}

/** Every operation of an OpenAPI document. */
export function operationsOf(document: OpenApi): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const named = (place: string): string[] =>
        (operation.parameters ?? []).filter((each) => each.in === place).map((each) => each.name);
      const schema = operation.requestBody?.content?.['application/json']?.schema;
      const resolved = schema?.$ref ? document.components?.schemas?.[schema.$ref.split('/').at(-1) as string] : schema;
      return {
        method: method.toUpperCase(),
        path,
        pathNames: named('path'),
        queryNames: named('query'),
        fields: operation.requestBody ? Object.keys(resolved?.properties ?? {}) : null,
      };
    }),
  );
}
