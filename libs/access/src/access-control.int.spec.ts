import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { Alongside } from '@sluice/event-store';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AccessControl, type AccessControlOptions } from './access-control.ts';
import { type AccessGrant, accessTablesSql, grantAccess, nameApp, revokeAccess } from './access-tables.ts';
import { hashToken } from './credential.ts';
import { DEFAULT_APP_ID, type Principal } from './principal.ts';

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
    const access = await accessControl({ pool, negativeMs: 100 });
    expect(await access.authenticate('soon')).toBeNull();
    const before = queries;
    await run(grantAccess([grant('soon')]));
    for (let round = 0; round < 20; round++) expect(await access.authenticate('soon')).toBeNull();
    expect(queries).toBe(before);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(await access.authenticate('soon')).not.toBeNull();
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
    const soon = new Date(Date.now() + 60).toISOString();
    await run(grantAccess([revoked, grant('short', { expiresAt: soon })]));
    const access = await accessControl();
    expect(await access.authenticate('revoked')).not.toBeNull();
    expect(await access.authenticate('short')).not.toBeNull();
    await run(revokeAccess([revoked.tokenId]));
    await access.refresh();
    expect(await access.authenticate('revoked')).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(await access.authenticate('short')).toBeNull();
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
