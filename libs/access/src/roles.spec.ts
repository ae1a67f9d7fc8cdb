import type { RoleGrant } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { isForeign, maybeForged, sessionCookie, sessionCookieOf } from './cookie.rules.ts';
import type { Principal } from './principal.ts';
import { appsOf, reaches, roleFor, roleIn, ROLES } from './roles.ts';
import { SCOPES } from './scopes.ts';

const user = (roles: RoleGrant[], appId: string | null = null): Principal => ({
  kind: 'personal',
  tokenId: 't',
  appId,
  scopes: ['admin'],
  userId: 'u',
  roles,
});

describe('RG-02: roles', () => {
  it('include the weaker ones, and no role is none', () => {
    expect(ROLES.map((held) => ROLES.map((needed) => reaches(held, needed)))).toEqual([
      [true, false, false, false],
      [true, true, false, false],
      [true, true, true, false],
      [true, true, true, true],
    ]);
    expect(reaches(null, 'viewer')).toBe(false);
  });

  it('go with a scope each', () => {
    expect(SCOPES.map((scope) => [scope, roleFor(scope)])).toEqual([
      ['admin', 'administrator'],
      ['automation', 'editor'],
      ['automation.manage', 'editor'],
      ['automation.view', 'viewer'],
      ['automation.webhook_run', 'operator'],
      ['events.publish', 'operator'],
    ]);
  });

  it('hold in one app or in all; the stronger of the two counts', () => {
    const both = user([
      { appId: null, role: 'operator' },
      { appId: 'a', role: 'editor' },
      { appId: 'b', role: 'viewer' },
    ]);
    expect(['a', 'b', 'c', null].map((app) => roleIn(both, app))).toEqual([
      'editor',
      'operator',
      'operator',
      'operator',
    ]);
    expect(roleIn(user([{ appId: 'a', role: 'editor' }]), 'b')).toBeNull();
    expect(roleIn(user([{ appId: null, role: 'editor' }], 'a'), 'b')).toBeNull();
    expect([appsOf(both, 'operator'), appsOf(both, 'editor'), appsOf(both, 'administrator')]).toEqual([
      null,
      ['a'],
      [],
    ]);
  });

  it('do not hold back a token that belongs to no user, and a trigger has none', () => {
    const { roles: _roles, ...operator } = user([]);
    expect([
      roleIn({ ...operator, userId: null }, 'a'),
      appsOf({ ...operator, userId: null }, 'administrator'),
    ]).toEqual(['administrator', null]);
    expect(roleIn({ ...operator, kind: 'trigger', appId: 'a' }, 'a')).toBeNull();
  });
});

describe('RG-07: the cookie of a session', () => {
  it('is for HTTP only and this site only, and bound to the host under TLS', () => {
    expect(sessionCookie('t', 60, true)).toBe(
      '__Host-sluice_session=t; Path=/; HttpOnly; SameSite=Strict; Max-Age=60; Secure',
    );
    expect(sessionCookie('', 0, false)).toBe('sluice_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0');
  });

  it.each([
    [undefined, null],
    ['sluice_session=abc', 'abc'],
    ['x=1;sluice_session=abc ; y=2', 'abc'],
    ['sluice_session=plain; __Host-sluice_session=secure', 'secure'],
    ['my_sluice_session=abc', null],
    ['sluice_session=', null],
    ['sluice_session=a"b', null],
    [`sluice_session=${'x'.repeat(300)}`, null],
  ])('is found in %j', (header, token) => {
    expect(sessionCookieOf(header, false)).toBe(token);
  });

  it('is only the prefixed one where TLS is: a subdomain can set the other', () => {
    expect(sessionCookieOf('sluice_session=planted', true)).toBeNull();
    expect(sessionCookieOf('sluice_session=planted; __Host-sluice_session=own', true)).toBe('own');
  });

  it.each([
    [{ host: 'a.test', origin: 'https://a.test' }, false],
    [{ host: 'a.test:8080', origin: 'http://a.test:8080' }, false],
    [{ host: 'inside', 'x-forwarded-host': 'a.test', origin: 'https://a.test' }, false],
    [{ host: 'a.test', origin: 'https://b.test' }, true],
    [{ host: 'a.test', origin: 'https://a.test.evil' }, true],
    [{ host: 'a.test', origin: 'null' }, true],
    [{ host: 'a.test' }, false],
    [{ host: 'a.test', 'sec-fetch-site': 'cross-site' }, true],
  ])('a request with %j is foreign: %s', (headers, foreign) => {
    expect(isForeign(headers)).toBe(foreign);
  });

  it('is no proof for a change without Origin or X-Sluice-Csrf', () => {
    expect(['GET', 'HEAD', 'POST', 'DELETE'].map((method) => maybeForged(method, { host: 'a.test' }))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(maybeForged('POST', { host: 'a.test', 'x-sluice-csrf': '' })).toBe(false);
  });
});
