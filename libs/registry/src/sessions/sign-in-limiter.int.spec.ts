import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { RunningServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Call, client, startRegistry } from '../registry.fixture.ts';

const PASSWORD = 'correct horse battery';

let database: TestDatabase;
let running: RunningServices;
let call: Call;
let people = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startRegistry(database.url, { trustedProxies: ['127.0.0.0/8'] });
  call = client(running.url);
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

async function person(): Promise<string> {
  const email = `limited${++people}@example.org`;
  const roles = [{ appId: null, role: 'viewer' }];
  const made = await call('POST', '/v1/users', { email, name: 'Pat', password: PASSWORD, roles });
  expect(made.status).toBe(201);
  return email;
}

/** From an address behind a trusted proxy. */
async function from(address: string, email: string, password = 'wrong password'): Promise<Answer> {
  const headers = { 'x-forwarded-for': address };
  return call('POST', '/v1/sessions', { email, password }, { token: null, headers });
}

/** A stranger guesses from as many addresses as it takes, nine times from each; resolves with the statuses. */
async function guessing(email: string, times: number): Promise<Set<number>> {
  const statuses = new Set<number>();
  for (let each = 0; each < times; each++)
    statuses.add((await from(`203.0.113.${Math.floor(each / 9)}`, email)).status);
  return statuses;
}

describe('RG-07: guessing passwords', () => {
  it('locks the stranger out, and nobody who signs in from an address that the account is known from', async () => {
    const email = await person();
    expect((await from('198.51.100.1', email, PASSWORD)).status).toBe(201);
    for (let each = 0; each < 10; each++) expect((await from('203.0.113.99', email)).status).toBe(401);
    expect((await from('203.0.113.99', email, PASSWORD)).status).toBe(429);
    expect((await from('198.51.100.2', email, PASSWORD)).status).toBe(201);
    // From everywhere at once it ends, too, and still not for the owner.
    // Only what is counted for an account has so long a window.
    await database.pool.query(
      "update registry.sign_in_attempts set count = 95 where ends_at > now() + interval '20 minutes'",
    );
    expect(await guessing(email, 10)).toEqual(new Set([401, 429]));
    const stranger = await from('192.0.2.1', email, PASSWORD);
    expect([stranger.status, Number(stranger.headers.get('retry-after')) > 1_000]).toEqual([429, true]);
    expect((await from('198.51.100.1', email, PASSWORD)).status).toBe(201);
    expect((await from('198.51.100.2', email, PASSWORD)).status).toBe(201);
  });

  it('is bounded at a known address as well, and where it is known from is kept as hashes only', async () => {
    const email = await person();
    expect((await from('198.51.100.7', email, PASSWORD)).status).toBe(201);
    for (let each = 0; each < 10; each++) await from('198.51.100.7', email);
    expect((await from('198.51.100.7', email, PASSWORD)).status).toBe(429);
    const { rows } = await database.pool.query('select * from registry.known_addresses');
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toMatch(/198\.51|example\.org/);
  });
});

describe('RG-01: a token that somebody else has changed meanwhile', () => {
  it('is not made anew or revoked with a stale If-Match (412)', async () => {
    const made = await call('POST', '/v1/personal-access-tokens', { scopes: ['automation'] });
    const path = `/v1/personal-access-tokens/${String(made.body.id)}`;
    const stale = { headers: { 'if-match': made.headers.get('etag') ?? '' } };
    const again = await call('POST', `${path}/regenerate`, {}, stale);
    expect([again.status, again.headers.get('etag')]).toEqual([200, '"2"']);
    expect((await call('POST', `${path}/regenerate`, {}, stale)).status).toBe(412);
    expect((await call('DELETE', path, undefined, stale)).status).toBe(412);
    expect((await call('DELETE', `/v1/tokens/${String(made.body.id)}`, undefined, stale)).status).toBe(412);
    const { headers } = await call('GET', path);
    expect(headers.get('etag')).toBe('"2"');
    const live = { headers: { 'if-match': headers.get('etag') ?? '' } };
    expect((await call('DELETE', `/v1/tokens/${String(made.body.id)}`, undefined, live)).status).toBe(204);
  });
});
