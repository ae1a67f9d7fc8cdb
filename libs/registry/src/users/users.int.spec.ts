import { DEFAULT_APP_ID } from '@sluice/access';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { RunningServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Call, client, pointersOf, startRegistry } from '../registry.fixture.ts';

const PASSWORD = 'correct horse battery';
let database: TestDatabase;
let running: RunningServices;
let call: Call;
let shop: string;
let people = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startRegistry(database.url);
  call = client(running.url);
  shop = (await call('POST', '/v1/apps', { name: 'shop' })).body.id as string;
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

const newEmail = (): string => `somebody-${++people}@example.org`;

async function userWith(roles: unknown, more: Record<string, unknown> = {}): Promise<{ id: string; email: string }> {
  const email = newEmail();
  const answer = await call('POST', '/v1/users', { email, name: 'Somebody', password: PASSWORD, roles, ...more });
  expect([answer.status, answer.body]).toMatchObject([201, { email }]);
  return { id: answer.body.id as string, email };
}

async function signIn(email: string, password = PASSWORD): Promise<{ token: string }> {
  const answer = await call('POST', '/v1/sessions', { email, password }, { token: null });
  expect([answer.status, answer.body.code]).toEqual([201, undefined]);
  return { token: answer.body.token as string };
}

describe('users', () => {
  it('RG-07: are made, read, changed and deleted; a hash of the password stands in one row and nowhere else', async () => {
    const email = ` Ada-${++people}@Example.ORG `;
    const roles = [
      { appId: 'shop', role: 'viewer' },
      { appId: shop, role: 'editor' },
    ];
    const made = await call('POST', '/v1/users', { email, name: 'Ada', password: PASSWORD, roles });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      email: email.trim().toLowerCase(),
      roles: [{ appId: shop, role: 'editor' }],
      disabled: false,
    });
    const path = `/v1/users/${String(made.body.id)}`;
    const changed = await call('PATCH', path, { name: 'Ada L.' }, { headers: { 'if-match': '"1"' } });
    expect([changed.status, changed.body.name, changed.headers.get('etag')]).toEqual([200, 'Ada L.', '"2"']);
    expect((await call('PATCH', path, { name: 'Late' }, { headers: { 'if-match': '"1"' } })).status).toBe(412);
    expect((await call('GET', '/v1/users?q=ada l')).body.items?.map(({ id }) => id)).toEqual([made.body.id]);
    expect((await call('DELETE', path)).status).toBe(204);
    expect([(await call('GET', path)).status, (await call('DELETE', path)).status]).toEqual([404, 404]);
    expect((await call('GET', `/rest/v1/users/${String(made.body.number)}`)).status).toBe(410);
    const { rows } = await database.pool.query<{ events: string; password: string }>(
      `select (select string_agg(e::text, ' ') from registry.events e) as events,
         (select password from registry.users where id = $1) as password`,
      [made.body.id],
    );
    expect(rows[0]?.password).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(rows[0]?.events).not.toMatch(/argon2id|correct horse/);
  });

  it.each([
    [{}, ['/email', '/name', '/password', '/roles']],
    [{ email: 'x', name: 'x', password: PASSWORD, roles: [{ appId: null, role: 'editor' }] }, ['/email']],
    [{ email: 'a b@c.d', name: 'x', password: PASSWORD, roles: [{ appId: null, role: 'editor' }] }, ['/email']],
    [{ email: 'a@c.d', name: 'x', password: 'short', roles: [{ appId: null, role: 'editor' }] }, ['/password']],
    [
      { email: 'a@c.d', name: 'x', password: 'aaaaaaaaaaaaaaa', roles: [{ appId: null, role: 'editor' }] },
      ['/password'],
    ],
    [{ email: 'a@c.d', name: 'x', password: PASSWORD, roles: [] }, ['/roles']],
    [
      { email: 'a@c.d', name: 'x', password: PASSWORD, roles: [{ appId: 'nowhere', role: 'editor' }] },
      ['/roles/0/appId'],
    ],
    [
      { email: 'a@c.d', name: 'x', password: PASSWORD, roles: [{ appId: 5, role: 'king', x: 1 }] },
      ['/roles/0/appId', '/roles/0/role', '/roles/0/x'],
    ],
    [{ email: 'a@c.d', name: 'x', password: PASSWORD, roles: [null] }, ['/roles/0']],
  ])('are refused as %j', async (body, pointers) => {
    const answer = await call('POST', '/v1/users', body);
    expect([answer.status, pointersOf(answer)]).toEqual([422, pointers]);
  });

  it('have one account per address, however it is spelt', async () => {
    const { email } = await userWith([{ appId: shop, role: 'viewer' }]);
    const again = await call('POST', '/v1/users', {
      email: email.toUpperCase(),
      name: 'x',
      password: PASSWORD,
      roles: [{ appId: shop, role: 'viewer' }],
    });
    expect([again.status, again.body.code, pointersOf(again)]).toEqual([409, 'email_taken', ['/email']]);
  });

  it('the last administrator of all apps stays, also when two try to go at once', async () => {
    const roles = [{ appId: null, role: 'administrator' }];
    const [one, two] = await Promise.all([userWith(roles), userWith(roles)]);
    const weaker = { roles: [{ appId: shop, role: 'editor' }] };
    const answers = await Promise.all([
      call('PATCH', `/v1/users/${one.id}`, weaker),
      call('PATCH', `/v1/users/${two.id}`, { disabled: true }),
    ]);
    const sorted = answers.map(({ status, body }) => [status, body.code]).sort();
    expect(sorted).toEqual([
      [200, undefined],
      [409, 'last_administrator'],
    ]);
    const left = answers[0]?.status === 409 ? one : two;
    expect((await call('DELETE', `/v1/users/${left.id}`)).body.code).toBe('last_administrator');
    expect((await call('GET', `/v1/users/${left.id}`)).status).toBe(200);
  });

  it('LC-08: a token of one app neither sees nor remakes nor ends its user’s tokens of other apps', async () => {
    const { id: userId, email } = await userWith([{ appId: null, role: 'administrator' }]);
    const session = await signIn(email);
    const make = async (appId: string | null) => {
      const headers: Record<string, string> = appId === null ? {} : { 'x-sluice-app': appId };
      const made = await call(
        'POST',
        '/v1/personal-access-tokens',
        { expiration: 1, scopes: ['admin'] },
        { ...session, headers },
      );
      expect(made.status).toBe(201);
      return made.body as { id: string; token: string };
    };
    const [narrow, wide] = [await make(shop), await make(null)];
    const asNarrow = { token: narrow.token };
    const listed = (await call('GET', '/v1/personal-access-tokens', undefined, asNarrow)).body.items?.map(
      ({ id }) => id,
    );
    expect(listed).toEqual([narrow.id]);
    const path = `/v1/personal-access-tokens/${wide.id}`;
    expect((await call('POST', `${path}/regenerate`, { expiration: 1 }, asNarrow)).status).toBe(404);
    expect((await call('DELETE', path, undefined, asNarrow)).status).toBe(404);
    expect((await call('GET', '/v1/flows', undefined, { token: wide.token })).status).toBe(200);
    expect(
      (await call('POST', `/v1/personal-access-tokens/${narrow.id}/regenerate`, { expiration: 1 }, asNarrow)).status,
    ).toBe(200);
    expect((await call('DELETE', `/v1/users/${userId}`)).status).toBe(204);
  });
});

