import { DEFAULT_APP_ID } from '@sluice/access';
import { describe, expect, it } from 'vitest';
import { GREET, pointersOf, registryOfFile } from '../registry.fixture.ts';

const registry = registryOfFile();
const { call } = registry;

describe('personal access tokens (LC-08)', () => {
  it('LC-08: are shown once, listed without the token, and end when they are revoked', async () => {
    const created = await call('POST', '/v1/personal-access-tokens', {
      expiration: 30,
      scopes: ['automation:view', 'events.publish'],
      note: 'laptop',
    });
    const { token, id } = created.body as { token: string; id: string };
    expect([created.status, created.body]).toEqual([
      201,
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        token: expect.stringMatching(/^sluice_pat_.{43}$/) as string,
        expiration: 30,
        note: 'laptop',
        last_used: null,
        scopes: ['automation:view', 'events.publish'],
      },
    ]);
    expect((await call('GET', '/v1/flows', undefined, { token })).status).toBe(200);
    const { body } = await call('GET', '/v1/personal-access-tokens');
    const listed = body.items?.find((item) => item.id === id);
    expect(Object.keys(listed ?? {}).sort()).toEqual(['expiration', 'id', 'last_used', 'note', 'scopes']);
    expect(Date.now() - Date.parse(listed?.last_used as string)).toBeLessThan(60_000);
    const native = (await call('GET', `/v1/tokens/${id}`)).body;
    expect(native).toMatchObject({ id, appId: DEFAULT_APP_ID, userId: null });
    expect((await call('DELETE', `/v1/personal-access-tokens/${id}`)).status).toBe(204);
    expect((await call('GET', '/v1/flows', undefined, { token })).status).toBe(401);
    expect((await call('DELETE', `/v1/personal-access-tokens/${id}`)).status).toBe(404);
    expect((await call('GET', `/rest/v1/tokens/${String(native.number)}`)).status).toBe(410);
  });

  it('LC-08: a regenerated token has the id and the rights of the one before, which ends at once', async () => {
    const created = await call('POST', '/v1/personal-access-tokens', { expiration: 7, scopes: ['automation.view'] });
    const path = `/v1/personal-access-tokens/${String(created.body.id)}`;
    const first = { token: created.body.token as string };
    expect((await call('GET', '/v1/flows', undefined, first)).status).toBe(200);
    const again = await call('POST', `${path}/regenerate`, { expiration: 90 });
    expect([again.status, again.body]).toMatchObject([200, { id: created.body.id, expiration: 90, note: '' }]);
    const second = { token: again.body.token as string };
    expect((await call('GET', '/v1/flows', undefined, first)).status).toBe(401);
    expect((await call('GET', '/v1/flows', undefined, second)).status).toBe(200);
    expect((await call('POST', `${path}/regenerate`)).body.expiration).toBe(90);
    expect((await call('POST', `${path}/regenerate`, { expiration: null })).body.expiration).toBeNull();
    expect(pointersOf(await call('POST', `${path}/regenerate`, { expiration: 0, x: 1 }))).toEqual([
      '/expiration',
      '/x',
    ]);
    const history = await call('GET', `/v1/tokens/${String(created.body.id)}/history`);
    const types = history.body.items?.map(({ type }) => type);
    expect(types).toEqual(['TokenRegenerated', 'TokenRegenerated', 'TokenRegenerated', 'TokenCreated']);
  });

  it('the token that the operator has set is not regenerated here', async () => {
    const { body } = await call('GET', '/v1/tokens?limit=200');
    const given = body.items?.find(({ note }) => note === 'SLUICE_ADMIN_TOKEN');
    const answer = await call('POST', `/v1/personal-access-tokens/${String(given?.id)}/regenerate`, {});
    expect([answer.status, answer.body.code]).toEqual([409, 'token_of_operator']);
  });

  it('LC-08: are the own ones of who has signed in, and never allow more than their role', async () => {
    const people = ['one', 'two'].map((name) => ({ email: `${name}@example.org`, name, password: 'correct horse 1' }));
    const roles = [{ appId: 'default', role: 'viewer' }];
    const sessions = [];
    for (const person of people) {
      expect((await call('POST', '/v1/users', { ...person, roles })).status).toBe(201);
      const { email, password } = person;
      const answer = await call('POST', '/v1/sessions', { email, password }, { token: null });
      sessions.push({ token: answer.body.token as string });
    }
    const [one, two] = sessions;
    const { body } = await call('POST', '/v1/personal-access-tokens', { scopes: ['admin'] }, one);
    const own = { token: body.token as string };
    const path = `/v1/personal-access-tokens/${String(body.id)}`;
    expect((await call('GET', '/v1/flows', undefined, own)).status).toBe(200);
    expect((await call('POST', '/v1/flows', GREET, own)).status).toBe(403);
    expect((await call('GET', '/v1/tokens', undefined, own)).status).toBe(403);
    expect((await call('GET', path, undefined, one)).status).toBe(200);
    expect((await call('GET', '/v1/personal-access-tokens', undefined, one)).body.items).toHaveLength(1);
    expect((await call('GET', '/v1/personal-access-tokens', undefined, two)).body.items).toEqual([]);
    for (const [method, route] of [
      ['GET', path],
      ['DELETE', path],
      ['POST', `${path}/regenerate`],
    ] as const)
      expect([method, (await call(method, route, undefined, two)).status]).toEqual([method, 404]);
    expect((await call('DELETE', path, undefined, own)).status).toBe(204);
  });

  it('can be without an end', async () => {
    const { body } = await call('POST', '/v1/tokens', { expiration: null, scopes: ['admin'], note: '' });
    expect([body.expiration, body.expiresAt]).toEqual([null, null]);
  });

  it.each([
    [{}, ['/scopes']],
    [{ scopes: [] }, ['/scopes']],
    [{ scopes: ['root'] }, ['/scopes']],
    [{ scopes: 'admin' }, ['/scopes']],
    [{ scopes: ['admin'], expiration: 0 }, ['/expiration']],
    [{ scopes: ['admin'], expiration: '30' }, ['/expiration']],
    [{ scopes: ['admin'], expiration: 4000 }, ['/expiration']],
    [{ scopes: ['admin'], note: 5, colour: 1 }, ['/colour', '/note']],
    [{ scopes: ['admin'], appId: 5 }, ['/appId']],
  ])('refuses %j', async (body, pointers) => {
    const answer = await call('POST', '/v1/tokens', body);
    expect([answer.status, pointersOf(answer)]).toEqual([422, pointers]);
  });

  it('only an administrator makes, lists and revokes them', async () => {
    const { body } = await call('POST', '/v1/tokens', { scopes: ['automation'] });
    const as = { token: body.token as string };
    expect((await call('POST', '/v1/tokens', { scopes: ['automation'] }, as)).status).toBe(403);
    expect((await call('GET', '/v1/tokens', undefined, as)).status).toBe(403);
    expect((await call('DELETE', `/v1/tokens/${String(body.id)}`, undefined, as)).status).toBe(403);
  });
});

