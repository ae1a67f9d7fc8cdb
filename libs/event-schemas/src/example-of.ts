import type { FieldProblem } from '@sluice/contracts';
import { exampleText, linearPattern, type TextBudget } from '@sluice/templates';
import { compileSchema } from './compiled-schema.ts';

type Json = Record<string, unknown>;

/** What all patterns of a schema may cost together, in steps: about 50 ms. */
const PATTERN_STEPS = 100_000;
const MAX_TEXT = 1_000;

/** A schema, and what is left to spend on it. */
interface Root {
  schema: Json;
  budget: TextBudget;
}

const BY_FORMAT: Record<string, string> = {
  'date-time': '2026-01-02T03:04:05.000Z',
  date: '2026-01-02',
  time: '03:04:05Z',
  duration: 'PT30S',
  uri: 'https://example.org/',
  'uri-reference': '/example',
  email: 'somebody@example.org',
  uuid: '00000000-0000-7000-8000-000000000001',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  hostname: 'example.org',
  'json-pointer': '/a',
};

/**
 * A value that shows what a schema describes: what the schema gives as an example, otherwise something of its type. It
 * fits unless the schema asks for what cannot be made up (`not`, conditions, several patterns for one text).
 * @param schema one without `schemaProblems`; so it has an end.
 */
export function exampleOf(schema: unknown): unknown {
  return exampleIn(schema, { schema: schema as Json, budget: { steps: PATTERN_STEPS } });
}

/** An example, and where it does not fit: a person has to change it there. */
export function checkedExampleOf(schema: unknown): { data: unknown; problems: FieldProblem[] } {
  const data = exampleOf(schema);
  return { data, problems: compileSchema(schema)(data) };
}

function exampleIn(schema: unknown, root: Root): unknown {
  if (schema === null || typeof schema !== 'object' || Array.isArray(schema)) return null;
  const node = schema as Json;
  if (Array.isArray(node.examples) && node.examples.length > 0) return node.examples[0];
  for (const given of ['example', 'const', 'default']) if (node[given] !== undefined) return node[given];
  if (Array.isArray(node.enum)) return node.enum[0];
  if (typeof node.$ref === 'string') return exampleIn(placeOf(node.$ref, root), root);
  for (const union of ['anyOf', 'oneOf']) {
    const alternatives = node[union];
    if (Array.isArray(alternatives)) return joined(exampleIn(alternatives[0], root), ofType(node, root));
  }
  if (Array.isArray(node.allOf)) {
    return node.allOf.reduce<unknown>((value, part) => joined(exampleIn(part, root), value), ofType(node, root));
  }
  return ofType(node, root);
}

/** Two examples of one value: objects have the fields of both. */
function joined(one: unknown, other: unknown): unknown {
  const areObjects = [one, other].every((each) => each !== null && typeof each === 'object' && !Array.isArray(each));
  return areObjects ? { ...(other as Json), ...(one as Json) } : (one ?? other);
}

function ofType(node: Json, root: Root): unknown {
  const type = [node.type].flat()[0] ?? (node.properties ? 'object' : node.items ? 'array' : undefined);
  switch (type) {
    case 'object':
      return objectOf(node, root);
    case 'array':
      return listOf(node, root);
    case 'string':
      return textOf(node, root.budget);
    case 'integer':
    case 'number':
      return numberOf(node);
    case 'boolean':
      return true;
    default:
      return null;
  }
}

/** Its properties, and what it has to have besides. */
function objectOf(node: Json, root: Root): Json {
  const properties = (node.properties as Json | undefined) ?? {};
  const required = Array.isArray(node.required) ? (node.required as string[]) : [];
  const others = required.filter((name) => !Object.hasOwn(properties, name));
  return Object.fromEntries([
    ...Object.entries(properties).map(([name, each]) => [name, exampleIn(each, root)]),
    ...others.map((name) => [name, exampleIn(node.additionalProperties, root)]),
  ]);
}

function listOf(node: Json, root: Root): unknown[] {
  const first = Array.isArray(node.prefixItems) ? node.prefixItems : [];
  const wanted = Math.min(Math.max(Number(node.minItems ?? 1), 1), 10, Number(node.maxItems ?? 10));
  const further = Math.max(wanted - first.length, 0);
  return [
    ...first.map((each) => exampleIn(each, root)),
    ...Array.from({ length: further }, () => exampleIn(node.items, root)),
  ];
}

/** JSON Schema counts characters as code points. Where pattern and length are at odds the text is as for the length. */
function textOf(node: Json, budget: TextBudget): string {
  const min = Math.min(Number(node.minLength ?? 0), MAX_TEXT);
  const max = Number(node.maxLength ?? Infinity);
  const usual = BY_FORMAT[String(node.format)];
  if (typeof node.pattern === 'string') {
    if (usual !== undefined && linearPattern(node.pattern).test(usual, () => undefined)) return usual;
    const made = exampleText(node.pattern, { min, max }, budget);
    if (made !== null) return made;
  }
  const padded = (usual ?? 'text').padEnd(min, 'x');
  return padded.slice(0, max);
}

function numberOf(node: Json): number {
  const step = Number(node.multipleOf ?? 1);
  if (node.minimum !== undefined) return Math.ceil(Number(node.minimum) / step) * step;
  if (node.exclusiveMinimum !== undefined) return (Math.floor(Number(node.exclusiveMinimum) / step) + 1) * step;
  if (node.maximum !== undefined && Number(node.maximum) < step) return Math.floor(Number(node.maximum) / step) * step;
  return step;
}

function placeOf(reference: string, root: Root): unknown {
  const parts = reference.split('/').slice(1);
  return parts.reduce<unknown>(
    (place, part) =>
      (place as Json | undefined)?.[decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')],
    root.schema,
  );
}
