import { isObject } from './flow-document.rules.ts';

/** A JSON Schema, as far as `/v1/flow-schema.json` uses it. */
export interface Schema {
  $ref?: string;
  $defs?: Record<string, unknown>;
  type?: string | readonly string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  enum?: readonly unknown[];
  const?: unknown;
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  required?: readonly string[];
  description?: string;
}

/** A type of step, as the palette and the form show it. */
export interface StepKind {
  type: string;
  description: string;
  fields: { name: string; schema: Schema; isRequired: boolean }[];
}

const STEP_REF = '#/$defs/step';

function resolved(schema: Schema, root: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const parts = schema.$ref.split('/').slice(1);
  const found = parts.reduce<unknown>((at, part) => (isObject(at) ? at[part] : undefined), root);
  return {
    ...(isObject(found) ? (found as Schema) : {}),
    ...(schema.description ? { description: schema.description } : {}),
  };
}

function stepSchema(root: Schema, type: unknown): Schema | null {
  const all = root.$defs?.steps;
  const found = isObject(all) && typeof type === 'string' && Object.hasOwn(all, type) ? all[type] : null;
  return isObject(found) ? (found as Schema) : null;
}

/** Every type of step that the server knows, in its order. */
export function stepKinds(root: Schema): StepKind[] {
  const all = root.$defs?.steps;
  return Object.entries(isObject(all) ? (all as Record<string, Schema>) : {}).map(([type, schema]) => ({
    type,
    description: schema.description ?? '',
    fields: Object.entries(schema.properties ?? {})
      .filter(([name]) => name !== 'ref' && name !== 'type')
      .map(([name, field]) => ({
        name,
        schema: resolved(field, root),
        isRequired: schema.required?.includes(name) ?? false,
      })),
  }));
}

/** All schemas that may hold at a place: of the alternatives every one, of a step that of its type. */
function schemasAt(schema: Schema, path: readonly (string | number)[], value: unknown, root: Schema): Schema[] {
  const isStep = schema.$ref === STEP_REF;
  const known = isStep ? stepSchema(root, isObject(value) ? value.type : null) : null;
  const here = known ?? resolved(schema, root);
  const alternatives = [here, ...(here.anyOf ?? []), ...(here.oneOf ?? [])].map((each) => resolved(each, root));
  const [first, ...rest] = path;
  if (first === undefined) return alternatives;
  const inner: unknown = Array.isArray(value) ? value[Number(first)] : isObject(value) ? value[first] : undefined;
  return alternatives.flatMap((each) => {
    const more = typeof each.additionalProperties === 'object' ? each.additionalProperties : undefined;
    const next = each.properties?.[first] ?? (Array.isArray(value) ? each.items : more);
    return next === undefined ? [] : schemasAt(next, rest, inner, root);
  });
}

export interface Suggestion {
  text: string;
  detail: string;
}

/** The names that an object at this place may have besides those that it has. */
export function keysAt(root: Schema, document: unknown, path: readonly (string | number)[]): Suggestion[] {
  const found = new Map<string, string>();
  for (const schema of schemasAt(root, path, document, root)) {
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      found.set(name, found.get(name) ?? resolved(field, root).description ?? '');
    }
  }
  const here = path.reduce<unknown>(
    (at, part) => (Array.isArray(at) ? at[Number(part)] : isObject(at) ? at[part] : undefined),
    document,
  );
  const taken = isObject(here) ? Object.keys(here) : [];
  return [...found].flatMap(([text, detail]) => (taken.includes(text) ? [] : [{ text, detail }]));
}

function valuesOf(schema: Schema): unknown[] {
  if (schema.enum !== undefined) return [...schema.enum];
  if (schema.const !== undefined) return [schema.const];
  return schema.type === 'boolean' ? [true, false] : [];
}

/** The values that may stand at this place, where the schema names them. */
export function valuesAt(root: Schema, document: unknown, path: readonly (string | number)[]): Suggestion[] {
  const isType = path.at(-1) === 'type';
  const around = isType ? path.slice(0, -1) : path;
  const schemas = isType
    ? schemasAt(root, around, typeless(document, around), root)
    : schemasAt(root, path, document, root);
  const of = isType
    ? schemas.flatMap(({ properties }) => (properties?.type ? [resolved(properties.type, root)] : []))
    : schemas;
  const values = [...new Set(of.flatMap(valuesOf))].filter((value) => typeof value !== 'object');
  return values.map((value) => ({
    text: String(value),
    detail: isType ? (stepSchema(root, value)?.description ?? '') : '',
  }));
}

/** The document without the type at a place: a half-typed type must not decide what is offered. */
function typeless(document: unknown, path: readonly (string | number)[]): unknown {
  const [first, ...rest] = path;
  if (first === undefined) {
    if (!isObject(document)) return document;
    const { type: _type, ...others } = document;
    return others;
  }
  if (Array.isArray(document))
    return document.map((each, at) => (at === Number(first) ? typeless(each, rest) : (each as unknown)));
  return isObject(document) ? { ...document, [first]: typeless(document[first], rest) } : document;
}
