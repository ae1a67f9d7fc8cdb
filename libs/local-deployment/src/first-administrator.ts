import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { writePrivately } from '@sluice/local-servers';

/** How the first administrator signs in. */
export interface FirstAdministrator {
  email: string;
  password: string;
  /** Generated just now: it has to be shown, once. */
  isNew: boolean;
}

const FILE = 'admin-user';
const GENERATED_EMAIL = 'admin@localhost';

/**
 * The administrator that the operator has named, or one that is generated at the first start of a data directory; null
 * at later ones, when only its owner knows the password.
 */
export function firstAdministrator(
  dir: string,
  given: { adminEmail: string | null; adminPassword: string | null },
): FirstAdministrator | null {
  const { adminEmail: email, adminPassword: password } = given;
  if (email !== null && password !== null) return { email, password, isNew: false };
  if (existsSync(path.join(dir, FILE))) return null;
  return { email: GENERATED_EMAIL, password: randomBytes(15).toString('base64url'), isNew: true };
}

/** Called once the registry has the user and the password was shown: later starts do not make another. */
export async function rememberAdministrator(dir: string, { email }: FirstAdministrator): Promise<void> {
  await writePrivately(path.join(dir, FILE), `${email}\n`);
}
