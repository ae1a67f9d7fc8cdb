import type { UserState } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { PasswordHash } from './password-hash.ts';
import { administers, appsThatDiffer, emailOf, passwordProblem, tidied } from './user.rules.ts';

describe('an e-mail address', () => {
  it.each([
    [' Ada@Example.ORG ', 'ada@example.org'],
    ['admin@localhost', 'admin@localhost'],
    ['jo\u0308rg+x@münchen.example', 'jörg+x@münchen.example'],
    ['ada', null],
    ['@x.y', null],
    ['a@', null],
    ['a@b@c', null],
    ['a b@c.d', null],
    ['a\u200b@c.d', null],
    ['a\u202e@c.d', null],
    ['"a"@c.d', null],
    [`${'x'.repeat(65)}@c.d`, null],
    [`x@${'y'.repeat(250)}`, null],
  ])('%j is %j', (text, email) => {
    expect(emailOf(text)).toBe(email);
  });
});

describe('a password', () => {
  it.each([
    ['twelve chars', null],
    ['🔑🔒🗝️ 鍵鍵鍵 日本語 です', null],
    ['elevenchars', 'must have at least 12 characters'],
    ['x'.repeat(201), 'must have at most 200 characters'],
    ['abababababababab', 'must have at least 5 different characters'],
    ['ada.lovelace@example.org', 'must not be made of the e-mail address'],
    ['Ada.Lovelace123', 'must not be made of the e-mail address'],
  ])('%j: %s', (password, problem) => {
    expect(passwordProblem(password, 'ada.lovelace@example.org')).toBe(problem);
  });

  it('RG-07: is hashed by argon2id with a salt of its own, and composed letters are the same as decomposed ones', async () => {
    const hash = new PasswordHash();
    const [one, two] = await Promise.all([hash.of('Caf\u00e9 au lait'), hash.of('Caf\u00e9 au lait')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(one).not.toBe(two);
    expect(await hash.matches('Cafe\u0301 au lait', one)).toBe(true);
    expect(await hash.matches('Cafe au lait', one)).toBe(false);
    expect(await hash.matches('Caf\u00e9 au lait', null)).toBe(false);
    await expect(hash.matches('x', 'plain')).rejects.toThrow('no argon2id hash');
  });

  it('RG-07: of 150 sign-ins at once no more than 102 cost a hash', async () => {
    const hash = new PasswordHash();
    const stored = await hash.of('the right password');
    const answers = await Promise.allSettled(Array.from({ length: 150 }, () => hash.matches('wrong', stored)));
    const refused = answers.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(refused.length).toBe(48);
    expect(refused[0]?.reason).toMatchObject({ code: 'too_many_requests', status: 429 });
    expect(await hash.matches('the right password', stored)).toBe(true);
  }, 60_000);
});

describe('roles', () => {
  it('are one per app, the strongest', () => {
    expect(
      tidied([
        { appId: 'b', role: 'viewer' },
        { appId: 'a', role: 'viewer' },
        { appId: 'b', role: 'editor' },
        { appId: null, role: 'operator' },
      ]),
    ).toEqual([
      { appId: null, role: 'operator' },
      { appId: 'a', role: 'viewer' },
      { appId: 'b', role: 'editor' },
    ]);
  });

  it('differ in the apps where something was given, taken or changed', () => {
    const before = [
      { appId: null, role: 'viewer' as const },
      { appId: 'a', role: 'viewer' as const },
      { appId: 'b', role: 'viewer' as const },
    ];
    const after = [
      { appId: 'a', role: 'editor' as const },
      { appId: 'b', role: 'viewer' as const },
      { appId: 'c', role: 'viewer' as const },
    ];
    expect(appsThatDiffer(before, after)).toEqual([null, 'a', 'c']);
    expect(appsThatDiffer(before, before)).toEqual([]);
  });

  it('administer the deployment only as administrator of all apps, and not while disabled', () => {
    const user = (appId: string | null, role: 'administrator' | 'editor', disabled = false) =>
      administers({ roles: [{ appId, role }], disabled } as unknown as UserState);
    expect([user(null, 'administrator'), user('a', 'administrator'), user(null, 'editor')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(user(null, 'administrator', true)).toBe(false);
  });
});
