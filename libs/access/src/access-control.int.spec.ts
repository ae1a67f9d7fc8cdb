import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import type { Alongside } from '@sluice/event-store';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AccessControl, type AccessControlOptions } from './access-control.ts';
import { type AccessGrant, accessTablesSql, grantAccess, nameApp, revokeAccess } from './access-tables.ts';
import { hashToken } from './credential.ts';
import { DEFAULT_APP_ID, type Principal } from './principal.ts';
import { admitUser, dismissUser, endSession, keepSession, openSession, SESSION_IDLE_MS } from './session-tables.ts';

const APP = '01890000-0000-7000-8000-0000000000aa';
let database: TestDatabase;
const started: AccessControl[] = [];
let ids = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  for (const statement of accessTablesSql()) await database.pool.query(statement);
});
afterEach(async () => {
  for (const access of started.splice(0)) await access.stop();
});
afterAll(() => database?.drop());

async function accessControl(change: Partial<AccessControlOptions> = {}): Promise<AccessControl> {
  const access = new AccessControl({ pool: database.pool, pollMs: 60_000, ...change });
  started.push(access);
  await access.start();
  return access;
}

/** Runs an alongside statement by itself, as the event store does within its own. */
async function run({ statement, rows }: Alongside): Promise<void> {
  const columns = statement.columns.map((type, index) => `$${index + 1}::${type}[]`);
  const values = statement.columns.map((_type, index) => rows.map((row) => row[index]));
  await database.pool.query(statement.sql(columns), values);
}

function grant(token: string, change: Partial<AccessGrant> = {}): AccessGrant {
  const tokenId = `01890000-0000-7000-8000-${String(++ids).padStart(12, '0')}`;
  const base = { tokenId, sha256: hashToken(token), kind: 'personal' as const, appId: null, userId: null };
  return { ...base, triggerId: null, scopes: ['admin'], expiresAt: null, ...change };
}

describe('authenticating a token', () => {
  it('knows who it is, by its hash alone', async () => {
    await run(grantAccess([grant('t1', { appId: APP, scopes: ['automation.view', 'events.publish'] })]));
    const access = await accessControl();
    expect(await access.authenticate('t1')).toMatchObject({
      kind: 'personal',
      appId: APP,
      scopes: ['automation.view', 'events.publish'],
    });
    expect(await access.authenticate('T1')).toBeNull();
    const { rows } = await database.pool.query('select * from access.tokens');
    expect(JSON.stringify(rows)).not.toContain('"t1"');
  });

  it('a token works the instant it was created, in every process', async () => {
    const access = await accessControl();
    await run(grantAccess([grant('instant')]));
    expect(await access.authenticate('instant')).not.toBeNull();
  });

  it('an unknown token stays unknown for a second without asking again, then is looked up anew', async () => {
    let queries = 0;
    const pool = new pg.Pool({ connectionString: database.url, max: 2 });
    const query = pool.query.bind(pool);
    Object.assign(pool, { query: (...args: Parameters<typeof query>) => (queries++, query(...args)) });
    const access = await accessControl({ pool, negativeMs: 2_000 });
    expect(await access.authenticate('soon')).toBeNull();
    const before = queries;
    await run(grantAccess([grant('soon')]));
    for (let round = 0; round < 20; round++) expect(await access.authenticate('soon')).toBeNull();
    expect(queries).toBe(before);
    expect(await waitFor(() => access.authenticate('soon'))).toMatchObject({ kind: 'personal' });
    await access.stop();
    await pool.end();
  });

  it('thousands of different unknown tokens at once lead to a handful of look-ups', async () => {
    let queries = 0;
    const pool = new pg.Pool({ connectionString: database.url, max: 2 });
    const query = pool.query.bind(pool);
    Object.assign(pool, { query: (...args: Parameters<typeof query>) => (queries++, query(...args)) });
    const access = await accessControl({ pool });
    const before = queries;
    const answers = await Promise.all(Array.from({ length: 5000 }, (_, index) => access.authenticate(`x${index}`)));
    expect(answers.every((answer) => answer === null)).toBe(true);
    expect(queries - before).toBeLessThan(20);
    await access.stop();
    await pool.end();
  });

  it('refuses a revoked token once it has read so, and an expired one by itself', async () => {
    const revoked = grant('revoked');
    const soon = new Date(Date.now() + 1_500).toISOString();
    await run(grantAccess([revoked, grant('short', { expiresAt: soon })]));
    const access = await accessControl();
    expect(await access.authenticate('revoked')).not.toBeNull();
    expect(await access.authenticate('short')).not.toBeNull();
    await run(revokeAccess([revoked.tokenId]));
    await access.refresh();
    expect(await access.authenticate('revoked')).toBeNull();
    await waitFor(async () => (await access.authenticate('short')) === null);
  });

  it('granting the same token twice changes nothing, and granting it again after revoking lets it in', async () => {
    const twice = grant('twice');
    await run(grantAccess([twice]));
    await run(grantAccess([twice]));
    await run(revokeAccess([twice.tokenId]));
    await run(revokeAccess([twice.tokenId]));
    const access = await accessControl();
    expect(await access.authenticate('twice')).toBeNull();
    await run(grantAccess([twice]));
    await access.refresh();
    expect(await access.authenticate('twice')).not.toBeNull();
  });

  it('says that the store is away rather than that the token is wrong', async () => {
    const pool = new pg.Pool({ connectionString: database.url, max: 2 });
    const access = await accessControl({ pool });
    await pool.end();
    await expect(access.authenticate('never seen')).rejects.toThrow();
    await access.stop();
  });

  it('remembers when a token was used last, without making anybody read the token again', async () => {
    const used = grant('used');
    await run(grantAccess([used, grant('unused')]));
    const access = await accessControl();
    await access.authenticate('used');
    const first = await access.lastUsed([used.tokenId]);
    expect(Date.now() - Date.parse(first.get(used.tokenId) ?? '')).toBeLessThan(5000);
    expect([...first.keys()]).toEqual([used.tokenId]);
  });
});