describe('apps', () => {
  it('have a name of their own and an integer', async () => {
    const first = await call('POST', '/v1/apps', { name: ' Shop ' });
    expect([first.status, first.body.name]).toEqual([201, 'Shop']);
    expect(Number.isInteger(first.body.environmentId)).toBe(true);
    const second = await call('POST', '/v1/apps', { name: 'Shop' });
    expect([second.status, second.body.code, pointersOf(second)]).toEqual([409, 'name_taken', ['/name']]);
    expect(pointersOf(await call('POST', '/v1/apps', { name: 'x'.repeat(201), x: 1 }))).toEqual(['/name', '/x']);
    expect((await call('GET', `/v1/apps/${String(first.body.id)}/history`)).body.items).toHaveLength(1);
  });

  it("RG-02: another app's things do not exist for a token of one app", async () => {
    const app = (await call('POST', '/v1/apps', { name: 'stranger' })).body.id as string;
    const made = await call('POST', '/v1/tokens', { scopes: ['admin'], appId: app });
    const stranger = { token: made.body.token as string };
    const flow = (await call('POST', '/v1/flows', GREET)).body.id as string;
    const trigger = (await call('POST', '/v1/triggers', { flowId: flow, name: 'x' })).body;
    const hook = { kind: 'event', name: 'x', url: 'https://x.example', events: ['*'] };
    const endpoint = (await call('POST', '/v1/endpoints', hook)).body;
    const paths = [
      `/v1/apps/${DEFAULT_APP_ID}`,
      `/v1/flows/${flow}`,
      `/v1/flows/${flow}/versions`,
      `/v1/flows/${flow}/history`,
      `/v1/triggers/${String(trigger.id)}`,
      `/v1/endpoints/${String(endpoint.id)}`,
      `/rest/v1/webhooks/${String(endpoint.id)}`,
      `/rest/v1/triggers/${String(trigger.number)}`,
    ];
    for (const path of paths) {
      expect([path, (await call('GET', path, undefined, stranger)).status]).toEqual([path, 404]);
      expect([path, (await call('GET', path)).status]).toEqual([path, 200]);
    }
    for (const path of paths.slice(1, 2).concat(paths.slice(4, 7))) {
      expect([path, (await call('DELETE', path, undefined, stranger)).status]).toEqual([path, 404]);
      expect([path, (await call('PATCH', path, { name: 'y' }, stranger)).status]).toEqual([path, 404]);
    }
    expect((await call('GET', '/v1/flows', undefined, stranger)).body.items).toEqual([]);
    expect((await call('POST', '/v1/apps', { name: 'mine' }, stranger)).status).toBe(403);
    expect((await call('POST', '/v1/tokens', { scopes: ['admin'], appId: null }, stranger)).status).toBe(403);
    const elsewhere = await call('POST', '/v1/flows', { ...GREET, appId: 'default' }, stranger);
    expect(elsewhere.status).toBe(404);
    const theirs = await call('POST', '/v1/flows', GREET, stranger);
    expect(theirs.body.appId).toBe(app);
    const borrowed = await call('POST', '/v1/triggers', { flowId: flow, name: 'x' }, stranger);
    expect(pointersOf(borrowed)).toEqual(['/flowId']);
  });

  it('are named by header, body or query; two different names are refused', async () => {
    const app = (await call('POST', '/v1/apps', { name: 'named' })).body.id as string;
    const headers = { 'x-sluice-app': 'named' };
    expect((await call('POST', '/v1/flows', GREET, { headers })).body.appId).toBe(app);
    expect((await call('POST', '/v1/flows', { ...GREET, appId: app })).body.appId).toBe(app);
    expect((await call('GET', '/v1/flows?appId=named')).body.items).toHaveLength(2);
    const both = await call('POST', '/v1/flows', { ...GREET, appId: 'default' }, { headers });
    expect([both.status, pointersOf(both)]).toEqual([422, ['/appId']]);
    expect((await call('GET', '/v1/flows?appId=nowhere')).status).toBe(404);
  });
});