describe('RG-02: who administers one app', () => {
  it('sees and changes what belongs to it, and nothing of another', async () => {
    const boss = await signIn((await userWith([{ appId: shop, role: 'administrator' }])).email);
    const mine = await userWith([{ appId: shop, role: 'viewer' }]);
    const other = await userWith([{ appId: DEFAULT_APP_ID, role: 'viewer' }]);
    const both = await userWith([
      { appId: shop, role: 'viewer' },
      { appId: DEFAULT_APP_ID, role: 'viewer' },
    ]);
    const as = (method: string, id: string, body?: unknown): Promise<Answer> =>
      call(method, `/v1/users/${id}`, body, boss);
    const editor = { roles: [{ appId: shop, role: 'editor' }] };
    expect((await as('PATCH', mine.id, editor)).status).toBe(200);
    expect((await as('PATCH', mine.id, { password: 'another password 1' })).status).toBe(200);
    expect((await as('PATCH', mine.id, { roles: [{ appId: null, role: 'viewer' }] })).status).toBe(403);
    expect([(await as('GET', other.id)).status, (await as('PATCH', other.id, editor)).status]).toEqual([404, 404]);
    // Whoever sets the password of somebody who may enter another app could enter it too.
    expect([
      (await as('PATCH', both.id, { password: 'another password 1' })).status,
      (await as('DELETE', both.id)).status,
    ]).toEqual([403, 403]);
    const kept = { appId: DEFAULT_APP_ID, role: 'viewer' };
    expect((await as('PATCH', both.id, { roles: [kept, { appId: shop, role: 'editor' }] })).status).toBe(200);
    const { body } = await call('GET', '/v1/users', undefined, boss);
    const seen = body.items?.map(({ id }) => id);
    expect([seen?.includes(mine.id), seen?.includes(both.id), seen?.includes(other.id)]).toEqual([true, true, false]);
    // Of their members they see what those are here; what they are elsewhere is not lost by a change.
    const shown = body.items?.find(({ id }) => id === both.id);
    expect([shown?.roles, (await as('GET', both.id)).body.roles]).toEqual([
      [{ appId: shop, role: 'editor' }],
      [{ appId: shop, role: 'editor' }],
    ]);
    expect((await as('PATCH', both.id, { roles: [{ appId: shop, role: 'operator' }] })).status).toBe(200);
    expect((await call('GET', `/v1/users/${both.id}`)).body.roles).toEqual(
      expect.arrayContaining([kept, { appId: shop, role: 'operator' }]),
    );
    expect((await as('PATCH', both.id, { roles: [{ ...kept, role: 'editor' }] })).status).toBe(403);
    expect((await as('PATCH', both.id, { roles: [] })).status).toBe(200);
    expect((await as('GET', both.id)).status).toBe(404);
    expect((await call('GET', `/v1/users/${both.id}`)).body.roles).toEqual([kept]);
    expect((await as('PATCH', mine.id, { roles: [] })).status).toBe(422);
    expect((await call('POST', '/v1/apps', { name: 'mine' }, boss)).status).toBe(403);
    expect((await call('GET', '/v1/apps', undefined, boss)).body.items?.map(({ id }) => id)).toEqual([shop]);
    expect((await call('GET', '/v1/apps', undefined, { ...boss, headers: { 'x-sluice-app': 'default' } })).status).toBe(
      404,
    );
  });
});

