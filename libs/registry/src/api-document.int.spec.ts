import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { RunningServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Call, client, GREET, startRegistry } from './registry.fixture.ts';

interface Operation {
  parameters?: { name?: string }[];
  responses: Record<string, unknown>;
  'x-vendor'?: boolean;
}

let database: TestDatabase;
let running: RunningServices;
let call: Call;
let operations: Map<string, Operation>;
let made = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startRegistry(database.url);
  call = client(running.url);
  const { body } = await call('GET', '/openapi.json');
  const paths = (body as unknown as { paths: Record<string, Record<string, Operation>> }).paths;
  operations = new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
    ),
  );
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

const STEPS = GREET.steps.slice(0, 2);
const create = async (path: string, body: object): Promise<string> => {
  const answer = await call('POST', path, body);
  expect([path, answer.status]).toEqual([path, 201]);
  return String(answer.body.id);
};
const flow = async () => `/v1/flows/${await create('/v1/flows', { ...GREET, name: `F${++made}` })}`;
const bareTrigger = async (auth: object = { type: 'bearer' }): Promise<string> =>
  `/v1/triggers/${await create('/v1/triggers', { flowId: (await flow()).split('/').pop(), name: `T${++made}`, auth })}`;
const partOf = async (trigger: string, part: 'tokens' | 'secrets'): Promise<string> => {
  const { body } = await call('GET', trigger);
  return `${trigger}/${part}/${String((body[part] as { id: string }[])[0]?.id)}`;
};
const endpoint = async () =>
  `/v1/endpoints/${await create('/v1/endpoints', { kind: 'event', name: 'E', url: 'https://shop.example/', events: ['*'] })}`;
const eventType = async () => {
  const name = `type.${++made}`;
  await create('/v1/event-types', { name });
  return `/v1/event-types/${name}`;
};
const secret = async () => {
  const path = `/v1/secrets/s${++made}`;
  expect((await call('PUT', path, { value: 'v' })).status).toBe(201);
  return path;
};
const listener = async () => {
  const path = `/v1/listeners/l${++made}`;
  expect((await call('PUT', path, { url: 'https://shop.example/l' })).status).toBe(201);
  return path;
};
const user = async () => {
  const roles = [{ appId: null, role: 'viewer' }];
  const body = { email: `u${++made}@example.org`, name: 'U', password: 'correct horse battery', roles };
  return `/v1/users/${await create('/v1/users', body)}`;
};
const token = async (kind: string) => `/v1/${kind}/${await create(`/v1/${kind}`, { scopes: ['automation'] })}`;
const HMAC = { type: 'hmac', preset: 'github', secret: 'a-secret' };

/** What is changed, whose ETag it has, and with what. */
interface Change {
  path: string;
  of?: string;
  body?: object;
}

/** One row for each route that changes something that is there: how to make such a thing, or why If-Match is not for it. */
const UPDATES: Record<string, (() => Promise<Change>) | string> = {
  'PATCH /v1/flows/{id}': async () => ({ path: await flow(), body: { name: 'Other' } }),
  'DELETE /v1/flows/{id}': async () => ({ path: await flow() }),
  'POST /v1/flows/{id}/publish': async () => {
    const of = await flow();
    await call('PATCH', of, { steps: STEPS });
    return { of, path: `${of}/publish`, body: {} };
  },
  'POST /v1/flows/{id}/rollback': async () => {
    const of = await flow();
    await call('PATCH', of, { steps: STEPS });
    await call('POST', `${of}/publish`, {});
    return { of, path: `${of}/rollback`, body: { version: 1 } };
  },
  'PATCH /v1/triggers/{id}': async () => ({ path: await bareTrigger(), body: { name: 'Other' } }),
  'DELETE /v1/triggers/{id}': async () => ({ path: await bareTrigger() }),
  'POST /v1/triggers/{id}/tokens': async () => {
    const of = await bareTrigger();
    return { of, path: `${of}/tokens` };
  },
  'DELETE /v1/triggers/{id}/tokens/{tokenId}': async () => {
    const of = await bareTrigger();
    return { of, path: await partOf(of, 'tokens') };
  },
  'POST /v1/triggers/{id}/secrets': async () => {
    const of = await bareTrigger(HMAC);
    return { of, path: `${of}/secrets`, body: {} };
  },
  'DELETE /v1/triggers/{id}/secrets/{secretId}': async () => {
    const of = await bareTrigger(HMAC);
    return { of, path: await partOf(of, 'secrets') };
  },
  'POST /v1/triggers/{id}/capture': 'arms for one request; the trigger’s settings do not change',
  'DELETE /v1/triggers/{id}/capture': 'disarms; the trigger’s settings do not change',
  'PATCH /v1/endpoints/{id}': async () => ({ path: await endpoint(), body: { concurrency: 3 } }),
  'DELETE /v1/endpoints/{id}': async () => ({ path: await endpoint() }),
  'POST /v1/endpoints/{id}/secret/rotate': async () => {
    const of = await endpoint();
    await call('PATCH', of, { secret: 'a-secret-of-some-length' });
    return { of, path: `${of}/secret/rotate`, body: {} };
  },
  'POST /v1/endpoints/{id}/enable': 'says that something is so; saying it twice is saying it once',
  'POST /v1/endpoints/{id}/disable': 'says that something is so; saying it twice is saying it once',
  'PATCH /v1/event-types/{name}': async () => ({ path: await eventType(), body: { description: 'Other' } }),
  'DELETE /v1/event-types/{name}': async () => ({ path: await eventType() }),
  'PUT /v1/secrets/{name}': async () => ({ path: await secret(), body: { value: 'w' } }),
  'DELETE /v1/secrets/{name}': async () => ({ path: await secret() }),
  'PUT /v1/listeners/{name}': async () => ({ path: await listener(), body: { url: 'https://shop.example/m' } }),
  'DELETE /v1/listeners/{name}': async () => ({ path: await listener() }),
  'PATCH /v1/users/{id}': async () => ({ path: await user(), body: { name: 'Other' } }),
  'DELETE /v1/users/{id}': async () => ({ path: await user() }),
  'DELETE /v1/portal-links/{id}': 'a link never changes: it is there, or it is revoked',
  'DELETE /v1/tokens/{id}': async () => ({ path: await token('tokens') }),
  'DELETE /v1/personal-access-tokens/{id}': async () => ({ path: await token('personal-access-tokens') }),
  'POST /v1/personal-access-tokens/{id}/regenerate': async () => {
    const of = await token('personal-access-tokens');
    return { of, path: `${of}/regenerate`, body: {} };
  },
};

