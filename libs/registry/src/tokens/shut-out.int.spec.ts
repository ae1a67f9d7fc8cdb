import { AccessBoard, AccessControl } from '@sluice/access';
import { ReplicaBoard } from '@sluice/local-copy';
import type { RunningServices } from '@sluice/wiring';
import { createTestDatabase, type TestDatabase, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Call, client, GREET, startRegistry } from '../registry.fixture.ts';

const PASSWORD = 'correct horse 1';
let database: TestDatabase;
let running: RunningServices;
let call: Call;
let people = 0;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

async function start(propagationWaitMs: number): Promise<void> {
  running = await startRegistry(database.url, { propagationWaitMs });
  call = client(running.url);
}

async function newToken(): Promise<{ id: string; token: string }> {
  const { body } = await call('POST', '/v1/personal-access-tokens', { scopes: ['admin'], expiration: null });
  return { id: body.id as string, token: body.token as string };
}

async function person(): Promise<{ id: string; session: string }> {
  const email = `p${++people}@example.org`;
  const roles = [{ appId: 'default', role: 'viewer' }];
  const { body } = await call('POST', '/v1/users', { email, name: 'Pat', password: PASSWORD, roles });
  const signedIn = await call('POST', '/v1/sessions', { email, password: PASSWORD }, { token: null });
  return { id: body.id as string, session: signedIn.body.token as string };
}

describe('while another process lives that checks credentials', () => {
  let other: AccessControl;
  beforeAll(async () => {
    await start(60_000);
    const { pool } = database;
    other = new AccessControl({ pool, board: new AccessBoard(pool, new ReplicaBoard({ pool, instance: 'other' })) });
    await other.start();
    await waitFor(async () => {
      const { rowCount } = await pool.query(`select 1 from replicas.positions where instance = 'other'`);
      return rowCount === 1;
    }, 30_000);
  });
  afterAll(async () => {
    await other?.stop();
    await running?.close();
  });

  it('LC-07: a regenerated or revoked token is refused there when the answer comes', async () => {
    for (const path of ['/v1/personal-access-tokens', '/v1/tokens']) {
      const { id, token } = await newToken();
      expect(await other.authenticate(token)).not.toBeNull();
      const again = await call('POST', `/v1/personal-access-tokens/${id}/regenerate`, {});
      expect([again.status, 'propagating' in again.body]).toEqual([200, false]);
      expect(await other.authenticate(token)).toBeNull();
      expect(await other.authenticate(again.body.token as string)).not.toBeNull();
      expect((await call('DELETE', `${path}/${id}`)).status).toBe(204);
      expect(await other.authenticate(again.body.token as string)).toBeNull();
    }
  });

  it('RG-07: roles, passwords, disabling, signing out and deleting hold there when the answer comes', async () => {
    const one = await person();
    expect(await other.authenticate(one.session)).toMatchObject({ roles: [{ role: 'viewer' }] });
    await call('PATCH', `/v1/users/${one.id}`, { roles: [{ appId: 'default', role: 'editor' }] });
    expect(await other.authenticate(one.session)).toMatchObject({ roles: [{ role: 'editor' }] });
    await call('PATCH', `/v1/users/${one.id}`, { password: 'another horse 2' });
    expect(await other.authenticate(one.session)).toBeNull();
    const [two, three, four] = [await person(), await person(), await person()];
    for (const { session } of [two, three, four]) expect(await other.authenticate(session)).not.toBeNull();
    expect((await call('DELETE', '/v1/sessions/current', undefined, { token: two.session })).status).toBe(204);
    expect((await call('PATCH', `/v1/users/${three.id}`, { disabled: true })).status).toBe(200);
    expect((await call('DELETE', `/v1/users/${four.id}`)).status).toBe(204);
    for (const { session } of [two, three, four]) expect(await other.authenticate(session)).toBeNull();
  });

  it('a rehearsed change waits for nobody and shuts nobody out', async () => {
    const { id, token } = await newToken();
    expect(await other.authenticate(token)).not.toBeNull();
    const counted = async () => (await database.pool.query('select n from access.changes')).rows[0]?.n as unknown;
    const before = await counted();
    expect((await call('DELETE', `/v1/tokens/${id}?dryRun=true`)).status).toBe(204);
    expect(await counted()).toBe(before);
    expect(await other.authenticate(token)).not.toBeNull();
  });
});

describe('while another process does not answer', () => {
  beforeAll(async () => {
    await start(50);
    // It lives for as long as the test takes.
    await database.pool.query(`insert into replicas.positions (service, instance, topic, heartbeat_at) values
      ('access', 'slow', 'registry.events', now() + interval '30 minutes')`);
  });
  afterAll(() => running?.close());

  it('LC-08, RG-07: the change is made, and the answer says that it is still propagating', async () => {
    const late = { propagating: true };
    const { id } = await newToken();
    const again = await call('POST', `/v1/personal-access-tokens/${id}/regenerate`, {});
    expect([again.status, again.body]).toMatchObject([200, { id, ...late }]);
    const { id: native } = await newToken();
    const [one, two] = [await person(), await person()];
    expect((await call('PATCH', `/v1/users/${one.id}`, { name: 'Patricia' })).body).toMatchObject(late);
    const endpoint = { kind: 'event', name: 'A', url: 'https://example.com/hook', events: ['order.placed'] };
    const made = await call('POST', '/v1/endpoints', endpoint);
    expect([made.status, made.body.errors]).toEqual([201, undefined]);
    const wish = { endpointIds: [made.body.id], permissions: ['view'] };
    const { body: link } = await call('POST', '/v1/portal-links', wish);
    const flow = await call('POST', '/v1/flows', GREET);
    const trigger = await call('POST', '/v1/triggers', { flowId: flow.body.id, name: 'T' });
    expect(trigger.body.propagating).toBeUndefined();
    const changed = { currentPassword: PASSWORD, password: 'another horse 2' };
    for (const [method, path, body, token] of [
      ['DELETE', `/v1/personal-access-tokens/${id}`],
      ['DELETE', `/v1/tokens/${native}`],
      ['POST', '/v1/users/me/password', changed, one.session],
      ['DELETE', '/v1/sessions/current', undefined, one.session],
      ['DELETE', `/v1/users/${two.id}`],
      ['DELETE', `/v1/portal-links/${String(link.id)}`],
      ['DELETE', `/v1/triggers/${String(trigger.body.id)}`],
    ] as const) {
      const answer = await call(method, path, body, token === undefined ? {} : { token });
      expect([path, answer.status, answer.body]).toEqual([path, 200, late]);
    }
  });
});

describe('a process that stops', () => {
  it('takes itself off the board, so that nobody waits for it', async () => {
    const rows = async () => {
      const { rows: found } = await database.pool.query<{ instance: string }>(
        `select instance from replicas.positions where service = 'access' and instance like 'registry-1/%'`,
      );
      return found.map(({ instance }) => instance);
    };
    await start(50);
    const present = await waitFor(async () => ((await rows()).length > 0 ? rows() : null), 30_000);
    await running.close();
    expect([present, await rows()]).toEqual([['registry-1/registry+delivery-log'], []]);
  });
});
