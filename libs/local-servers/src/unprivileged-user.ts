import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { LocalServerError } from './local-server.errors.ts';

export interface SystemUser {
  name: string;
  uid: number;
  gid: number;
}

function lookUp(name: string): SystemUser | null {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [user, , uid, gid] = line.split(':');
    if (user === name && uid && gid && uid !== '0') return { name, uid: Number(uid), gid: Number(gid) };
  }
  return null;
}

// Debian and Red Hat; then Busybox (Alpine). The first that works wins.
const WAYS = [
  [
    'useradd',
    '--system',
    '--user-group',
    '--no-create-home',
    '--home-dir',
    '/nonexistent',
    '--shell',
    '/usr/sbin/nologin',
    'postgres',
  ],
  ['adduser', '-S', '-D', '-H', '-s', '/sbin/nologin', 'postgres'],
] as const;

/**
 * The user that PostgreSQL runs as when we are root, which it refuses to be: `postgres`, created where it is missing,
 * or else `nobody`. PostgreSQL insists that its user has a name, so a bare number would not do. Null when we are not
 * root: then it runs as we do.
 */
export function unprivilegedUser(): SystemUser | null {
  if (typeof process.getuid !== 'function' || process.getuid() !== 0) return null;
  const existing = lookUp('postgres');
  if (existing) return existing;
  for (const [command, ...args] of WAYS) {
    spawnSync(command, args, { stdio: 'ignore' });
    const created = lookUp('postgres');
    if (created) return created;
  }
  const nobody = lookUp('nobody');
  if (nobody) return nobody;
  throw new LocalServerError(
    'PostgreSQL does not run as root, and neither a user "postgres" could be created nor is there a user "nobody": start Sluice as another user, or set SLUICE_DATABASE_URL',
  );
}
