import { describe, expect, it } from 'vitest';
import { completeOpenApi } from './complete-openapi.ts';
import { docsPage } from './docs-page.ts';
import type { OpenApiDocument, Operation } from './openapi-document.ts';

const operation = (more: Partial<Operation> = {}): Operation => ({
  operationId: 'ThingsController_list',
  responses: { 200: { description: 'fine' } },
  ...more,
});

function completed(paths: OpenApiDocument['paths'], described = {}): NonNullable<OpenApiDocument['paths']> {
  return completeOpenApi({ openapi: '3.1.0', paths }, [described]).paths ?? {};
}

describe('RG-01: the OpenAPI document is made whole', () => {
  it('every operation tells the errors that any route may answer with, as problems', () => {
    const { get } = completed({ '/things': { get: operation() } })['/things'] ?? {};
    expect(Object.keys(get?.responses ?? {})).toEqual(
      expect.arrayContaining(['200', '400', '404', '422', '500', '503']),
    );
    expect(get?.responses?.['404']?.content).toHaveProperty('application/problem+json');
    expect(get?.responses).not.toHaveProperty('401');
  });

  it('a secured change also tells 401, 403, 409, 413, 415, names the app and, with If-Match, 412', () => {
    const post = operation({
      security: [{ bearer: [] }],
      parameters: [{ name: 'if-match', in: 'header', required: true }],
    });
    completed({ '/things': { post } });
    expect(Object.keys(post.responses ?? {})).toEqual(
      expect.arrayContaining(['401', '403', '409', '412', '413', '415']),
    );
    expect(post.parameters?.map(({ name, required }) => [name, required])).toEqual([
      ['If-Match', false],
      ['X-Sluice-App', false],
    ]);
  });

  it('what a controller says itself stays', () => {
    const get = operation({ responses: { 200: { description: 'fine' }, 404: { description: 'no such thing' } } });
    completed({ '/things': { get } });
    expect(get.responses?.['404']?.description).toBe('no such thing');
  });

  it.each([
    ['Nest’s empty 200', { 200: { description: '' } }],
    ['nothing but an error', { 404: { description: 'not_found' } }],
  ])('a deletion that describes %s answers 204, or 200 while it propagates', (_, responses) => {
    const operationOfDelete = operation({ responses });
    completed({ '/things/{id}': { delete: operationOfDelete } });
    expect(operationOfDelete.responses?.['204']).toEqual({ description: 'deleted' });
    expect(operationOfDelete.responses?.['200']?.content).toHaveProperty('application/json');
    expect(operationOfDelete.responses?.['500']?.content).toHaveProperty('application/problem+json');
  });

  it('operation ids are unique, also where one controller has two paths', () => {
    const paths = completed({ '/v1/things': { get: operation() }, '/rest/v1/things': { get: operation() } });
    const ids = Object.values(paths).map(({ get }) => get?.operationId);
    expect(ids).toEqual(['thingsList', 'thingsListAtRestV1Things']);
  });

  it('what may be any JSON has no type', () => {
    const any = { type: ['object', 'null'], description: 'any JSON; absent when there was nothing' };
    const { components } = completeOpenApi({ openapi: '3.1.0', paths: {}, components: { schemas: { Any: any } } }, [
      {},
    ]);
    expect(components?.schemas?.Any).toEqual({ description: any.description });
  });

  it('routes that Nest does not know are added', () => {
    const paths = completed({}, { '/t/{id}': { post: operation({ operationId: 'trigger' }) } });
    expect(paths['/t/{id}']?.post?.operationId).toBe('trigger');
  });
});

describe('the page of the document', () => {
  it('escapes everything that a description may hold', () => {
    const page = docsPage({
      openapi: '3.1.0',
      info: { title: '<script>alert(1)</script>' },
      paths: { '/x': { get: operation({ tags: ['"><img>'], summary: '<b>', description: "'&" }) } },
      components: { schemas: { 'A<B': { type: 'object', properties: { 'x<y': { enum: ['<i>'] } } } } },
    });
    expect(page).not.toMatch(/<script|<img|<b>x|<i>|A<B|x<y/);
    expect(page).toContain('&lt;script&gt;');
  });
});