/** Lists in the words of vendors, and what is never long. */
const NOT_PAGED = ['GET /api/webhooks', 'GET /app-api/v1/crons', 'GET /inline_webhooks'];

const parametersOf = (operation: Operation | undefined): string[] =>
  (operation?.parameters ?? []).map(({ name }) => name ?? '');

describe('RG-01: every route that changes something', () => {
  it('has a row here', () => {
    const updates = [...operations.keys()].filter((key) => /^(?:PATCH|PUT|DELETE|POST) \/v1\/.*\{/.test(key));
    expect(updates.filter((key) => UPDATES[key] === undefined)).toEqual([]);
    expect(Object.keys(UPDATES).filter((key) => !operations.has(key))).toEqual([]);
  });

  const rows = Object.entries(UPDATES).filter(
    (row): row is [string, () => Promise<Change>] => typeof row[1] !== 'string',
  );

  it.each(rows)('%s documents If-Match, 412 and dryRun', (key) => {
    const operation = operations.get(key);
    expect(parametersOf(operation)).toEqual(expect.arrayContaining(['If-Match', 'dryRun']));
    expect(Object.keys(operation?.responses ?? {})).toContain('412');
  });

  it.each(rows)(
    '%s tries without doing, refuses what is stale, and does it for the present version',
    async (key, make) => {
      const [method = ''] = key.split(' ');
      const { path, of = path, body } = await make();
      const before = (await call('GET', of)).headers.get('etag');
      expect([key, before]).toEqual([key, expect.stringMatching(/^"\d+"$/)]);
      const dry = await call(method, `${path}?dryRun=true`, body);
      expect([dry.status < 300, dry.headers.get('sluice-dry-run')]).toEqual([true, 'true']);
      expect((await call('GET', of)).headers.get('etag')).toBe(before);
      const stale = await call(method, path, body, { headers: { 'if-match': '"9999"' } });
      expect([stale.status, stale.body.code]).toEqual([412, 'precondition_failed']);
      const done = await call(method, path, body, { headers: { 'if-match': before ?? '' } });
      expect([key, done.status < 300]).toEqual([key, true]);
      const after = await call('GET', of);
      expect(after.status === 404 || after.headers.get('etag') !== before).toBe(true);
    },
  );
});

describe('RG-01: every list', () => {
  it('has pages, and refuses limits and cursors that are none, each by its name', async () => {
    const lists = [...operations.entries()].filter(
      ([key, { responses, ...more }]) =>
        key.startsWith('GET /') &&
        more['x-vendor'] !== true &&
        /\bitems\b|Page"/.test(JSON.stringify(responses['200'] ?? {})) &&
        !NOT_PAGED.includes(key),
    );
    expect(lists.length).toBeGreaterThan(12);
    for (const [key, operation] of lists) {
      expect([key, parametersOf(operation)]).toEqual([key, expect.arrayContaining(['cursor', 'limit'])]);
      if (key.includes('{')) continue;
      const path = key.slice('GET '.length);
      for (const [query, pointer] of [
        ['limit=0', '/limit'],
        ['limit=201', '/limit'],
        ['limit=1.5', '/limit'],
        ['cursor=%00', '/cursor'],
        ['cursor=bm9uZQ', '/cursor'],
        ['colour=red', '/colour'],
      ]) {
        const { status, body } = await call('GET', `${path}?${query}`);
        expect([path, query, status, body.errors?.map((problem) => problem.pointer)]).toEqual([
          path,
          query,
          422,
          [pointer],
        ]);
      }
      const { status, body } = await call('GET', `${path}?limit=1`);
      expect([path, status, (body.items ?? []).length <= 1]).toEqual([path, 200, true]);
    }
  });
});
