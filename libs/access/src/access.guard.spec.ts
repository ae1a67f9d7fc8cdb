import { type ExecutionContext, Logger, RequestMethod } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { AppError } from '@sluice/contracts';
import type { Settings } from '@sluice/platform';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AccessControl, TriggerCaller } from './access-control.ts';
import { AccessGuard } from './access.guard.ts';
import { DEFAULT_APP_ID, type Principal } from './principal.ts';
import { roleIn } from './roles.ts';
import { type Admitted, Public, Requires } from './requires.decorator.ts';

const APP = '01890000-0000-7000-8000-0000000000aa';
const THIRD_APP = '01890000-0000-7000-8000-0000000000cc';

beforeAll(() => Logger.overrideLogger(false));

class Routes {
  @Requires('automation.view')
  view(): void {}

  @Requires('admin')
  administer(): void {}

  @Requires('automation.view', { orTrigger: true })
  run(): void {}

  @Public()
  open(): void {}

  @Requires('automation.view', { role: 'operator' })
  operate(): void {}

  @Requires('admin', { everywhere: true })
  govern(): void {}

  forgotten(): void {}
}

const PRINCIPALS: Record<string, Principal> = {
  viewer: { kind: 'personal', tokenId: '1', appId: null, scopes: ['automation:view'], userId: null },
  ofApp: { kind: 'personal', tokenId: '2', appId: APP, scopes: ['automation.view'], userId: null },
  admin: { kind: 'personal', tokenId: '3', appId: null, scopes: ['admin'], userId: null },
  ada: {
    kind: 'session',
    tokenId: '5',
    appId: null,
    scopes: ['admin'],
    userId: 'ada',
    roles: [{ appId: APP, role: 'viewer' }],
  },
  bob: {
    kind: 'session',
    tokenId: '6',
    appId: null,
    scopes: ['admin'],
    userId: 'bob',
    roles: [
      { appId: APP, role: 'operator' },
      { appId: THIRD_APP, role: 'administrator' },
    ],
  },
  root: {
    kind: 'session',
    tokenId: '7',
    appId: null,
    scopes: ['admin'],
    userId: 'root',
    roles: [{ appId: null, role: 'administrator' }],
  },
  lookingBob: {
    kind: 'personal',
    tokenId: '8',
    appId: null,
    scopes: ['automation.view'],
    userId: 'bob',
    roles: [{ appId: APP, role: 'administrator' }],
  },
  trigger: { kind: 'trigger', tokenId: '4', appId: APP, scopes: [], userId: null, triggerId: 't1' },
};

const access = {
  authenticate: (token: string) => Promise.resolve(PRINCIPALS[token] ?? null),
  triggerCaller: ({ runId, path, headers }: TriggerCaller) => {
    const isIts = runId === 'run-of-t2' && path === '/' && headers['x-own-header'] === 'secret of t2';
    return Promise.resolve(isIts ? { ...(PRINCIPALS.trigger as Principal), triggerId: 't2' } : null);
  },
  findApp: (named: string, caller: Principal) => {
    const id = { shop: APP, [APP]: APP, third: THIRD_APP }[named] ?? null;
    return Promise.resolve(id !== null && roleIn(caller, id) !== null ? id : null);
  },
} as unknown as AccessControl;

const settings = { trustedProxies: ['10.0.0.0/8'], publicUrl: 'http://sluice.test' } as unknown as Settings;

interface Request {
  socket?: { remoteAddress: string };
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: unknown;
  query?: unknown;
  params?: { id: string };
}

async function pass(
  route: keyof Routes,
  change: Partial<Request> = {},
  type = 'http',
  control = access,
): Promise<Admitted | undefined> {
  const request = { method: RequestMethod[RequestMethod.GET], url: '/', headers: {}, ...change };
  const context = {
    getType: () => type,
    getHandler: () => Routes.prototype[route],
    getClass: () => Routes,
    switchToHttp: () => ({ getRequest: () => request }),
  } as unknown as ExecutionContext;
  expect(await new AccessGuard(new Reflector(), control, settings).canActivate(context)).toBe(true);
  const [symbol] = Object.getOwnPropertySymbols(request);
  return symbol ? (request as unknown as Record<symbol, Admitted>)[symbol] : undefined;
}

async function refusal(route: keyof Routes, change: Partial<Request> = {}): Promise<[number, string]> {
  const error = await pass(route, change).then(
    () => Promise.reject(new Error('was let in')),
    (reason: AppError) => reason,
  );
  return [error.status, error.code];
}

