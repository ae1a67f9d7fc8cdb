import { PLATFORM_ERRORS } from '../http/platform.errors.ts';
import type { DescribedPaths, OpenApiDocument, Operation, Parameter, Schema } from './openapi-document.ts';

const METHODS = new Set(['get', 'put', 'post', 'delete', 'patch', 'head', 'options']);
const PROBLEM = { $ref: '#/components/schemas/Problem' };

/** RFC 9457 as we send it. */
const PROBLEM_SCHEMA: Schema = {
  type: 'object',
  description: 'problem+json (RFC 9457)',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'what is wrong with this very request' },
    code: { type: 'string', description: 'stable; docs/errors.md lists them', example: 'invalid_request' },
    instance: { type: 'string', description: 'the path that was asked' },
    requestId: { type: 'string', format: 'uuid', description: 'of internal_error: finds it in the log' },
    errors: {
      type: 'array',
      description: 'every bad value',
      items: {
        type: 'object',
        required: ['pointer', 'message'],
        properties: {
          pointer: { type: 'string', description: 'JSON pointer (RFC 6901)', example: '/name' },
          message: { type: 'string' },
        },
      },
    },
  },
};

/** Management in one vendor's way: its clients know errors by these two fields. */
const LENRA = /^\/(?:app|app-api|api)\//;
const LENRA_ERROR: Schema = {
  type: 'object',
  required: ['message', 'reason'],
  properties: { message: { type: 'string' }, reason: { type: 'string' } },
};

const APP_HEADER: Parameter = {
  name: 'X-Sluice-App',
  in: 'header',
  required: false,
  schema: { type: 'string', maxLength: 200 },
  description: 'the app by its id or name; a token of one app needs none, one of all apps means `default` without it',
};
const IF_MATCH: Parameter = {
  name: 'If-Match',
  in: 'header',
  required: false,
  schema: { type: 'string' },
  description: 'ETag that the change is meant for; stale: 412',
};

/**
 * Makes Nest's document whole: the errors that any route may answer with, the app's header, a body that is required
 * where it is, one operation id each; and adds the routes that Nest does not know. What a controller says itself stays.
 */
export function completeOpenApi(document: OpenApiDocument, described: readonly DescribedPaths[]): OpenApiDocument {
  document.paths ??= {};
  for (const paths of described) {
    for (const [route, operations] of Object.entries(paths)) {
      document.paths[route] = { ...document.paths[route], ...operations };
    }
  }
  document.components ??= {};
  document.components.schemas = { ...document.components.schemas, Problem: PROBLEM_SCHEMA };
  const ids = new Set<string>();
  for (const [route, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      if (!METHODS.has(method)) continue;
      completeOperation(operation, method, route);
      operation.operationId = uniqueId(operation.operationId ?? `${method} ${route}`, route, ids);
    }
  }
  openObjects(document);
  return document;
}

/**
 * What is described as "any JSON" has no type. An object of which nothing further is said may hold anything. JSON Schema means that anyway; makers of clients take
 * `{"type": "object"}` for an object that is always empty.
 */
function openObjects(value: unknown): void {
  if (value === null || typeof value !== 'object') return;
  const schema = value as Schema;
  if (typeof schema.description === 'string' && schema.description.startsWith('any JSON')) {
    // Nest takes what may be anything for an object.
    delete schema.type;
    delete schema.additionalProperties;
    return;
  }
  const isBare = [schema.type].flat().includes('object') && !Array.isArray(value);
  if (isBare && !CLOSING.some((keyword) => keyword in schema)) schema.additionalProperties = true;
  for (const each of Object.values(value)) openObjects(each);
}

const CLOSING = ['properties', 'additionalProperties', 'allOf', 'anyOf', 'oneOf', '$ref'];