describe('RG-02: who administers all apps', () => {
  it('is nobody’s member for that: other administrators see neither their address nor whence they work', async () => {
    const boss = await signIn((await userWith([{ appId: shop, role: 'administrator' }])).email);
    const global = await userWith([{ appId: null, role: 'administrator' }]);
    const mine = await userWith([{ appId: shop, role: 'viewer' }]);
    await call('PATCH', `/v1/users/${mine.id}`, { name: 'Renamed' }, await signIn(global.email));
    const list = await call('GET', '/v1/users?limit=200', undefined, boss);
    expect(list.body.items?.map(({ id }) => id)).not.toContain(global.id);
    expect((await call('GET', `/v1/users/${global.id}`, undefined, boss)).status).toBe(404);
    expect((await call('GET', `/v1/users/${global.id}/history`, undefined, boss)).status).toBe(404);
    const path = `/v1/users/${mine.id}/history`;
    const [here, there] = [await call('GET', path, undefined, boss), await call('GET', path)];
    expect(there.body.items?.[0]?.actor).toHaveProperty('address');
    expect(here.body.items?.map(({ type }) => type)).toEqual(there.body.items?.map(({ type }) => type));
    expect(JSON.stringify(here.body)).not.toContain('address');
    expect(JSON.stringify(here.body)).not.toContain('/roles');
  });
});

