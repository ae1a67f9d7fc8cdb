import { SealedValues } from '@sluice/sealed-values';
import type { EndpointState } from '@sluice/contracts';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { RunningServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Body, type Call, client, pointersOf, startRegistry } from '../registry.fixture.ts';

let database: TestDatabase;
let running: RunningServices;
let call: Call;
let sealed: SealedValues;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startRegistry(database.url);
  call = client(running.url);
  sealed = new SealedValues({ pool: database.pool, keys: running.settings.encryptionKeys });
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

const HOOK = { kind: 'event', name: 'Shop', url: 'https://shop.example/hook', events: ['order.*', 'Flow.Executed'] };
const MASK = '********';

async function newEndpoint(change: Record<string, unknown> = {}): Promise<Body & { id: number; uuid: string }> {
  const { status, body } = await call('POST', '/v1/endpoints', { ...HOOK, ...change });
  expect([status, body.errors]).toEqual([201, undefined]);
  return body as Body & { id: number; uuid: string };
}

/** The endpoint's state as its last event tells it to the dispatcher. */
async function stateOf(uuid: string): Promise<EndpointState> {
  const { rows } = await database.pool.query<{ data: string }>(
    'select data from registry.events where stream_id = $1 order by version desc limit 1',
    [uuid],
  );
  return (JSON.parse(rows[0]?.data ?? '{}') as { endpoint: EndpointState }).endpoint;
}

describe('creating an endpoint', () => {
  it('ET-02: takes the documented body, nulls and all, and answers with integer id and uuid', async () => {
    const body = await newEndpoint({
      description: 'two\nlines',
      method: 'POST',
      contentType: 'application/json',
      includeEntity: true,
      enabled: true,
      headers: [{ key: 'X-Custom', value: 'v' }],
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      basicUser: null,
      basicPass: null,
      format: 'etl',
      filter: null,
      transform: null,
      retry: { schedule: ['PT0S', 'PT5S'] },
      rateLimit: null,
      concurrency: 10,
      ordering: null,
    });
    expect(body).toMatchObject({ kind: 'event', secret: MASK, headers: [{ key: 'X-Custom', value: MASK }] });
    expect(body).toMatchObject({ retry: { schedule: ['PT0S', 'PT5S'] }, basicPass: null, description: 'two\nlines' });
    expect(Number.isInteger(body.id)).toBe(true);
    // Read alone it tells besides how deliveries to it fare.
    const delivery = { paused: null, holdUntil: null, failingSince: null };
    for (const id of [body.id, body.uuid, body.uuid.toUpperCase()]) {
      expect((await call('GET', `/v1/endpoints/${id}`)).body).toEqual({ ...body, delivery });
    }
  });

  it('RG-06: seals what is secret; events and tables hold references only', async () => {
    const hidden = 'a-value-that-must-not-be-found';
    const { uuid } = await newEndpoint({
      secret: hidden,
      basicUser: 'u',
      basicPass: hidden,
      headers: [{ key: 'X-Key', value: hidden }],
    });
    const state = await stateOf(uuid);
    expect(await sealed.open(state.secret ?? { id: '', version: 0 })).toBe(hidden);
    expect(await sealed.open(state.headers[0]?.value ?? { id: '', version: 0 })).toBe(hidden);
    const { rows } = await database.pool.query<{ text: string }>(
      `select string_agg(x, ' ') as text from (select e::text as x from registry.events e
       union all select p::text from registry.endpoints p) all_rows`,
    );
    expect(rows[0]?.text).not.toContain(hidden);
  });

  it.each([
    'http://10.0.0.1/x',
    'http://localhost/x',
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]/',
    'http://0x7f.1/',
    'http://[::ffff:10.0.0.1]/',
    'https://user:pass@shop.example/',
    'ftp://shop.example/',
    'shop.example',
  ])('DL-07: refuses the address %s and says why', async (url) => {
    const answer = await call('POST', '/v1/endpoints', { ...HOOK, url });
    expect([answer.status, pointersOf(answer)]).toEqual([422, ['/url']]);
  });

  it('tells all problems at once', async () => {
    const answer = await call('POST', '/v1/endpoints', {
      kind: 'other',
      name: ' ',
      events: ['order created', '*'],
      url: 'http://127.0.0.1/',
      method: 'PUT',
      contentType: 'text/plain',
      includeEntity: 'yes',
      enabled: 1,
      headers: [{ key: 'Host', value: 'x' }],
      secret: 5,
      format: 'xml',
      filter: '{{ true',
      retry: { schedule: ['soon'] },
      rateLimit: 0,
      concurrency: 1.5,
      nonsense: 1,
    });
    expect(answer.status).toBe(422);
    expect(new Set(pointersOf(answer))).toEqual(
      new Set([
        '/kind',
        '/name',
        '/events',
        '/url',
        '/method',
        '/contentType',
        '/includeEntity',
        '/enabled',
        '/headers/0',
        '/secret',
        '/format',
        '/filter',
        '/retry/schedule/0',
        '/rateLimit',
        '/concurrency',
        '/nonsense',
      ]),
    );
  });

  it.each([
    [{ kind: undefined }, '/kind'],
    [{ name: undefined }, '/name'],
    [{ url: undefined }, '/url'],
    [{ events: undefined }, '/events'],
    [{ events: [] }, '/events'],
    [{ events: ['*', '*'] }, '/events'],
    [{ events: [1] }, '/events'],
    [{ events: ['or*der'] }, '/events'],
    [{ events: '*' }, '/events'],
    [{ concurrency: null }, '/concurrency'],
    [{ description: 'nul \u0000' }, '/description'],
  ])('refuses %j', async (change, pointer) => {
    const answer = await call('POST', '/v1/endpoints', { ...HOOK, ...change });
    expect([answer.status, pointersOf(answer)]).toEqual([422, [pointer]]);
  });
});

