import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { writePrivately } from '@sluice/local-servers';

export interface GeneratedSecrets {
  /** The text of SLUICE_ENCRYPTION_KEYS. */
  encryptionKeys: string;
  /** The administrator's token; null when it was generated at an earlier start, of which only the hash is kept. */
  adminToken: string | null;
  /** Whether the token was generated just now and has to be shown: it is shown only once. */
  isNew: boolean;
}

const KEYS_FILE = 'encryption-keys';
const TOKEN_FILE = 'admin-token.sha256';

async function keysOf(dir: string): Promise<string> {
  const file = path.join(dir, KEYS_FILE);
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const keys = `k1:${randomBytes(32).toString('base64')}`;
  await writePrivately(file, `${keys}\n`);
  return keys;
}

/**
 * Generates what the operator left unset. The encryption key is kept in the data directory (0600); of the token only
 * the SHA-256 is kept, as a note that it was made and shown.
 */
export async function generatedSecrets(
  dir: string,
  given: { encryptionKeys: boolean; adminToken: string | null },
): Promise<GeneratedSecrets> {
  const encryptionKeys = given.encryptionKeys ? '' : await keysOf(dir);
  if (given.adminToken !== null) return { encryptionKeys, adminToken: given.adminToken, isNew: false };
  const file = path.join(dir, TOKEN_FILE);
  if (existsSync(file)) return { encryptionKeys, adminToken: null, isNew: false };
  return { encryptionKeys, adminToken: `slu_admin_${randomBytes(32).toString('base64url')}`, isNew: true };
}

/** Called once the token has been stored by the registry and shown: later starts do not make another. */
export async function rememberAdminToken(dir: string, adminToken: string): Promise<void> {
  await writePrivately(path.join(dir, TOKEN_FILE), `${createHash('sha256').update(adminToken).digest('hex')}\n`);
}