describe('secrets', () => {
  it('are written, replaced and named, never read back', async () => {
    const first = await call('PUT', '/v1/secrets/api_key', { value: 'very-hidden-1' });
    const second = await call('PUT', '/v1/secrets/api_key', { value: 'very-hidden-2' });
    expect([first.status, second.status]).toEqual([201, 200]);
    const { body } = await call('GET', '/v1/secrets');
    expect(body.items?.map((item) => item.name)).toEqual(['api_key']);
    const { rows } = await registry.database.pool.query<{ text: string; version: number }>(
      `select (select string_agg(e::text, ' ') from registry.events e) as text, sealed_version as version
       from registry.secrets where name = 'api_key'`,
    );
    expect(rows[0]?.version).toBe(2);
    expect(JSON.stringify([rows, first.body, second.body, body])).not.toContain('very-hidden');
    expect((await call('DELETE', '/v1/secrets/api_key')).status).toBe(204);
    expect((await call('DELETE', '/v1/secrets/api_key')).status).toBe(404);
    expect((await call('PUT', '/v1/secrets/api_key', { value: 'again' })).status).toBe(201);
  });

  it('belong to one app', async () => {
    await call('POST', '/v1/apps', { name: 'secretive' });
    const headers = { 'x-sluice-app': 'secretive' };
    await call('PUT', '/v1/secrets/mine', { value: 'x' }, { headers });
    expect((await call('GET', '/v1/secrets', undefined, { headers })).body.items).toHaveLength(1);
    expect((await call('DELETE', '/v1/secrets/mine')).status).toBe(404);
  });

  it.each([
    ['a-b', { value: 'x' }, ['/name']],
    ['1a', { value: 'x' }, ['/name']],
    ['ok', { value: '' }, ['/value']],
    ['ok', { value: 5 }, ['/value']],
    ['ok', {}, ['/value']],
    ['ok', { value: 'x'.repeat(20_000), other: 1 }, ['/other', '/value']],
  ])('refuses %s with %o', async (name, body, pointers) => {
    const answer = await call('PUT', `/v1/secrets/${name}`, body);
    expect([answer.status, pointersOf(answer)]).toEqual([422, pointers]);
  });
});
