import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import type { RunningServices } from '@sluice/wiring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Body, type Call, client, GREET, pointersOf, startRegistry } from '../registry.fixture.ts';
import { MASK } from '../sealing/sealing.decider.ts';

let database: TestDatabase;
let running: RunningServices;
let call: Call;
let flowId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startRegistry(database.url);
  call = client(running.url);
  flowId = (await call('POST', '/v1/flows', GREET)).body.id as string;
});
afterAll(async () => {
  await running?.close();
  await database?.drop();
});

interface Trigger extends Body {
  id: string;
  secrets: { id: string; createdAt: string }[];
}

async function trigger(auth: unknown, more: Record<string, unknown> = {}): Promise<Trigger> {
  const { status, body } = await call('POST', '/v1/triggers', { flowId, name: 'In', auth, ...more });
  expect([status, body.errors]).toEqual([201, undefined]);
  return body as Trigger;
}

/** Everything that the registry has written, but the sealed values themselves. */
async function everythingWritten(): Promise<string> {
  const { rows } = await database.pool.query<{ text: string }>(
    `select string_agg(x, ' ') as text from (select e::text as x from registry.events e
     union all select t::text from registry.triggers t union all select s::text from sealed.values s) all_rows`,
  );
  return rows[0]?.text ?? '';
}

const stateOf = async (id: string) => {
  const { rows } = await database.pool.query<{ state: string }>(
    'select state from registry.routes where trigger_id = $1',
    [id],
  );
  return JSON.parse(rows[0]?.state ?? '{}') as { secrets?: { value: { id: string } }[] };
};

