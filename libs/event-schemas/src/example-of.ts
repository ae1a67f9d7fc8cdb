type Json = Record<string, unknown>;

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
 * fits unless the schema asks for what cannot be made up (a pattern, `not`, conditions).
 * @param schema one without `schemaProblems`; so it has an end.
 */
export function exampleOf(schema: unknown): unknown {
  return exampleIn(schema, schema as Json);
}

function exampleIn(schema: unknown, root: Json): unknown {
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

function ofType(node: Json, root: Json): unknown {
  const type = [node.type].flat()[0] ?? (node.properties ? 'object' : node.items ? 'array' : undefined);
  switch (type) {
    case 'object':
      return Object.fromEntries(
        Object.entries((node.properties as Json | undefined) ?? {}).map(([name, each]) => [
          name,
          exampleIn(each, root),
        ]),
      );
    case 'array':
      return Array.from({ length: Math.min(Math.max(Number(node.minItems ?? 1), 1), 10) }, () =>
        exampleIn(node.items, root),
      );
    case 'string':
      return textOf(node);
    case 'integer':
    case 'number':
      return numberOf(node);
    case 'boolean':
      return true;
    default:
      return null;
  }
}

function textOf(node: Json): string {
  const text = BY_FORMAT[String(node.format)] ?? 'text';
  const padded = text.padEnd(Math.min(Number(node.minLength ?? 0), 1000), 'x');
  return node.maxLength === undefined ? padded : padded.slice(0, Number(node.maxLength));
}

function numberOf(node: Json): number {
  const step = Number(node.multipleOf ?? 1);
  if (node.minimum !== undefined) return Math.ceil(Number(node.minimum) / step) * step;
  if (node.exclusiveMinimum !== undefined) return (Math.floor(Number(node.exclusiveMinimum) / step) + 1) * step;
  if (node.maximum !== undefined && Number(node.maximum) < step) return Math.floor(Number(node.maximum) / step) * step;
  return step;
}

function placeOf(reference: string, root: Json): unknown {
  const parts = reference.split('/').slice(1);
  return parts.reduce<unknown>(
    (place, part) =>
      (place as Json | undefined)?.[decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')],
    root,
  );
}