function completeOperation(operation: Operation, method: string, route: string): void {
  const isSecured = (operation.security ?? []).some((each) => Object.keys(each).length > 0);
  const parameters = (operation.parameters ??= []);
  const has = (wanted: Parameter): boolean =>
    parameters.some((each) => each.in === wanted.in && each.name.toLowerCase() === wanted.name.toLowerCase());
  // Nest shows a handler's @Headers('if-match') as well as what describes it.
  operation.parameters = parameters.filter((each) => each.in !== 'header' || each.name !== 'if-match');
  if (parameters.length !== operation.parameters.length && !operation.parameters.some(isIfMatch)) {
    operation.parameters.push(IF_MATCH);
  }
  if (isSecured && operation['x-vendor'] === undefined && !has(APP_HEADER)) operation.parameters.push(APP_HEADER);
  const responses = (operation.responses ??= {});
  // Their errors have the vendor's shape.
  if (operation['x-vendor'] !== undefined) return;
  if (method === 'delete' && hasNoSuccessOfItsOwn(responses)) describeDeletion(responses);
  for (const [status, title] of errorsOf(operation, method, route, isSecured)) {
    responses[status] ??= { description: title };
    const response = responses[status];
    response.content ??= {
      'application/problem+json': { schema: PROBLEM },
      ...(LENRA.test(route) ? { 'application/json': { schema: LENRA_ERROR } } : {}),
    };
  }
}

const isIfMatch = (parameter: Parameter): boolean => parameter.name.toLowerCase() === 'if-match';

/** Nest adds an empty 200 where a handler describes no answer at all, and nothing where it describes errors only. */
function hasNoSuccessOfItsOwn(responses: NonNullable<Operation['responses']>): boolean {
  const successes = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  return successes.every(([status, response]) => status === '200' && response.content === undefined);
}

/** Deletes answer 204, or 200 while a replica may still act on what is gone. */
function describeDeletion(responses: NonNullable<Operation['responses']>): void {
  responses['204'] = { description: 'deleted' };
  responses['200'] = {
    description: 'deleted, but not every replica knew within two seconds',
    content: {
      'application/json': {
        schema: { type: 'object', required: ['propagating'], properties: { propagating: { const: true } } },
      },
    },
  };
}

/** Statuses that a route may answer with because of what it is, each with its title. */
function errorsOf(operation: Operation, method: string, route: string, isSecured: boolean): [string, string][] {
  const hasBody = operation.requestBody !== undefined || ['post', 'put', 'patch'].includes(method);
  const isChange = method !== 'get' && method !== 'head' && method !== 'options';
  const statuses = [
    400,
    404,
    408,
    422,
    429,
    431,
    500,
    503,
    ...(isSecured ? [401, 403] : []),
    ...(hasBody ? [413, 415] : []),
    ...(isChange ? [409] : []),
    ...((operation.parameters ?? []).some(isIfMatch) ? [412] : []),
    ...(route.startsWith('/rest/v1') ? [410] : []),
  ];
  return statuses.sort((a, b) => a - b).map((status) => [String(status), titleOf(status)]);
}

/** The last definition of a status is what a bare status means. */
function titleOf(status: number): string {
  const found = Object.values(PLATFORM_ERRORS).filter((definition) => definition.status === status);
  return found.at(-1)?.title ?? 'Something is wrong';
}

/** `FlowsController_create` as `flowsCreate`; a controller with two paths gets its second one's name appended. */
function uniqueId(id: string, route: string, taken: Set<string>): string {
  const camel = (text: string): string =>
    text
      .replaceAll(/[^A-Za-z0-9]+(.)?/g, (_, letter: string | undefined) => (letter ?? '').toUpperCase())
      .replace(/^./, (letter) => letter.toLowerCase());
  const wanted = camel(id.replace('Controller_', '_').replace(/\[\d+\]$/, ''));
  let result = wanted;
  for (let tries = 0; taken.has(result); tries++) {
    result = camel(`${wanted} at ${route.replaceAll(/[{}]/g, '')}${tries === 0 ? '' : ` ${tries}`}`);
  }
  taken.add(result);
  return result;
}