describe('GW-02: secrets of triggers', () => {
  it('are sealed: no answer, event, row or history shows them; the route names them', async () => {
    const secret = 'a very secret secret';
    const made = await trigger({ type: 'hmac', preset: 'github', secret });
    expect(made).toMatchObject({ auth: { type: 'hmac', preset: 'github', secret: MASK }, secret: null, token: null });
    expect(made.secrets).toHaveLength(1);
    const read = await call('GET', `/v1/triggers/${made.id}`);
    expect(read.body).toMatchObject({ auth: { secret: MASK }, secrets: made.secrets });
    const history = await call('GET', `/v1/triggers/${made.id}/history`);
    for (const text of [JSON.stringify([made, read.body, history.body]), await everythingWritten()]) {
      expect(text).not.toContain(secret);
    }
    expect((await stateOf(made.id)).secrets).toMatchObject([{ value: { version: 1 } }]);
    expect(JSON.stringify(read.body)).not.toContain((await stateOf(made.id)).secrets?.[0]?.value.id);
  });

  it.each([
    ['github', { type: 'hmac', preset: 'github' }, /^[\w-]{43}$/],
    ['standard', { type: 'hmac', preset: 'standard' }, /^whsec_[A-Za-z0-9+/]{43}=$/],
    ['custom in hex', { type: 'hmac', header: 'x-sig', secretEncoding: 'hex' }, /^[0-9a-f]{64}$/],
    ['basic', { type: 'basic', user: 'u' }, /^[\w-]{43}$/],
  ])('of %s are made when they are left out, and shown once', async (_, auth, shape) => {
    const made = await trigger(auth);
    expect(made.secret).toMatch(shape);
    const read = await call('GET', `/v1/triggers/${made.id}`);
    expect(read.body).not.toHaveProperty('secret');
    expect(await everythingWritten()).not.toContain(made.secret);
  });

  it('LT-10: are rotated with an overlap', async () => {
    const { id, secrets } = await trigger({ type: 'hmac', preset: 'stripe', secret: 'whsec_first' });
    const none = await call('POST', `/v1/triggers/${id}/secrets`, {});
    expect([none.status, pointersOf(none)]).toEqual([422, ['/secret']]);
    const added = await call('POST', `/v1/triggers/${id}/secrets`, { secret: 'whsec_second' });
    expect([added.status, added.body.secret, added.headers.get('cache-control')]).toEqual([201, null, 'no-store']);
    const third = await call('POST', `/v1/triggers/${id}/secrets`, { secret: 'whsec_third' });
    expect([third.status, third.body.code]).toEqual([409, 'too_many_secrets']);
    expect((await call('DELETE', `/v1/triggers/${id}/secrets/${secrets[0]?.id}`)).status).toBe(204);
    expect((await call('DELETE', `/v1/triggers/${id}/secrets/${secrets[0]?.id}`)).status).toBe(404);
    const { body } = await call('GET', `/v1/triggers/${id}`);
    expect((body as Trigger).secrets.map((secret) => secret.id)).toEqual([added.body.id]);
    const history = await call('GET', `/v1/triggers/${id}/history`);
    expect(history.body.items?.map((item) => [item.type, item.changed])).toMatchObject([
      ['TriggerSecretRevoked', ['secrets']],
      ['TriggerSecretAdded', ['secrets']],
      ['TriggerCreated', expect.arrayContaining(['auth', 'secrets'])],
    ]);
  });

  it('a further one is made where one can be made, without a body', async () => {
    const { id } = await trigger({ type: 'hmac', preset: 'github' });
    const added = await call('POST', `/v1/triggers/${id}/secrets`);
    expect([added.status, typeof added.body.secret]).toEqual([201, 'string']);
  });

  it.each<[unknown, number, string]>([
    [{ secret: '' }, 422, 'invalid_request'],
    [{ secret: 5 }, 422, 'invalid_request'],
    [{ secret: 'x', more: 1 }, 422, 'invalid_request'],
    [['x'], 422, 'invalid_request'],
  ])('%j is refused with %i', async (body, status, code) => {
    const { id } = await trigger({ type: 'basic', user: 'u' });
    const answer = await call('POST', `/v1/triggers/${id}/secrets`, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('belong to kinds of auth that have one, tokens to those that have tokens', async () => {
    const bearer = await trigger({ type: 'bearer' });
    const refused = await call('POST', `/v1/triggers/${bearer.id}/secrets`, {});
    expect([refused.status, refused.body.code]).toEqual([409, 'auth_without_secret']);
    const hmac = await trigger({ type: 'hmac', preset: 'github' });
    const token = await call('POST', `/v1/triggers/${hmac.id}/tokens`);
    expect([token.status, token.body.code]).toEqual([409, 'auth_without_token']);
    expect((await call('POST', '/v1/triggers/01890000-0000-7000-8000-000000000000/secrets', {})).status).toBe(404);
  });

  it('stay under their mask when a trigger is read, changed and sent back', async () => {
    const { id } = await trigger({ type: 'jwt', algorithms: ['HS256'], secret: 'x'.repeat(32) });
    const before = await stateOf(id);
    const { body } = await call('GET', `/v1/triggers/${id}`);
    const same = await call('PATCH', `/v1/triggers/${id}`, { auth: body.auth });
    expect([same.status, same.body.updatedAt]).toEqual([200, body.updatedAt]);
    expect((await stateOf(id)).secrets).toEqual(before.secrets);
    const changed = await call('PATCH', `/v1/triggers/${id}`, {
      auth: { ...(body.auth as object), secret: 'y'.repeat(32) },
    });
    expect(changed.status).toBe(200);
    expect((await stateOf(id)).secrets).not.toEqual(before.secrets);
  });

  it('a key set is judged by the outbound policy when it is saved', async () => {
    const auth = { type: 'jwt', algorithms: ['RS256'], jwksUrl: 'http://169.254.169.254/keys', audience: 'a' };
    const refused = await call('POST', '/v1/triggers', { flowId, name: 'In', auth });
    expect([refused.status, pointersOf(refused)]).toEqual([422, ['/auth/jwksUrl']]);
    await trigger({ ...auth, jwksUrl: 'https://issuer.example/keys' });
  });

  it('allowed addresses and the handshake are kept, shown and changed; the verify token is not shown', async () => {
    const settings = { allowedIps: ['10.0.0.0/8'], handshake: { type: 'meta', verifyToken: 'a token to verify' } };
    const made = await trigger({ type: 'none' }, settings);
    expect(made).toMatchObject({ allowedIps: ['10.0.0.0/8'], handshake: { type: 'meta', verifyToken: MASK } });
    expect(await everythingWritten()).not.toContain('a token to verify');
    const changed = await call('PATCH', `/v1/triggers/${made.id}`, { allowedIps: null, handshake: null });
    expect(changed.body.allowedIps).toBeNull();
    expect(changed.body.handshake ?? null).toBeNull();
    const wrong = await call('PATCH', `/v1/triggers/${made.id}`, { allowedIps: ['x'], handshake: { type: 'x' } });
    expect(pointersOf(wrong)).toEqual(['/allowedIps/0', '/handshake/type']);
  });
});