describe('naming an app', () => {
  const all: Principal = { kind: 'personal', tokenId: 't', appId: null, scopes: [], userId: null };
  const other: Principal = { ...all, appId: DEFAULT_APP_ID };

  it('by id or by name, as far as the caller may see it', async () => {
    await run(nameApp(APP, 'shop'));
    const access = await accessControl();
    expect(await access.findApp('shop', all)).toBe(APP);
    expect(await access.findApp(APP.toUpperCase(), all)).toBe(APP);
    expect(await access.findApp('shop', { ...all, appId: APP })).toBe(APP);
    expect(await access.findApp('shop', other)).toBeNull();
    expect(await access.findApp('Shop', all)).toBeNull();
    expect([access.defaultAppOf(all), access.defaultAppOf({ ...all, appId: APP })]).toEqual([DEFAULT_APP_ID, APP]);
  });

  it('an app can be named the instant it was created', async () => {
    const access = await accessControl();
    const id = '01890000-0000-7000-8000-0000000000bb';
    await run(nameApp(id, 'fresh'));
    expect(await access.findApp('fresh', all)).toBe(id);
  });
});

describe('a user', () => {
  const newUser = async (generation = 1): Promise<string> => {
    const userId = `01890000-0000-7000-8000-${String(++ids).padStart(12, '0')}`;
    await admit(userId, generation);
    return userId;
  };
  const admit = (userId: string, generation: number, active = true): Promise<void> =>
    run(admitUser({ userId, roles: [{ appId: APP, role: 'editor' }], active, generation }));
  const signIn = async (userId: string, token: string, generation = 1, idleMs = SESSION_IDLE_MS): Promise<string> => {
    const sessionId = `01890000-0000-7000-8000-${String(++ids).padStart(12, '0')}`;
    const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
    const ends = { expiresAt: at(86_400_000), idleExpiresAt: at(idleMs) };
    await run(openSession({ sessionId, sha256: hashToken(token), userId, generation, ...ends }));
    return sessionId;
  };

  it('LC-07: has with each token what both its scopes and the role allow', async () => {
    const access = await accessControl();
    const userId = await newUser();
    await run(grantAccess([grant('pat', { userId, scopes: ['automation:view'] })]));
    await run(grantAccess([grant('all', { userId, scopes: ['automation'] }), grant('shop', { userId, appId: APP })]));
    const [pat, all, shop] = await Promise.all(['pat', 'all', 'shop'].map((token) => access.authenticate(token)));
    if (!pat || !all || !shop) throw new Error('not let in');
    expect([pat.userId, pat.roles]).toEqual([userId, [{ appId: APP, role: 'editor' }]]);
    expect([access.mayIn(pat, APP, 'automation.view'), access.mayIn(pat, APP, 'automation.webhook_run')]).toEqual([
      true,
      false,
    ]);
    expect(access.mayIn(all, APP, 'automation.webhook_run')).toBe(true);
    expect([access.mayIn(all, DEFAULT_APP_ID, 'automation.view'), access.mayIn(shop, APP, 'admin')]).toEqual([
      false,
      false,
    ]);
    expect([access.defaultAppOf(all), await access.findApp(DEFAULT_APP_ID, all)]).toEqual([APP, null]);
  });

  it('RG-07: is out, with every credential, once disabled or gone, and back with tokens but not with sessions', async () => {
    const access = await accessControl();
    const userId = await newUser();
    await run(grantAccess([grant('token of the disabled', { userId })]));
    await signIn(userId, 'session of the disabled');
    const both = (): Promise<boolean[]> =>
      Promise.all(
        ['token of the disabled', 'session of the disabled'].map(async (token) => !!(await access.authenticate(token))),
      );
    expect(await both()).toEqual([true, true]);
    await admit(userId, 2, false);
    await access.refresh();
    expect(await both()).toEqual([false, false]);
    await admit(userId, 2);
    await access.refresh();
    expect(await both()).toEqual([true, false]);
    await run(dismissUser(userId));
    await access.refresh();
    expect(await both()).toEqual([false, false]);
  });

  it('RG-07: is signed out by a new password, but for the session that set it', async () => {
    const access = await accessControl();
    const userId = await newUser();
    await signIn(userId, 'elsewhere');
    const here = await signIn(userId, 'here');
    await admit(userId, 2);
    await run(keepSession(here, 2));
    await access.refresh();
    expect([await access.authenticate('elsewhere'), (await access.authenticate('here'))?.tokenId]).toEqual([
      null,
      here,
    ]);
    // A sign-in that was under way with the old password comes too late.
    await signIn(userId, 'late', 1);
    expect(await access.authenticate('late')).toBeNull();
  });

  it('RG-07: stays signed in with the session that set the password while the copy knows only half of it', async () => {
    const access = await accessControl();
    const userId = await newUser();
    const here = await signIn(userId, 'half known');
    await access.refresh();
    await admit(userId, 2);
    await access.refresh();
    await run(keepSession(here, 2));
    expect((await access.authenticate('half known'))?.tokenId).toBe(here);
    expect(await access.authenticate('half known', false)).not.toBeNull();
  });

  it('RG-07: is signed out when a session ends, or has not been used for long; using it moves that end', async () => {
    const access = await accessControl();
    const userId = await newUser();
    const ended = await signIn(userId, 'ended');
    await signIn(userId, 'idle', 1, 60);
    const busy = await signIn(userId, 'busy', 1, SESSION_IDLE_MS / 2);
    expect((await access.authenticate('busy'))?.kind).toBe('session');
    await run(endSession(ended));
    await access.stop();
    const { rows } = await database.pool.query<{ left: number }>(
      `select extract(epoch from idle_expires_at - now()) * 1000 as left from access.sessions where session_id = $1`,
      [busy],
    );
    expect(Number(rows[0]?.left)).toBeGreaterThan(SESSION_IDLE_MS * 0.9);
    const later = await accessControl();
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect([await later.authenticate('ended'), await later.authenticate('idle')]).toEqual([null, null]);
    expect(await later.authenticate('busy')).not.toBeNull();
  });

  it('LC-08: with a regenerated token nobody gets in by the one before', async () => {
    const access = await accessControl();
    const token = grant('first');
    await run(grantAccess([token]));
    expect(await access.authenticate('first')).not.toBeNull();
    await run(grantAccess([{ ...token, sha256: hashToken('second') }]));
    expect((await access.authenticate('second'))?.tokenId).toBe(token.tokenId);
    expect(await access.authenticate('first')).toBeNull();
  });
});
