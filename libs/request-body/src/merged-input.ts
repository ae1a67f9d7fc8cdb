/** The input of a run of profile `flow`, and which of its names came with the query string alone. */
export interface MergedInput {
  value: Record<string, unknown>;
  fromQuery?: string[];
}

function dictionaryOf(body: unknown): Record<string, unknown> {
  const isObject = body !== null && typeof body === 'object' && !Array.isArray(body);
  return isObject ? (body as Record<string, unknown>) : { _json: body };
}

/**
 * Body and query parameters as one dictionary; on a clash the body wins (LC-09). What is not an object is under
 * `_json` (LC-10). Names such as `__proto__` stay data: properties are spread, never assigned.
 */
export function mergeQuery(body: unknown, query: Readonly<Record<string, string | string[]>>): MergedInput {
  const value = dictionaryOf(body);
  const fromQuery = Object.keys(query).filter((name) => !Object.hasOwn(value, name));
  if (fromQuery.length === 0) return { value };
  const added = Object.fromEntries(fromQuery.map((name) => [name, query[name]]));
  return { value: { ...value, ...added }, fromQuery };
}

/** The body alone, out of the merged input. */
export function bodyOf(input: unknown, fromQuery: readonly string[] | undefined): unknown {
  // The input is null when retention has taken a large body.
  if (fromQuery === undefined || input === null || typeof input !== 'object') return input;
  const names = new Set(fromQuery);
  return Object.fromEntries(Object.entries(input).filter(([name]) => !names.has(name)));
}