describe('changing an endpoint', () => {
  it.each([[''], [{ length: 0 }], [{}], [null], [[]]])('refuses %j as its events', async (events) => {
    const endpoint = await newEndpoint();
    const answer = await call('PATCH', `/v1/endpoints/${endpoint.id}`, { events });
    expect([answer.status, pointersOf(answer)]).toEqual([422, ['/events']]);
    const wish = { kind: 'inline', name: 'Inline', url: HOOK.url, hookType: 'PRE_APPROVAL', events };
    const created = await call('POST', '/v1/endpoints', wish);
    // An inline one has no events, so an empty list says nothing new.
    expect(created.status).toBe(Array.isArray(events) ? 201 : 422);
  });

  it('what a read has shown can be sent back: masks keep what is stored', async () => {
    const before = await newEndpoint({
      secret: 's',
      basicUser: 'u',
      basicPass: 'p',
      headers: [{ key: 'X-A', value: 'v' }],
    });
    const { id, uuid, appId, createdAt, updatedAt, publicKey, previousSecrets, ...rest } = before;
    expect(previousSecrets).toEqual([]);
    expect([appId, createdAt, updatedAt, publicKey].every((each) => typeof each === 'string')).toBe(true);
    const same = await call('PATCH', `/v1/endpoints/${id}`, rest);
    expect([same.status, same.headers.get('etag')]).toEqual([200, '"1"']);
    expect(await sealed.open((await stateOf(uuid)).secret ?? { id: '', version: 0 })).toBe('s');
  });

  it('a new secret is a new version, and the old one goes', async () => {
    const { id, uuid } = await newEndpoint({ secret: 'old' });
    await call('PATCH', `/v1/endpoints/${id}`, { secret: 'new' });
    const secret = (await stateOf(uuid)).secret ?? { id: '', version: 0 };
    expect([secret.version, await sealed.open(secret)]).toEqual([2, 'new']);
    await call('PATCH', `/v1/endpoints/${id}`, { secret: null });
    expect((await stateOf(uuid)).secret).toBeNull();
    expect((await call('GET', `/v1/endpoints/${id}`)).body.secret).toBeNull();
  });

  it('two changes at the same time both happen, and each is sealed once', async () => {
    const { id, uuid } = await newEndpoint({ secret: 'v1' });
    const answers = await Promise.all(
      ['v2', 'v3', 'v4'].map((secret) => call('PATCH', `/v1/endpoints/${id}`, { secret })),
    );
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
    const secret = (await stateOf(uuid)).secret ?? { id: '', version: 0 };
    expect(secret.version).toBe(4);
    expect(['v2', 'v3', 'v4']).toContain(await sealed.open(secret));
  });

  it('ET-01: only an administrator may', async () => {
    const token = (await call('POST', '/v1/tokens', { scopes: ['automation'], note: 'editor' })).body.token as string;
    const { id } = await newEndpoint();
    const as = { token };
    expect((await call('GET', `/v1/endpoints/${id}`, undefined, as)).status).toBe(200);
    expect((await call('POST', '/v1/endpoints', HOOK, as)).status).toBe(403);
    expect((await call('PATCH', `/v1/endpoints/${id}`, { name: 'x' }, as)).status).toBe(403);
    expect((await call('DELETE', `/v1/endpoints/${id}`, undefined, as)).status).toBe(403);
  });

  it('honours If-Match', async () => {
    const { id } = await newEndpoint();
    const headers = { 'if-match': '"7"' };
    expect((await call('PATCH', `/v1/endpoints/${id}`, { name: 'x' }, { headers })).status).toBe(412);
  });
});

describe('the alias /rest/v1/webhooks', () => {
  it('does the same, and answers 410 for what was deleted (ET-11)', async () => {
    const { status, body } = await call('POST', '/rest/v1/webhooks', HOOK);
    expect(status).toBe(201);
    const path = `/rest/v1/webhooks/${String(body.id)}`;
    expect((await call('PATCH', path, { enabled: false })).body.enabled).toBe(false);
    expect((await call('GET', '/rest/v1/webhooks?q=shop&limit=1')).body.items).toHaveLength(1);
    expect((await call('DELETE', path)).status).toBe(204);
    expect([(await call('GET', path)).status, (await call('GET', `/v1/endpoints/${String(body.id)}`)).status]).toEqual([
      410, 404,
    ]);
    expect((await call('GET', '/rest/v1/webhooks/99999')).status).toBe(404);
  });
});
