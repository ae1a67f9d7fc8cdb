import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { firstAdministrator, rememberAdministrator } from './first-administrator.ts';

let dir: string;
const nothing = { adminEmail: null, adminPassword: null };
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'sluice-administrator-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('RG-07: is generated until it was shown once; the password is written nowhere', async () => {
  const first = firstAdministrator(dir, nothing);
  const again = firstAdministrator(dir, nothing);
  if (!first || !again) throw new Error('nobody was made');
  expect(first).toMatchObject({ email: 'admin@localhost', isNew: true });
  expect(first.password).toMatch(/^[\w-]{20}$/);
  expect(again.password).not.toBe(first.password);
  await rememberAdministrator(dir, again);
  expect(readFileSync(path.join(dir, 'admin-user'), 'utf8')).toBe('admin@localhost\n');
  expect(firstAdministrator(dir, nothing)).toBeNull();
});

test('is the one that the operator has named, also later', async () => {
  const given = { adminEmail: 'ada@example.org', adminPassword: 'correct horse battery' };
  const named = { email: 'ada@example.org', password: 'correct horse battery', isNew: false };
  expect(firstAdministrator(dir, given)).toEqual(named);
  await rememberAdministrator(dir, named);
  expect(firstAdministrator(dir, given)).toEqual(named);
});
