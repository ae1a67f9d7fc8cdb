import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writePrivately } from './data-dir-lock.ts';
import { hasCode, LocalServerError } from './local-server.errors.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import type { SystemUser } from './unprivileged-user.ts';

export const SUPERUSER = 'sluice';

/** What is kept beside the data from start to start. */
export interface ClusterNotes {
  password: string;
  /** 0 until the first start has chosen one. */
  port: number;
}

export interface Cluster {
  /** PostgreSQL's data directory. */
  data: string;
  /**
   * How PostgreSQL is told where its data is. As root this is its working directory by its name in /proc: the process
   * enters it while it is still root, and so runs on data below a directory that its own user cannot pass through.
   */
  dataArgument: string;
  user: SystemUser | null;
  notes: ClusterNotes;
}

/** Only what PostgreSQL needs: our own environment holds secrets. */
export const POSTGRES_ENVIRONMENT = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' };

const notesFile = (dir: string) => path.join(dir, 'cluster.json');

export async function saveNotes(dir: string, notes: ClusterNotes): Promise<void> {
  await writePrivately(notesFile(dir), `${JSON.stringify(notes)}\n`);
}

async function readNotes(dir: string): Promise<ClusterNotes | null> {
  const file = notesFile(dir);
  try {
    const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof parsed === 'object' && parsed !== null && 'password' in parsed && 'port' in parsed) {
      return { password: String(parsed.password), port: Number(parsed.port) };
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new LocalServerError(
    `${file} is damaged; it holds the password of the data beside it. Restore it, or set SLUICE_DATA_DIR to another directory`,
  );
}

function run(command: string, args: string[], cwd: string, user: SystemUser | null): Promise<void> {
  const identity = user ? { uid: user.uid, gid: user.gid } : {};
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: POSTGRES_ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...identity,
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else
        reject(
          new LocalServerError(`${path.basename(command)} failed (${signal ?? `exit code ${code}`}): ${output.trim()}`),
        );
    });
  });
}

function argumentFor(data: string, user: SystemUser | null): string {
  return user && process.platform === 'linux' ? '/proc/self/cwd' : data;
}

/** initdb beside the final place, then one rename: a start that was killed half-way leaves nothing that looks whole. */
async function initialise(
  dir: string,
  binaries: PostgresBinaries,
  user: SystemUser | null,
  sync: boolean,
): Promise<ClusterNotes> {
  const draft = path.join(dir, 'data.initialising');
  const passwordFile = path.join(dir, 'initial-password');
  const notes = { password: randomBytes(24).toString('base64url'), port: 0 };
  await rm(draft, { recursive: true, force: true });
  await rm(passwordFile, { force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(passwordFile, `${notes.password}\n`, { mode: 0o600 });
  if (user) {
    await chown(draft, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  try {
    const options = [
      '--username',
      SUPERUSER,
      '--auth',
      'scram-sha-256',
      '--pwfile',
      '../initial-password',
      '--encoding',
      'UTF8',
    ];
    // The built-in provider sorts the same on every machine; the C library's order changes with its version and breaks indexes.
    const locale = [
      '--locale',
      'C',
      '--locale-provider',
      'builtin',
      '--builtin-locale',
      'C.UTF-8',
      '--no-instructions',
    ];
    // The first gigabytes go into files that PostgreSQL fills with zeros and syncs when one is begun, and every commit waits
    // meanwhile: 17 to 40 ms for 16 MB, at 1,000 triggers/s each 0.7 s. Nothing else depends on their size.
    const log = ['--wal-segsize', '4'];
    const where = ['--pgdata', argumentFor(draft, user), ...(sync ? [] : ['--no-sync'])];
    await run(binaries.initdb, [...where, ...options, ...locale, ...log], draft, user);
    await saveNotes(dir, notes);
    await rename(draft, path.join(dir, 'data'));
  } finally {
    await rm(passwordFile, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
  return notes;
}

async function checkVersion(data: string, major: number): Promise<void> {
  const found = Number.parseInt(await readFile(path.join(data, 'PG_VERSION'), 'utf8'), 10);
  if (found === major) return;
  const advice =
    found > major
      ? 'run the newer Sluice that wrote it'
      : 'dump it with that version and load it into a new data directory';
  throw new LocalServerError(
    `the database in ${data} is of ${found > major ? 'a newer' : 'an older'} version, PostgreSQL ${found}, and this Sluice brings ${major}: ${advice}, or set SLUICE_DATA_DIR to another directory`,
  );
}

/** Data written under another user (a container's, a run without root) becomes this user's. PostgreSQL insists on it. */
async function takeOwnership(data: string, user: SystemUser): Promise<void> {
  const { uid, gid } = await lstat(data);
  if (uid === user.uid && gid === user.gid) return;
  for (const entry of await readdir(data, { recursive: true })) {
    const file = path.join(data, entry);
    if (!(await lstat(file)).isSymbolicLink()) await chown(file, user.uid, user.gid);
  }
  await chown(data, user.uid, user.gid); // last: when this is interrupted, the next start sees it and begins anew
}

/**
 * The cluster in `dir`, initialised where there is none.
 * @param sync false leaves out initdb's fsync, for tests.
 */
export async function openCluster(
  dir: string,
  binaries: PostgresBinaries,
  user: SystemUser | null,
  sync: boolean,
): Promise<Cluster> {
  // The unprivileged user passes through to its data, which is 0700 and its own; everything beside it is 0600 and ours.
  await chmod(dir, user ? 0o711 : 0o700);
  const data = path.join(dir, 'data');
  let notes = await readNotes(dir);
  if (!existsSync(data)) {
    notes = await initialise(dir, binaries, user, sync);
  } else if (!notes) {
    throw new LocalServerError(
      `${data} has no ${notesFile(dir)} beside it, so its password is unknown. Restore it, or set SLUICE_DATA_DIR to another directory`,
    );
  }
  await checkVersion(data, binaries.major);
  if (user) await takeOwnership(data, user);
  if (!notes) throw new LocalServerError(`${notesFile(dir)} vanished during the start`);
  return { data, dataArgument: argumentFor(data, user), user, notes };
}
