import { DEFAULT_APP_ID } from '@sluice/access';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { RunningServices } from '@sluice/wiring';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, client, startRegistry } from '../registry.fixture.ts';

const OTHER_TOKEN = 'another-administrator-token-of-41-chars!!';
let database: TestDatabase;
const running: RunningServices[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.close();
  await database.drop();
});

async function start(adminToken: string | null = ADMIN_TOKEN, instanceId = 'registry-1'): Promise<RunningServices> {
  const one = await startRegistry(database.url, { adminToken, instanceId });
  running.push(one);
  return one;
}

async function stop(one: RunningServices): Promise<void> {
  running.splice(running.indexOf(one), 1);
  await one.close();
}

async function countEvents(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>('select count(*)::int as count from registry.events');
  return rows[0]?.count ?? 0;
}

const statusFor = async (one: RunningServices, token: string): Promise<number> =>
  (await client(one.url)('GET', '/v1/apps', undefined, { token })).status;

describe('the first start', () => {
  it('RG-07: makes the default app and lets the given administrator in, keeping only a hash', async () => {
    const one = await start();
    const { body } = await client(one.url)('GET', '/v1/apps');
    expect(body.items).toMatchObject([{ id: DEFAULT_APP_ID, name: 'default', environmentId: 1 }]);
    const { rows } = await database.pool.query<{ text: string }>(
      `select string_agg(x, ' ') as text from (select e::text as x from registry.events e
       union all select a::text from access.tokens a union all select t::text from registry.tokens t) all_rows`,
    );
    expect(rows[0]?.text).not.toContain(ADMIN_TOKEN);
  });

  it('has nobody to let in when no token was given', async () => {
    const one = await start(null);
    expect(await statusFor(one, ADMIN_TOKEN)).toBe(401);
    expect(await countEvents()).toBe(1);
  });
});

describe('RG-07: the administrator of SLUICE_ADMIN_EMAIL', () => {
  const named = { adminEmail: 'Root@Example.org', adminPassword: 'correct horse battery' };
  const launch = async (instanceId: string, change = {}): Promise<RunningServices> => {
    const one = await startRegistry(database.url, { ...named, ...change, instanceId });
    running.push(one);
    return one;
  };
  const signIn = async (one: RunningServices, password: string) =>
    client(one.url)('POST', '/v1/sessions', { email: 'root@example.org', password }, { token: null });

  it('signs in and administers all apps; two first starts at once make one of them', async () => {
    await stop(await start(null));
    const both = await Promise.all([launch('a'), launch('b')]);
    const answer = await signIn(both[0] as RunningServices, named.adminPassword);
    const roles = [{ appId: null, role: 'administrator' }];
    expect([answer.status, answer.body.user]).toMatchObject([201, { email: 'root@example.org', roles }]);
    const { body } = await client((both[1] as RunningServices).url)('GET', '/v1/users');
    expect(body.items).toHaveLength(1);
  });

  it('keeps a password that was changed since, whatever the settings say', async () => {
    const one = await launch('a');
    const token = (await signIn(one, named.adminPassword)).body.token as string;
    const change = { currentPassword: named.adminPassword, password: 'a better passphrase' };
    expect((await client(one.url)('POST', '/v1/users/me/password', change, { token })).status).toBe(204);
    await stop(one);
    const two = await launch('a');
    expect((await signIn(two, named.adminPassword)).status).toBe(401);
    expect((await signIn(two, 'a better passphrase')).status).toBe(201);
  });
});

describe('every later start', () => {
  it('changes nothing when all is as it should be, also of two processes at once', async () => {
    const one = await start();
    const events = await countEvents();
    await stop(one);
    const [two, three] = await Promise.all([start(ADMIN_TOKEN, 'a'), start(ADMIN_TOKEN, 'b')]);
    expect([await statusFor(two, ADMIN_TOKEN), await statusFor(three, ADMIN_TOKEN)]).toEqual([200, 200]);
    expect(await countEvents()).toBe(events);
  });

  it('two first starts at once make one default app and one token', async () => {
    // The tables are made first: what is raced here is what comes after.
    await stop(await start(null));
    await database.pool.query('truncate registry.events, registry.apps, access.apps');
    const both = await Promise.all([start(ADMIN_TOKEN, 'a'), start(ADMIN_TOKEN, 'b')]);
    expect(await Promise.all(both.map((each) => statusFor(each, ADMIN_TOKEN)))).toEqual([200, 200]);
    expect(await countEvents()).toBe(2);
  });

  it('another given token replaces the one before, and it works again when it is given again', async () => {
    await stop(await start(ADMIN_TOKEN));
    const two = await start(OTHER_TOKEN);
    expect([await statusFor(two, ADMIN_TOKEN), await statusFor(two, OTHER_TOKEN)]).toEqual([401, 200]);
    await stop(two);
    const three = await start(ADMIN_TOKEN);
    expect([await statusFor(three, ADMIN_TOKEN), await statusFor(three, OTHER_TOKEN)]).toEqual([200, 401]);
  });

  it('a given token that a person has revoked stays revoked', async () => {
    const one = await start(ADMIN_TOKEN);
    const call = client(one.url);
    const second = (await call('POST', '/v1/tokens', { scopes: ['admin'], appId: null })).body.token as string;
    const { body } = await call('GET', '/v1/tokens', undefined, { token: second });
    const bootstrap = body.items?.find((item) => item.note === 'SLUICE_ADMIN_TOKEN');
    expect((await call('DELETE', `/v1/tokens/${String(bootstrap?.id)}`, undefined, { token: second })).status).toBe(
      204,
    );
    expect(await statusFor(one, ADMIN_TOKEN)).toBe(401);
    await stop(one);
    const two = await start(ADMIN_TOKEN);
    expect([await statusFor(two, ADMIN_TOKEN), await statusFor(two, second)]).toEqual([401, 200]);
  });
});
