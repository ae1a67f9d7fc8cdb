import { describe, expect, it } from 'vitest';
import { bearerOf, hashToken, newToken } from './credential.ts';
import { allows, type Scope, SCOPES, scopeOf } from './scopes.ts';

const IMPLIED: Record<Scope, readonly Scope[]> = {
  admin: SCOPES,
  automation: ['automation', 'automation.manage', 'automation.view', 'automation.webhook_run', 'events.publish'],
  'automation.manage': ['automation.manage', 'automation.view', 'automation.webhook_run'],
  'automation.view': ['automation.view'],
  'automation.webhook_run': ['automation.webhook_run'],
  'events.publish': ['events.publish'],
};

describe('scopes', () => {
  it.each(SCOPES)('%s allows what it implies and nothing else', (held) => {
    expect(SCOPES.filter((needed) => allows([held], needed))).toEqual(IMPLIED[held]);
  });

  it('LC-07: both separators are accepted', () => {
    expect(allows(['automation:webhook_run'], 'automation.webhook_run')).toBe(true);
    expect(allows(['automation:manage'], 'automation.view')).toBe(true);
    expect(scopeOf('automation:view')).toBe('automation.view');
  });

  it.each([[[]], [['']], [['Admin']], [['automation.']], [['automation.everything']], [['constructor']]])(
    '%j allows nothing',
    (held) => expect(SCOPES.filter((needed) => allows(held, needed))).toEqual([]),
  );

  it('one of several scopes is enough', () => {
    expect(allows(['events.publish', 'automation.view'], 'automation.view')).toBe(true);
  });
});

describe('credentials', () => {
  it('a bearer token is read whatever the case of the scheme (RFC 9110 §11.1)', () => {
    expect(bearerOf('Bearer abc')).toBe('abc');
    expect(bearerOf('bearer  abc')).toBe('abc');
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic abc',
    'abc',
    'Bearer a b',
    'Bearer \u00e9',
    `Bearer ${'x'.repeat(4097)}`,
  ])('reads no token from %j', (header) => expect(bearerOf(header)).toBeNull());

  it('new tokens differ, name their kind, and hash to 64 hex digits', () => {
    const [one, two] = [newToken('sluice_pat'), newToken('sluice_pat')];
    expect(one).not.toBe(two);
    expect(one).toMatch(/^sluice_pat_[\w-]{43}$/);
    expect(hashToken(one)).toMatch(/^[0-9a-f]{64}$/);
  });
});
