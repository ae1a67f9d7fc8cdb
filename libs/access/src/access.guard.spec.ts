import { type ExecutionContext, Logger, RequestMethod } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { AppError } from '@sluice/contracts';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AccessControl } from './access-control.ts';
import { AccessGuard } from './access.guard.ts';
import { DEFAULT_APP_ID, type Principal } from './principal.ts';
import { type Admitted, Public, Requires } from './requires.decorator.ts';

const APP = '01890000-0000-7000-8000-0000000000aa';

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

  forgotten(): void {}
}

const PRINCIPALS: Record<string, Principal> = {
  viewer: { kind: 'personal', tokenId: '1', appId: null, scopes: ['automation:view'], userId: null },
  ofApp: { kind: 'personal', tokenId: '2', appId: APP, scopes: ['automation.view'], userId: null },
  admin: { kind: 'personal', tokenId: '3', appId: null, scopes: ['admin'], userId: null },
  trigger: { kind: 'trigger', tokenId: '4', appId: APP, scopes: [], userId: null, triggerId: 't1' },
};

const access = {
  authenticate: (token: string) => Promise.resolve(PRINCIPALS[token] ?? null),
  findApp: (named: string, { appId }: Principal) =>
    Promise.resolve((named === APP || named === 'shop') && (appId === null || appId === APP) ? APP : null),
  defaultAppOf: ({ appId }: Principal) => appId ?? DEFAULT_APP_ID,
} as unknown as AccessControl;

interface Request {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: unknown;
  query?: unknown;
}

async function pass(route: keyof Routes, change: Partial<Request> = {}, type = 'http'): Promise<Admitted | undefined> {
  const request = { method: RequestMethod[RequestMethod.GET], url: '/', headers: {}, ...change };
  const context = {
    getType: () => type,
    getHandler: () => Routes.prototype[route],
    getClass: () => Routes,
    switchToHttp: () => ({ getRequest: () => request }),
  } as unknown as ExecutionContext;
  expect(await new AccessGuard(new Reflector(), access).canActivate(context)).toBe(true);
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
