import { waitFor } from '@sluice/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { Api, EMITTING_STEPS } from '../api.ts';
import type { ScenarioContext } from './all.ts';

interface Operation {
  operationId?: string;
  tags?: string[];
  'x-vendor'?: boolean;
  responses?: Record<string, { content?: Record<string, { schema?: object }> }>;
}

/** The management API as a whole (RG-01, RG-04, RG-05, RG-06, RG-08). */
export function registryApi(use: () => ScenarioContext): void {
  describe('the registry as an API', () => {
    let api: Api;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'registry-api');
    });

    it('RG-01: one document tells every route of every service, each with an id of its own, answers and errors', async () => {
      const answer = await api.call('GET', '/openapi.json');
      const version = String(answer.body.openapi ?? answer.text.slice(0, 200));
      expect([answer.status, version]).toEqual([200, expect.stringMatching(/^3\.1/)]);
      const document = answer.body as unknown as { paths: Record<string, Record<string, Operation>> };
      const operations = Object.entries(document.paths).flatMap(([route, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${route}`, ...operation })),
      );
      const ids = operations.map(({ operationId }) => operationId);
      expect(new Set(ids).size).toBe(ids.length);
      const silent = operations.filter(
        ({ tags, responses, ...more }) =>
          (tags ?? []).length === 0 ||
          !Object.keys(responses ?? {}).some((status) => /^(?:[123]..|default)$/.test(status)) ||
          (more['x-vendor'] !== true && responses?.['500']?.content?.['application/problem+json'] === undefined),
      );
      expect(silent.map(({ name }) => name)).toEqual([]);
      expect(Object.keys(document.paths)).toEqual(
        expect.arrayContaining(['/t/{id}', '/v1/flows', '/v1/runs/{id}', '/v1/timeline/{id}', '/v1/import', '/docs']),
      );
      const page = await fetch(`${use().system.url}/docs`);
      expect([page.status, page.headers.get('content-security-policy')]).toEqual([
        200,
        expect.stringContaining("default-src 'none'"),
      ]);
      expect(await page.text()).toContain('/v1/timeline/{id}');
    });

    it('RG-01: dryRun answers as it would and changes nothing, a stale If-Match is 412, a tampered cursor 422', async () => {
      const flow = await api.flow(EMITTING_STEPS);
      const route = `/v1/flows/${flow.id}`;
      const { headers } = await api.call('GET', route);
      const dry = await api.call('PATCH', `${route}?dryRun=true`, { name: 'Other' });
      expect([dry.status, dry.body.name, dry.headers.get('sluice-dry-run')]).toEqual([200, 'Other', 'true']);
      expect((await api.must('GET', route)).name).toBe('Test flow');
      const tag = headers.get('etag') ?? '';
      expect((await api.call('PATCH', route, { name: 'New' }, { 'if-match': tag })).status).toBe(200);
      expect((await api.call('PATCH', route, { name: 'Newer' }, { 'if-match': tag })).status).toBe(412);
      expect((await api.call('GET', '/v1/flows?cursor=bjk5OTk5OTk5OTk5')).status).toBe(422);
      expect((await api.call('POST', `${route}/run?dryRun=true`, {})).status).toBe(422);
    });

    it('RG-04: versions are listed, compared, published and rolled back, and runs record the one they ran', async () => {
      const flow = await api.flow(EMITTING_STEPS);
      const route = `/v1/flows/${flow.id}`;
      await api.must('PATCH', route, { status: 'active', steps: EMITTING_STEPS.slice(0, 1) });
      const compared = await api.must<{ steps: unknown[] }>('GET', `${route}/versions/compare?from=1&to=2`);
      expect(compared.steps).toMatchObject([{ ref: 'told', change: 'removed', type: 'emit' }]);
      await api.must('POST', `${route}/rollback`, { version: 1 });
      const run = await api.must<{ id: string }>('POST', `${route}/run`, { input: { n: 1 } });
      expect(await api.must('GET', `/v1/runs/${run.id}?wait=30s`)).toMatchObject({ flowVersion: 1 });
    });

    it('RG-05, ET-10: an event type with a schema has an example, and what does not fit is refused with its place', async () => {
      const schema = { type: 'object', required: ['left'], properties: { left: { type: 'integer', minimum: 0 } } };
      await api.must('POST', '/v1/event-types', { name: 'stock.left', schema, validate: true });
      const { event } = await api.must<{ event: object }>('GET', '/v1/event-types/stock.left/example');
      const publish = (sent: object) =>
        api.call('POST', '/v1/events', sent, { 'content-type': 'application/cloudevents+json' });
      expect((await publish(event)).status).toBe(202);
      const bad = { specversion: '1.0', id: 'b', source: '/s', type: 'stock.left', data: { left: 'many' } };
      // Another replica knows the type with its next look at the table.
      const refused = await waitFor(async () => {
        const answer = await publish({ ...bad, id: `b-${Math.random()}` });
        return answer.status === 422 ? answer : null;
      }, 60_000);
      expect(refused.body).toMatchObject({ code: 'invalid_event_data', errors: [{ pointer: '/data/left' }] });
      const list = { 'content-type': 'application/cloudevents-batch+json' };
      const inList = await api.call('POST', '/v1/events', [bad], list);
      expect(inList.body).toMatchObject({ errors: [{ pointer: '/0/data/left' }] });
      expect((await publish({ ...bad, type: 'stock.other' })).status).toBe(202);
      expect(await api.must('GET', '/v1/event-types/Flow.Executed')).toMatchObject({ builtIn: true });
    });

    it('RG-06: secrets go in and never come out, and the keys that seal them are told', async () => {
      await api.must('PUT', '/v1/secrets/shop', { value: 'a-hidden-value' });
      expect((await api.call('GET', '/v1/secrets/shop')).text).not.toContain('a-hidden-value');
      const everywhere = { 'x-sluice-app': '' };
      const keys = await api.call('GET', '/v1/secrets/sealing-keys', undefined, everywhere);
      expect(keys.body).toMatchObject({ keys: [{ isKnown: true }] });
      const resealed = await api.call('POST', '/v1/secrets/reseal', undefined, everywhere);
      expect(resealed.body).toMatchObject({ remaining: 0, unopenable: 0 });
    });

    it('RG-08: an app goes out as YAML and into another one, and the second time nothing changes', async () => {
      const source = await Api.ofFreshApp(use().system, 'exported');
      await source.flow(EMITTING_STEPS);
      const yaml = (await source.call('GET', '/v1/export')).text;
      const target = await Api.ofFreshApp(use().system, 'imported');
      const importing = (query = '') =>
        target.call<{ changes: { action: string }[] }>('POST', `/v1/import${query}`, yaml, {
          'content-type': 'application/yaml',
        });
      expect((await importing('?dryRun=true')).body.changes).toMatchObject([{ action: 'create' }]);
      expect((await importing()).body.changes).toMatchObject([{ action: 'create' }]);
      expect((await importing()).body.changes).toMatchObject([{ action: 'unchanged' }]);
      expect((await target.call('GET', '/v1/export')).text).toBe(yaml);
    });
  });
}
