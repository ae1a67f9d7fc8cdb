import { type RecordingReceiver, recordingReceiver, waitFor } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, Api } from '../api.ts';
import { holds } from '../at-once.ts';
import type { Scenarios } from './all.ts';

const PASSWORD = 'correct horse battery';
/** For what nobody is told the end of; long, because a loaded machine is no broken one. */
const SOON_MS = 60_000;
const STEPS = [{ ref: 'web1', type: 'webhook' }];

/** People, how they prove who they are, and what they may do. */
export const identity: Scenarios = (use) => {
  describe('users, sessions and tokens', () => {
    let api: Api;
    let receiver: RecordingReceiver;
    let people = 0;
    beforeAll(async () => {
      api = await Api.ofFreshApp(use().system, 'identity');
      receiver = await recordingReceiver();
    });
    afterAll(() => receiver?.close());

    async function person(role: string): Promise<{ id: string; email: string }> {
      const email = `p${++people}-${api.appId}@example.org`;
      const roles = [{ appId: api.appId, role }];
      return api.must('POST', '/v1/users', { email, name: 'Pat', password: PASSWORD, roles });
    }
    const signIn = (email: string, password = PASSWORD, headers = {}): Promise<Answer> =>
      api.call('POST', '/v1/sessions', { email, password }, { authorization: '', ...headers });
    const as = (token: unknown): Record<string, string> => ({ authorization: `Bearer ${String(token)}` });

    /** A route of each service behind the guard; over Kafka each of two instances answers in turn. */
    const EVERYWHERE = ['/v1/flows', '/v1/runs', '/v1/timeline/x', '/v1/requests', '/v1/apps', '/v1/deliveries'];
    async function statuses(token: unknown): Promise<Set<number>> {
      const answers = await Promise.all(
        [...EVERYWHERE, ...EVERYWHERE].map((route) => api.call('GET', route, undefined, as(token))),
      );
      return new Set(answers.map(({ status }) => (status === 404 ? 200 : status)));
    }
    /** What was answered holds everywhere, unless the answer says that some process was late. */
    async function expectOf(changed: unknown, isSo: () => Promise<boolean>, what: string): Promise<void> {
      expect([what, await holds(changed, isSo, what)]).toEqual([what, true]);
    }
    const isRefused = (token: unknown) => async () => [...(await statuses(token))].join() === '401';

    it('RG-07: a session works at every service, by cookie or token, and ends everywhere', async () => {
      const { email } = await person('viewer');
      const session = await signIn(email);
      expect([session.status, session.body.user]).toMatchObject([201, { email }]);
      const set = session.headers.get('set-cookie') ?? '';
      expect(set).toMatch(/sluice_session=\S+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+/);
      const cookie = { authorization: '', cookie: set.split(';')[0] ?? '' };
      expect(await statuses(session.body.token)).toEqual(new Set([200]));
      const withCookie = (method: string, route: string, more: Record<string, string> = {}): Promise<Response> => {
        const { authorization: _none, ...headers } = { ...cookie, ...more };
        return fetch(`${use().system.url}${route}`, { method, headers });
      };
      expect((await withCookie('GET', '/v1/runs')).status).toBe(200);
      expect((await withCookie('GET', '/v1/sessions/current')).status).toBe(200);
      expect((await withCookie('DELETE', '/v1/sessions/current')).status).toBe(403);
      expect((await withCookie('DELETE', '/v1/sessions/current', { origin: 'https://evil.example' })).status).toBe(403);
      const out = await withCookie('DELETE', '/v1/sessions/current', { origin: use().system.url });
      expect([out.ok, out.headers.get('set-cookie')]).toMatchObject([true, expect.stringContaining('Max-Age=0')]);
      const left = out.status === 204 ? null : await out.json();
      await expectOf(left, isRefused(session.body.token), 'the session is over everywhere');
    });

    it('RG-07: a new password, or a disabled user, ends sessions at every service; a disabled one cannot sign in', async () => {
      const { id, email } = await person('viewer');
      const [one, two] = [(await signIn(email)).body.token, (await signIn(email)).body.token];
      const changed = await api.call(
        'POST',
        '/v1/users/me/password',
        { currentPassword: PASSWORD, password: 'a better passphrase' },
        as(one),
      );
      expect(changed.status).toBeLessThan(300);
      await expectOf(changed.body, isRefused(two), 'the other session is over everywhere');
      expect(await statuses(one)).toEqual(new Set([200]));
      const disabled = await api.must('PATCH', `/v1/users/${id}`, { disabled: true });
      await expectOf(disabled, isRefused(one), 'all sessions are over everywhere');
      expect((await signIn(email, 'a better passphrase')).status).toBe(401);
    });

    it('RG-07: guessing passwords is refused with 429, whichever replica is asked', async () => {
      const { email } = await person('viewer');
      const answers: Answer[] = [];
      for (let each = 0; each < 11; each++) answers.push(await signIn(email, 'wrong password'));
      expect(answers.map(({ status }) => status)).toEqual([...Array.from({ length: 10 }, () => 401), 429]);
      expect(Number(answers[10]?.headers.get('retry-after'))).toBeGreaterThan(60);
    });

    it('LC-07, LC-08: a personal access token starts a flow while its scopes, its user and itself last', async () => {
      const { id, email } = await person('operator');
      const session = as((await signIn(email)).body.token);
      const make = async (scopes: string[]) =>
        (await api.call('POST', '/v1/personal-access-tokens', { scopes, expiration: null, note: 'x' }, session)).body;
      const [runs, views] = [await make(['automation:webhook_run']), await make(['automation.view'])];
      expect(Object.keys(runs).sort()).toEqual(['expiration', 'id', 'last_used', 'note', 'scopes', 'token']);
      const flow = await api.flow(STEPS, { response: { mode: 'sync', body: '{"ok": true}' } });
      await api.trigger(flow.id, { profile: 'flow' });
      const start = async (token: unknown) =>
        (await api.call('POST', `/v1/flow-webhook/${flow.id}`, {}, as(token))).status;
      expect([await start(runs.token), await start(views.token)]).toEqual([200, 401]);
      const path = `/v1/personal-access-tokens/${String(runs.id)}`;
      const again = (await api.call('POST', `${path}/regenerate`, { expiration: 30 }, session)).body;
      expect(again).toMatchObject({ id: runs.id, expiration: 30 });
      const is = (status: number, token: unknown) => async () =>
        (await start(token)) === status && (await start(token)) === status;
      await expectOf(again, is(401, runs.token), 'the token before is refused');
      expect(await start(again.token)).toBe(200);
      const withRole = (role: string) => api.must('PATCH', `/v1/users/${id}`, { roles: [{ appId: api.appId, role }] });
      await expectOf(await withRole('viewer'), is(401, again.token), 'the viewer is refused');
      await expectOf(await withRole('operator'), is(200, again.token), 'the operator is let in');
      const revoked = await api.call('DELETE', path, undefined, session);
      expect(revoked.status).toBeLessThan(300);
      await expectOf(revoked.body, is(401, again.token), 'the revoked token is refused');
    });

    it('LC-07, LC-08: a token made anew or revoked is refused by every process the instant that is answered', async () => {
      const { email } = await person('operator');
      const session = as((await signIn(email)).body.token);
      const made = await api.call('POST', '/v1/personal-access-tokens', { scopes: ['admin'] }, session);
      const path = `/v1/personal-access-tokens/${String(made.body.id)}`;
      expect(await statuses(made.body.token)).toEqual(new Set([200]));
      const again = await api.call('POST', `${path}/regenerate`, {}, session);
      await expectOf(again.body, isRefused(made.body.token), 'the token before is refused everywhere');
      expect(await statuses(again.body.token)).toEqual(new Set([200]));
      const revoked = await api.call('DELETE', path, undefined, session);
      await expectOf(revoked.body, isRefused(again.body.token), 'the revoked token is refused everywhere');
    });

    it('RG-03: the history says who, whence, when and what, also after the end', async () => {
      const { id, email } = await person('editor');
      const session = as((await signIn(email)).body.token);
      const flow = await api.flow(STEPS);
      await api.call('PATCH', `/v1/flows/${flow.id}`, { name: 'Renamed' }, session);
      await api.must('DELETE', `/v1/flows/${flow.id}`);
      const { items } = await api.must<{ items: Record<string, unknown>[] }>('GET', `/v1/flows/${flow.id}/history`);
      expect(items.map(({ type }) => type)).toEqual(['FlowDeleted', 'FlowUpdated', 'FlowPublished', 'FlowCreated']);
      expect(items[1]).toMatchObject({ actor: { type: 'user', id, name: 'Pat', address: '127.0.0.1' } });
      expect(items[1]?.changes).toContainEqual({ pointer: '/name', before: 'Test flow', after: 'Renamed' });
    });

    it('RG-02: an operator pauses a flow and lets it go on, and changes nothing else', async () => {
      const session = as((await signIn((await person('operator')).email)).body.token);
      const flow = await api.flow(STEPS);
      const change = async (body: unknown) => (await api.call('PATCH', `/v1/flows/${flow.id}`, body, session)).status;
      expect([await change({ status: 'paused' }), await change({ status: 'active' })]).toEqual([200, 200]);
      expect([await change({ name: 'Mine' }), await change({ status: 'draft' })]).toEqual([403, 403]);
    });

    it('ET-10: what happens to users and tokens is told to the endpoints of their app', async () => {
      await api.endpoint(`${receiver.url}/told`, ['User.*', 'Token.*']);
      const { id, email } = await person('viewer');
      const session = as((await signIn(email)).body.token);
      const token = await api.call('POST', '/v1/personal-access-tokens', { scopes: ['automation'] }, session);
      await api.call('DELETE', `/v1/personal-access-tokens/${String(token.body.id)}`, undefined, session);
      await api.must('DELETE', `/v1/users/${id}`);
      const wanted = ['Token.Created', 'Token.Revoked', 'User.Created', 'User.Deleted', 'User.LoggedIn'];
      const told = () => {
        const events = receiver.requests.filter(({ path }) => path === '/told').map(({ text }) => JSON.parse(text));
        const types = new Set(events.map(({ eventType }) => String(eventType)));
        return wanted.every((type) => types.has(type)) ? events : null;
      };
      const events = await waitFor(told, SOON_MS, 'the five events');
      expect(JSON.stringify(events)).not.toMatch(/argon2|password|sluice_(pat|ses)_/);
      const created = events.find(({ eventType }) => eventType === 'User.Created');
      expect(created.entity).toMatchObject({ email, roles: [{ appId: api.appId, role: 'viewer' }] });
    });
  });
};
