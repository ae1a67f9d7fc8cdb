import type { DescribedPaths } from './openapi-document.ts';

const TAGS = ['operations'];
const REPORT = {
  type: 'object',
  required: ['status'],
  properties: {
    status: { enum: ['ok', 'unavailable'] },
    checks: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        required: ['ok'],
        properties: { ok: { type: 'boolean' }, detail: { type: 'string' } },
      },
    },
  },
};
const json = (description: string, schema: object) => ({
  description,
  content: { 'application/json': { schema: { ...schema } } },
});

/** What every process answers besides its service's routes. */
export const OWN_PATHS: DescribedPaths = {
  '/livez': {
    get: {
      operationId: 'livez',
      tags: TAGS,
      summary: 'The process turns',
      responses: { 200: json('it does', REPORT) },
    },
  },
  '/readyz': {
    get: {
      operationId: 'readyz',
      tags: TAGS,
      summary: 'The process can do its work',
      responses: { 200: json('it can', REPORT), 503: json('it cannot, and why', REPORT) },
    },
  },
  '/metrics': {
    get: {
      operationId: 'metrics',
      tags: TAGS,
      summary: 'Metrics in Prometheus text format',
      responses: { 200: { description: 'docs/metrics.md explains each', content: { 'text/plain': {} } } },
    },
  },
  '/openapi.json': {
    get: {
      operationId: 'openapi',
      tags: TAGS,
      summary: 'This document',
      responses: { 200: json('OpenAPI 3.1', { type: 'object' }) },
    },
  },
  '/docs': {
    get: {
      operationId: 'docs',
      tags: TAGS,
      summary: 'This document as a page',
      responses: { 200: { description: 'one page, without scripts', content: { 'text/html': {} } } },
    },
  },
};