describe('RG-07: signing in', () => {
  it('gives a cookie and a token; who they are is told, and signing out ends both', async () => {
    const { id, email } = await userWith([{ appId: shop, role: 'viewer' }]);
    const answer = await call('POST', '/v1/sessions', { email, password: PASSWORD }, { token: null });
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([201, 'no-store']);
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^__Host-sluice_session=\S+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+; Secure$/);
    const byCookie = { token: null, headers: { cookie: cookie.split(';')[0] ?? '' } };
    const current = await call('GET', '/v1/sessions/current', undefined, byCookie);
    expect([current.status, current.body.user]).toMatchObject([200, { id, email }]);
    expect(current.body).not.toHaveProperty('token');
    expect((await call('DELETE', '/v1/sessions/current', undefined, byCookie)).status).toBe(403);
    const out = await call('DELETE', '/v1/sessions/current', undefined, {
      token: null,
      headers: { ...byCookie.headers, 'x-sluice-csrf': '1' },
    });
    expect([out.status, out.headers.get('set-cookie')]).toMatchObject([204, expect.stringContaining('Max-Age=0')]);
    expect((await call('GET', '/v1/sessions/current', undefined, byCookie)).status).toBe(401);
    expect((await call('GET', '/v1/sessions/current', undefined, { token: answer.body.token as string })).status).toBe(
      401,
    );
  });

  it('another site cannot sign anybody in', async () => {
    const { email } = await userWith([{ appId: shop, role: 'viewer' }]);
    const headers = { origin: 'https://evil.example' };
    expect((await call('POST', '/v1/sessions', { email, password: PASSWORD }, { token: null, headers })).status).toBe(
      403,
    );
  });

  it('a wrong password, an unknown address and a disabled user are answered alike', async () => {
    const known = await userWith([{ appId: shop, role: 'viewer' }]);
    const disabled = await userWith([{ appId: shop, role: 'viewer' }]);
    await call('PATCH', `/v1/users/${disabled.id}`, { disabled: true });
    const tries = [
      { email: known.email, password: 'wrong password' },
      { email: newEmail(), password: PASSWORD },
      { email: 'no address', password: PASSWORD },
      { email: disabled.email, password: PASSWORD },
    ];
    const answers = await Promise.all(tries.map((body) => call('POST', '/v1/sessions', body, { token: null })));
    const told = answers.map(({ status, body }) => [status, body.code, body.detail, body.errors]);
    expect(new Set(told.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(told[0]?.[0]).toBe(401);
  });

  it('is refused with 429 after ten wrong passwords for an account, the right one included', async () => {
    const { email } = await userWith([{ appId: shop, role: 'viewer' }]);
    const attempt = (password: string): Promise<Answer> =>
      call('POST', '/v1/sessions', { email, password }, { token: null });
    const answers = await Promise.all(Array.from({ length: 14 }, () => attempt('wrong password')));
    const statuses = answers.map(({ status }) => status).sort();
    expect([statuses.filter((each) => each === 401).length, statuses.filter((each) => each === 429).length]).toEqual([
      10, 4,
    ]);
    const right = await attempt(PASSWORD);
    expect([right.status, right.body.code]).toEqual([429, 'too_many_requests']);
    expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(600);
    await database.pool.query('truncate registry.sign_in_attempts');
    expect((await attempt(PASSWORD)).status).toBe(201);
  });

  it('is refused with 429 after fifty wrong passwords from an address; who is right is not counted', async () => {
    await database.pool.query('truncate registry.sign_in_attempts');
    const { email } = await userWith([{ appId: shop, role: 'viewer' }]);
    for (let each = 0; each < 12; each++) await signIn(email);
    const attempt = (): Promise<Answer> =>
      call('POST', '/v1/sessions', { email: newEmail(), password: PASSWORD }, { token: null });
    const answers = await Promise.all(Array.from({ length: 53 }, attempt));
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(3);
    await database.pool.query('truncate registry.sign_in_attempts');
  });

  it('ends when the password changes, but for who changed it; an old password is of no use then', async () => {
    const { email } = await userWith([{ appId: shop, role: 'viewer' }]);
    const [here, there] = [await signIn(email), await signIn(email)];
    const change = (currentPassword: string, password: string): Promise<Answer> =>
      call('POST', '/v1/users/me/password', { currentPassword, password }, here);
    expect(pointersOf(await change('not the password', 'a new passphrase'))).toEqual(['/currentPassword']);
    expect(pointersOf(await change(PASSWORD, 'too short'))).toEqual(['/password']);
    expect((await change(PASSWORD, 'a new passphrase')).status).toBe(204);
    const status = async (as: { token: string }) => (await call('GET', '/v1/users/me', undefined, as)).status;
    expect([await status(here), await status(there)]).toEqual([200, 401]);
    expect((await call('POST', '/v1/sessions', { email, password: PASSWORD }, { token: null })).status).toBe(401);
    await signIn(email, 'a new passphrase');
  });

  it('and every token of a user end when the user is disabled or deleted', async () => {
    const { id, email } = await userWith([{ appId: shop, role: 'administrator' }]);
    const session = await signIn(email);
    const pat = await call('POST', '/v1/personal-access-tokens', { scopes: ['automation'] }, session);
    const service = await call('POST', '/v1/tokens', { scopes: ['automation'] }, session);
    const tokens = [session.token, pat.body.token, service.body.token] as string[];
    const statuses = (): Promise<number[]> =>
      Promise.all(tokens.map(async (token) => (await call('GET', '/v1/flows', undefined, { token })).status));
    expect(await statuses()).toEqual([200, 200, 200]);
    await call('PATCH', `/v1/users/${id}`, { disabled: true });
    // The app's own token is nobody's.
    expect(await statuses()).toEqual([401, 401, 200]);
    await call('PATCH', `/v1/users/${id}`, { disabled: false });
    expect(await statuses()).toEqual([401, 200, 200]);
    await call('DELETE', `/v1/users/${id}`);
    expect(await statuses()).toEqual([401, 401, 200]);
    const { rows } = await database.pool.query('select 1 from registry.tokens where user_id = $1 and not revoked', [
      id,
    ]);
    expect(rows).toEqual([]);
  });
});
