import { describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, type Answer, registryOfFile } from '../registry.fixture.ts';

const PASSWORD = 'correct horse battery';

const { call } = registryOfFile();

const signIn = (token: string): Promise<Answer> => call('POST', '/v1/sessions', { token }, { token: null });

describe('RG-07: signing in by a token', () => {
  it("turns the operator's token into a session of the first administrator, once there is one", async () => {
    const early = await signIn(ADMIN_TOKEN);
    expect([early.status, early.body.code]).toEqual([403, 'forbidden']);
    const body = { name: 'Ada', password: PASSWORD, roles: [{ appId: null, role: 'administrator' }] };
    const made = await call('POST', '/v1/users', { ...body, email: 'ada@example.org' });
    await call('POST', '/v1/users', { ...body, email: 'bob@example.org' });
    const answer = await signIn(ADMIN_TOKEN);
    expect([answer.status, answer.body.user]).toMatchObject([201, { id: made.body.id, email: 'ada@example.org' }]);
    expect(answer.headers.get('set-cookie')).toContain('HttpOnly');
    const { body: session } = await call('GET', '/v1/sessions/current', undefined, {
      token: String(answer.body.token),
    });
    expect(session.user).toMatchObject({ email: 'ada@example.org' });
  });

  it("is the token's own user, and ends nothing but itself", async () => {
    const body = { name: 'Eve', email: 'eve@example.org', password: PASSWORD };
    await call('POST', '/v1/users', { ...body, roles: [{ appId: null, role: 'viewer' }] });
    const session = await call('POST', '/v1/sessions', { email: body.email, password: PASSWORD }, { token: null });
    const own = { token: String(session.body.token) };
    const token = await call('POST', '/v1/personal-access-tokens', { scopes: ['admin'], appId: null }, own);
    const answer = await signIn(` ${String(token.body.token)}\n`);
    expect([answer.status, answer.body.user]).toMatchObject([201, { email: body.email }]);
    await call('DELETE', '/v1/sessions/current', undefined, { token: String(answer.body.token) });
    expect((await call('GET', '/v1/sessions/current', undefined, own)).status).toBe(200);
  });

  it('is refused for what could do less than a session: fewer scopes, one app, another session', async () => {
    const narrow = await call('POST', '/v1/tokens', { scopes: ['automation'] });
    expect((await signIn(String(narrow.body.token))).status).toBe(403);
    const session = await signIn(ADMIN_TOKEN);
    expect((await signIn(String(session.body.token))).status).toBe(403);
    expect((await signIn('wrong')).status).toBe(401);
    expect((await call('POST', '/v1/sessions', { token: 7 }, { token: null })).status).toBe(422);
    expect((await call('POST', '/v1/sessions', { token: 'x', email: 'y' }, { token: null })).status).toBe(422);
  });

  it('cannot be done by another site', async () => {
    const headers = { origin: 'https://evil.example' };
    expect((await call('POST', '/v1/sessions', { token: ADMIN_TOKEN }, { token: null, headers })).status).toBe(403);
  });
});