const as = (name: string, more: Record<string, string> = {}): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${name}`, ...more },
});

describe('the guard', () => {
  it('refuses a route that does not say whom it is for, even to an administrator', async () => {
    expect(await refusal('forgotten', as('admin'))).toEqual([403, 'forbidden']);
  });

  it('lets everybody into a public route', async () => {
    expect(await pass('open')).toBeUndefined();
  });

  it('tells a missing or unknown credential (401) from one that is not enough (403)', async () => {
    expect(await refusal('view')).toEqual([401, 'unauthorized']);
    expect(await refusal('view', as('nobody'))).toEqual([401, 'unauthorized']);
    expect(await refusal('view', { headers: { authorization: 'Basic eDp5' } })).toEqual([401, 'unauthorized']);
    expect(await refusal('administer', as('viewer'))).toEqual([403, 'forbidden']);
    expect((await pass('view', as('viewer')))?.caller.tokenId).toBe('1');
    expect((await pass('view', as('admin')))?.caller.tokenId).toBe('3');
  });

  it('lets a trigger in only where its runs are shown, by any of its headers', async () => {
    expect(await refusal('view', as('trigger'))).toEqual([403, 'forbidden']);
    expect(await refusal('view', { headers: { 'x-sluice-webhook-token': 'trigger' } })).toEqual([401, 'unauthorized']);
    for (const name of ['x-sluice-webhook-token', 'x-lutra-webhook-token']) {
      expect((await pass('run', { headers: { [name]: 'trigger' } }))?.caller.triggerId).toBe('t1');
    }
    expect((await pass('run', as('trigger')))?.caller.triggerId).toBe('t1');
    expect((await pass('run', as('viewer')))?.caller.triggerId).toBeUndefined();
  });

  it('GW-06: asks who knows runs whose credential it is, where a run is named and no token is known', async () => {
    const params = { id: 'run-of-t2' };
    const headers = { 'x-own-header': 'secret of t2' };
    expect((await pass('run', { params, headers }))?.caller.triggerId).toBe('t2');
    expect((await pass('run', { params, headers, url: '/?wait=30s' }))?.caller.triggerId).toBe('t2');
    expect((await pass('run', { params, ...as('nobody', headers) }))?.caller.triggerId).toBe('t2');
    expect((await pass('run', { params, ...as('viewer', headers) }))?.caller.tokenId).toBe('1');
    expect(await refusal('run', { params, headers: { 'x-own-header': 'wrong' } })).toEqual([401, 'unauthorized']);
    expect(await refusal('run', { params: { id: 'another' }, headers })).toEqual([401, 'unauthorized']);
    expect(await refusal('run', { headers })).toEqual([401, 'unauthorized']);
    expect(await refusal('view', { params, headers })).toEqual([401, 'unauthorized']);
  });

  it('does not ask bus handlers for a credential', async () => {
    expect(await pass('forgotten', {}, 'rpc')).toBeUndefined();
  });
});

describe('the app of a request', () => {
  it('is the default app for a token of all apps that names none, which may see every app', async () => {
    const app = (await pass('view', as('viewer')))?.app;
    expect([app?.id, app?.only, app?.sees(APP), app?.sees(null)]).toEqual([DEFAULT_APP_ID, null, true, true]);
  });

  it('is the one that a header, the body or the query names', async () => {
    const named = [
      as('viewer', { 'x-sluice-app': 'shop' }),
      { ...as('viewer'), body: { appId: APP } },
      { ...as('viewer'), query: { appId: 'shop' } },
    ];
    for (const change of named) {
      const app = (await pass('view', change))?.app;
      expect([app?.id, app?.sees(APP), app?.sees(DEFAULT_APP_ID)]).toEqual([APP, true, false]);
    }
  });

  it('is the one of the token, and another one does not exist for it (404)', async () => {
    const app = (await pass('view', as('ofApp')))?.app;
    expect([app?.id, app?.sees(APP), app?.sees(DEFAULT_APP_ID), app?.sees(null)]).toEqual([APP, true, false, false]);
    expect(await refusal('view', as('ofApp', { 'x-sluice-app': 'default' }))).toEqual([404, 'not_found']);
    expect(await refusal('view', as('viewer', { 'x-sluice-app': 'nowhere' }))).toEqual([404, 'not_found']);
  });
});

describe('RG-02: the role of a user', () => {
  it('holds back what the scopes of the credential would allow, and the other way round', async () => {
    expect((await pass('view', as('ada')))?.caller.userId).toBe('ada');
    expect(await refusal('operate', as('ada'))).toEqual([403, 'forbidden']);
    expect(await refusal('administer', as('ada'))).toEqual([403, 'forbidden']);
    expect((await pass('operate', as('lookingBob')))?.caller.userId).toBe('bob');
    expect(await refusal('administer', as('lookingBob'))).toEqual([403, 'forbidden']);
  });

  it('is that of the named app; an app without a role does not exist (404)', async () => {
    expect(await refusal('administer', as('bob', { 'x-sluice-app': 'shop' }))).toEqual([403, 'forbidden']);
    expect((await pass('administer', as('bob', { 'x-sluice-app': 'third' })))?.app.id).toBe(THIRD_APP);
    expect(await refusal('view', as('ada', { 'x-sluice-app': 'third' }))).toEqual([404, 'not_found']);
  });

  it('without a named app things are seen where the role is strong enough, and lists ask for a name', async () => {
    const several = (await pass('operate', as('bob')))?.app;
    expect([several?.sees(APP), several?.sees(THIRD_APP), several?.sees(DEFAULT_APP_ID)]).toEqual([true, true, false]);
    expect(() => several?.id).toThrow('you may enter several apps');
    const strong = (await pass('administer', as('bob')))?.app;
    expect([strong?.id, strong?.sees(APP), strong?.sees(null)]).toEqual([THIRD_APP, false, false]);
    const root = (await pass('administer', as('root')))?.app;
    expect([root?.id, root?.only, root?.sees(APP), root?.sees(null)]).toEqual([DEFAULT_APP_ID, null, true, true]);
  });

  it('has to hold in all apps where a route is about the deployment', async () => {
    expect(await refusal('govern', as('bob'))).toEqual([403, 'forbidden']);
    expect(await refusal('govern', as('bob', { 'x-sluice-app': 'third' }))).toEqual([403, 'forbidden']);
    expect((await pass('govern', as('root')))?.caller.userId).toBe('root');
    expect((await pass('govern', as('admin')))?.caller.tokenId).toBe('3');
  });
});

describe('RG-07: a session cookie', () => {
  const cookie = (name: string, more: Record<string, string> = {}) => ({
    headers: { host: 'sluice.test', cookie: `a=b; sluice_session=${name}`, ...more },
  });

  it('signs in; an Authorization header that is there decides alone', async () => {
    expect((await pass('view', cookie('ada')))?.caller.userId).toBe('ada');
    expect(await refusal('view', cookie('ada', { authorization: 'Bearer nobody' }))).toEqual([401, 'unauthorized']);
    expect(await refusal('view', cookie('ada', { authorization: 'Basic eDp5' }))).toEqual([401, 'unauthorized']);
  });

  it('holds a session only, no personal access token', async () => {
    expect(await refusal('view', cookie('viewer'))).toEqual([401, 'unauthorized']);
  });

  it('changes something only when our own page or a program sent the request', async () => {
    const post = (more: Record<string, string> = {}) => ({ ...cookie('root', more), method: 'POST' });
    expect(await refusal('administer', post())).toEqual([403, 'forbidden']);
    expect(await refusal('administer', post({ origin: 'https://evil.test' }))).toEqual([403, 'forbidden']);
    expect(await refusal('administer', post({ origin: 'null' }))).toEqual([403, 'forbidden']);
    expect(await refusal('administer', post({ origin: 'https://evil.test', 'x-sluice-csrf': '1' }))).toEqual([
      403,
      'forbidden',
    ]);
    expect(await pass('administer', post({ origin: 'https://sluice.test' }))).toBeDefined();
    expect(await pass('administer', post({ 'x-sluice-csrf': '1' }))).toBeDefined();
    expect(await pass('administer', { ...as('root'), method: 'POST' })).toBeDefined();
  });
});

describe('LG-03, GW-06: an answer that goes on long after its request', () => {
  it('asks again: null once the token is revoked or may no more, and asking is no use of it', async () => {
    const token = { ...(PRINCIPALS.ada as Principal) };
    const uses: boolean[] = [];
    PRINCIPALS.ending = token;
    const asked = {
      ...access,
      authenticate: (name: string, isUse = true) => (uses.push(isUse), access.authenticate(name)),
    };
    const admitted = await pass('view', as('ending', { 'x-sluice-app': 'shop' }), 'http', asked as AccessControl);
    expect((await admitted?.readmit())?.sees(APP)).toBe(true);
    PRINCIPALS.ending = { ...token, roles: [{ appId: THIRD_APP, role: 'viewer' }] };
    expect(await admitted?.readmit()).toBeNull();
    delete PRINCIPALS.ending;
    expect(await admitted?.readmit()).toBeNull();
    expect(uses).toEqual([true, false, false, false]);
  });

  it('a database that is away refuses nobody', async () => {
    let isAway = false;
    const authenticate = (name: string) => (isAway ? Promise.reject(new Error('away')) : access.authenticate(name));
    const admitted = await pass('view', as('viewer'), 'http', { ...access, authenticate } as AccessControl);
    isAway = true;
    await expect(admitted?.readmit()).rejects.toThrow('away');
  });

  it('what the credential of a trigger opened stays open: a signature has its time', async () => {
    const admitted = await pass('run', { params: { id: 'run-of-t2' }, headers: { 'x-own-header': 'secret of t2' } });
    expect((await admitted?.readmit())?.sees(APP)).toBe(true);
  });
});

it('the caller carries the address that trusted proxies tell', async () => {
  const from = async (headers: Record<string, string>, remoteAddress: string) =>
    (await pass('view', { headers: { authorization: 'Bearer viewer', ...headers }, socket: { remoteAddress } }))?.caller
      .address;
  expect(await from({}, '192.0.2.7')).toBe('192.0.2.7');
  expect(await from({ 'x-forwarded-for': '203.0.113.9' }, '192.0.2.7')).toBe('192.0.2.7');
  expect(await from({ 'x-forwarded-for': '203.0.113.9' }, '10.1.1.1')).toBe('203.0.113.9');
});
