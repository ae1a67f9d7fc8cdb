// What a user of the generated types writes; it has to compile, and to work against the running product.
import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.ts';

const client = createClient<paths>({
  baseUrl: process.env.SLUICE_URL ?? '',
  headers: { authorization: `Bearer ${process.env.TOKEN}` },
});

const created = await client.POST('/v1/flows', {
  body: {
    name: 'Generated',
    status: 'active',
    steps: [
      { ref: 'web', type: 'webhook' },
      { ref: 'said', type: 'set', values: { text: 'Hello {{ web.name }}' } },
    ],
  },
});
assert.ok(created.data, JSON.stringify(created.error));
const flow: components['schemas']['FlowView'] = created.data;
assert.equal(flow.publishedVersion, 1);

const rehearsed = await client.PATCH('/v1/flows/{id}', {
  params: { path: { id: flow.id }, query: { dryRun: true } },
  body: { name: 'Other' },
});
assert.equal(rehearsed.data?.name, 'Other');
assert.equal((await client.GET('/v1/flows/{id}', { params: { path: { id: flow.id } } })).data?.name, 'Generated');

const stale = await client.DELETE('/v1/flows/{id}', {
  params: { path: { id: flow.id }, header: { 'If-Match': '"99"' } },
});
assert.equal(stale.response.status, 412);
const problem: components['schemas']['Problem'] | undefined = stale.error;
assert.equal(problem?.code, 'precondition_failed');

const started = await client.POST('/v1/flows/{id}/run', {
  params: { path: { id: flow.id } },
  body: { input: { name: 'Ada' } },
});
assert.ok(started.data, JSON.stringify(started.error));
const run = await client.GET('/v1/runs/{id}', { params: { path: { id: started.data.id }, query: { wait: '30s' } } });
assert.equal(run.data?.status, 'succeeded');
assert.equal(run.data?.flowVersion, 1);

const page = await client.GET('/v1/event-types', { params: { query: { q: 'Flow.', limit: 3 } } });
assert.equal(page.data?.items.length, 3);
assert.ok(page.data?.nextCursor);
console.log('the generated client works');
