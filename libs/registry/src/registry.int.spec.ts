import { describe, expect, it } from 'vitest';
import { GREET, registryOfFile } from './registry.fixture.ts';

const registry = registryOfFile();
const { call } = registry;

interface Operation {
  'x-sluice-access'?: { public: true } | { scope: string; role: string };
}
interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
}

const HARMLESS = ['/livez', '/readyz', '/metrics', '/openapi.json', '/docs'];

interface Route {
  method: string;
  path: string;
  access: Operation['x-sluice-access'];
}

async function routes(): Promise<Route[]> {
  const { body } = await call('GET', '/openapi.json');
  const managed = Object.entries((body as unknown as OpenApi).paths).filter(([path]) => !HARMLESS.includes(path));
  return managed.flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: path.replace(/\{\w+\}/g, 'x'),
      access: operation['x-sluice-access'],
    })),
  );
}

/** Those that ask for a credential. */
const guarded = async (): Promise<Route[]> => (await routes()).filter(({ access }) => !(access && 'public' in access));

/** Vendors' routes word their errors in their own way. */
const codeOf = (path: string, body: { code?: string }, vendors = 'unauthorized'): string | undefined =>
  /^\/(v1|rest)\//.test(path) ? body.code : vendors;

describe('the management API', () => {
  it('RG-01: describes itself, with a place for every kind of thing', async () => {
    const { body } = await call('GET', '/openapi.json', undefined, { token: null });
    const document = body as unknown as OpenApi;
    expect(document.openapi).toMatch(/^3\.1/);
    for (const path of ['/v1/apps', '/v1/flows', '/v1/triggers', '/v1/endpoints', '/v1/secrets/{name}', '/v1/tokens']) {
      expect(Object.keys(document.paths)).toContain(path);
    }
    const request = JSON.stringify((document as unknown as { components: unknown }).components);
    for (const name of ['CreateFlow', 'CreateTrigger', 'CreateEndpoint', 'CreateToken'])
      expect(request).toContain(name);
  });

  it('RG-02: says of every route whom it is for; for everybody are only the schema of flows and what signs in', async () => {
    const all = await routes();
    expect(all.filter(({ access }) => access === undefined)).toEqual([]);
    const open = all.filter(({ access }) => access && 'public' in access);
    expect(open.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /v1/flow-schema.json',
      'POST /v1/sessions',
    ]);
  });

  it('RG-02: lets nobody in without a credential, on any route', async () => {
    const all = await guarded();
    expect(all.length).toBeGreaterThan(30);
    for (const { method, path } of all) {
      for (const token of [null, 'wrong']) {
        const { status, body } = await call(method, path, method === 'GET' ? undefined : {}, { token });
        expect([method, path, status, codeOf(path, body)]).toEqual([method, path, 401, 'unauthorized']);
      }
    }
  });

  it('RG-02: lets a token that may do nothing here into no route', async () => {
    const { body } = await call('POST', '/v1/tokens', { scopes: ['events.publish', 'automation.webhook_run'] });
    const as = { token: body.token as string };
    for (const { method, path } of await guarded()) {
      const answer = await call(method, path, method === 'GET' ? undefined : {}, as);
      const code = codeOf(path, answer.body, 'forbidden');
      expect([method, path, answer.status, code]).toEqual([method, path, 403, 'forbidden']);
    }
  });

  it('RG-02: lets a viewer look and change nothing', async () => {
    const { body } = await call('POST', '/v1/tokens', { scopes: ['automation.view'] });
    const as = { token: body.token as string };
    for (const { method, path } of await guarded()) {
      const { status } = await call(method, path, method === 'GET' ? undefined : {}, as);
      const expected = method === 'GET' ? [200, 400, 403, 404, 422] : [403];
      expect([method, path, expected.includes(status)]).toEqual([method, path, true]);
    }
  });

  it('never answers 500, whatever a body or an id looks like', async () => {
    const bodies = ['', '{', '[]', '"x"', 'null', '5', '{"name":{}}', '{"steps":{"a":1}}', '{"headers":[null]}'];
    const ids = ['x', '%00', '%F0%9F%92%A9', '9999999999999999999', '-1', '1.5', "'", '..%2f', 'a'.repeat(250)];
    for (const { method, path } of await routes()) {
      for (const body of method === 'GET' || method === 'DELETE' ? [undefined] : bodies) {
        for (const id of path.includes('/x') ? ids : ['x']) {
          const { status } = await call(method, path.replaceAll('/x', `/${id}`), body);
          expect([method, path, id, body, status < 500]).toEqual([method, path, id, body, true]);
        }
      }
    }
  });

  it('RG-03: every change is an event of the topic, with its actor, and rows and events agree', async () => {
    const flow = await call('POST', '/v1/flows', GREET);
    const { rows } = await registry.database.pool.query<{ type: string; meta: string; version: number; row: number }>(
      `select e.type, e.meta, e.version, f.stream_version as row from registry.events e
       join registry.flows f on f.id = e.stream_id where f.id = $1 order by e.version`,
      [flow.body.id],
    );
    expect(rows.map((row) => [row.type, row.version, row.row])).toEqual([
      ['FlowCreated', 1, 2],
      ['FlowPublished', 2, 2],
    ]);
    expect(JSON.parse(rows[0]?.meta ?? '{}')).toMatchObject({ actor: { type: 'token' }, causationId: null });
  });

  it('is ready once its tokens are loaded', async () => {
    const { status, body } = await call('GET', '/readyz', undefined, { token: null });
    expect([status, (body.checks as Record<string, { ok: boolean }>).access]).toEqual([200, { ok: true }]);
  });
});
