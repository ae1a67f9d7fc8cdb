import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deploymentSecrets } from './administrator-token.ts';

let dir: string;
/** As the ready lines do (greet of libs/local-deployment). */
const noteThatItWasShown = (): void => writeFileSync(path.join(dir, 'admin-token.sha256'), 'hash\n');
const nothing = { encryptionKeys: false, adminToken: null };
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'sluice-secrets-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('what is unset is generated once and the same at every start; the token is new only the first time', async () => {
  const first = await deploymentSecrets(dir, nothing);
  expect(first.isNew).toBe(true);
  expect(statSync(path.join(dir, 'admin-token')).mode & 0o777).toBe(0o600);
  noteThatItWasShown();
  const second = await deploymentSecrets(dir, nothing);
  expect(second).toEqual({ ...first, isNew: false });
});

test('a token that was never shown, because the first start failed, is shown by the next one', async () => {
  const first = await deploymentSecrets(dir, nothing);
  const second = await deploymentSecrets(dir, nothing);
  expect(second).toMatchObject({ adminToken: first.adminToken, isNew: true });
});

test('a given token is used and not written down', async () => {
  const given = await deploymentSecrets(dir, { encryptionKeys: true, adminToken: 'given-by-the-operator' });
  expect(given).toMatchObject({ adminToken: 'given-by-the-operator', isNew: false, encryptionKeys: '' });
  expect(() => readFileSync(path.join(dir, 'admin-token'))).toThrow(/ENOENT/);
});

test('a token that npm start generated here is not known: the operator is told what to set', async () => {
  noteThatItWasShown();
  await expect(deploymentSecrets(dir, nothing)).rejects.toThrow(
    /SLUICE_ADMIN_TOKEN: .*keeps its hash only; set it to that token/,
  );
});
