import type { OpenApiDocument } from '@sluice/platform';

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** `#/components/<kind>/<name>` of one document, under the names that its components got in the merged one. */
function renameReferences(value: unknown, renamed: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => renameReferences(item, renamed));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === '$ref' && typeof item === 'string' ? (renamed.get(item) ?? item) : renameReferences(item, renamed),
    ]),
  );
}

/** Two services may use one name for different things: then the later one is prefixed with its service. */
function collisions(service: string, from: OpenApiDocument, into: OpenApiDocument): Map<string, string> {
  const renamed = new Map<string, string>();
  for (const [kind, entries] of Object.entries(from.components ?? {})) {
    for (const [name, schema] of Object.entries(entries)) {
      const known = into.components?.[kind]?.[name];
      if (known === undefined || isSame(known, schema)) continue;
      const prefix = service.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
      renamed.set(`#/components/${kind}/${name}`, `#/components/${kind}/${prefix}${name}`);
    }
  }
  return renamed;
}

/** `deliveriesList` of the delivery log, beside another service's, is `deliveryLogDeliveriesList`. */
function idOf(service: string, operationId: string): string {
  const words = [...service.split('-'), operationId];
  return words
    .map((word, index) => (index === 0 ? word : word.replace(/^./, (letter) => letter.toUpperCase())))
    .join('');
}

/** One OpenAPI document of several services' documents: paths are joined by method, components by name. */
export function mergeOpenApi(
  documents: readonly (readonly [service: string, document: OpenApiDocument])[],
): OpenApiDocument {
  const [first] = documents;
  const merged: Required<Pick<OpenApiDocument, 'paths' | 'components' | 'tags'>> & OpenApiDocument = {
    openapi: first?.[1].openapi ?? '3.1.0',
    info: first?.[1].info,
    ...(first?.[1].security === undefined ? {} : { security: first[1].security }),
    paths: {},
    components: {},
    tags: [],
  };
  const ids = new Set<string>();
  for (const [service, document] of documents) {
    const renamed = collisions(service, document, merged);
    const own = renameReferences(document, renamed) as OpenApiDocument;
    for (const [route, operations] of Object.entries(own.paths ?? {})) {
      for (const [method, operation] of Object.entries(operations)) {
        if (merged.paths[route]?.[method]) continue;
        const { operationId } = operation;
        const unique = operationId !== undefined && ids.has(operationId) ? idOf(service, operationId) : operationId;
        if (unique !== undefined) ids.add(unique);
        const named = unique === undefined ? operation : { ...operation, operationId: unique };
        merged.paths[route] = { ...merged.paths[route], [method]: named };
      }
    }
    for (const [kind, entries] of Object.entries(own.components ?? {})) {
      const target = (merged.components[kind] ??= {});
      for (const [name, schema] of Object.entries(entries)) {
        const reference = renamed.get(`#/components/${kind}/${name}`);
        target[reference?.split('/').at(-1) ?? name] = schema;
      }
    }
    for (const tag of own.tags ?? []) {
      if (!merged.tags.some((known) => known.name === tag.name)) merged.tags.push(tag);
    }
  }
  return merged;
}
