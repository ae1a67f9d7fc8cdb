import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { hasCode, LocalServerError, reasonOf } from './local-server.errors.ts';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';

const LOCK = 'lock.json';
const LAYOUT = 'layout';
/** Raised when what lies in a data directory changes so that an older Sluice could not read it. */
const LAYOUT_VERSION = 1;

export interface DataDirLock {
  dir: string;
  /** Gives the directory free. Harmless when called twice. */
  release(): Promise<void>;
}

interface Holder extends ProcessIdentity {
  since: string;
}

async function readHolder(file: string): Promise<{ holder: Holder | null; text: string } | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
  try {
    const parsed: unknown = JSON.parse(text);
    const valid = typeof parsed === 'object' && parsed !== null && 'pid' in parsed && 'startedAt' in parsed;
    return { holder: valid ? (parsed as Holder) : null, text };
  } catch {
    return { holder: null, text }; // cut short by a crash of the machine: nobody holds it
  }
}

/** Moves a dead holder's file away. Two starters may try at once: what was moved must be what was judged dead. */
async function clearStale(file: string, judged: string): Promise<void> {
  const aside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== judged) {
    await link(aside, file).catch((error: unknown) => {
      if (!hasCode(error, 'EEXIST')) throw error;
    });
  }
  await rm(aside, { force: true });
}

/** As `mkdir -p`. Node's own recursive mkdir never ends below a directory such as /proc that takes no entries. */
async function makeDirectories(dir: string, mode: number): Promise<void> {
  try {
    await mkdir(dir, { mode });
    return;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) {
      if ((await stat(dir)).isDirectory()) return;
      throw new Error('it is a file', { cause: error });
    }
    if (!hasCode(error, 'ENOENT') || path.dirname(dir) === dir) throw error;
  }
  await makeDirectories(path.dirname(dir), mode);
  await mkdir(dir, { mode }).catch((error: unknown) => {
    if (!hasCode(error, 'EEXIST')) throw error; // somebody else was faster
  });
}

async function prepare(dir: string): Promise<void> {
  try {
    await makeDirectories(dir, 0o700);
    const probe = path.join(dir, `.writable-${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    throw new LocalServerError(
      `the data directory ${dir} cannot be used (${reasonOf(error)}): give this user access, or set SLUICE_DATA_DIR to another directory`,
    );
  }
}

async function checkLayout(dir: string): Promise<void> {
  const file = path.join(dir, LAYOUT);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  });
  if (text === null) {
    await writeFile(file, `${LAYOUT_VERSION}\n`);
    return;
  }
  const version = Number(text.trim());
  if (!Number.isInteger(version) || version < 1) {
    throw new LocalServerError(
      `${file} does not hold a layout number ("${text.trim().slice(0, 40)}"): is ${dir} a data directory of Sluice? Set SLUICE_DATA_DIR`,
    );
  }
  if (version > LAYOUT_VERSION) {
    throw new LocalServerError(
      `the data directory ${dir} was written by a newer version of Sluice (layout ${version}, this one knows ${LAYOUT_VERSION}): run that version, or set SLUICE_DATA_DIR to another directory`,
    );
  }
}

/**
 * Makes this process the only holder of a data directory, creating it (0700) where it does not exist. The lock of a
 * process that has ended, also by kill -9, is cleared; a pid that was given to somebody else since does not count.
 * @throws LocalServerError when another process holds it, it cannot be written, or a newer version wrote it.
 */
export async function lockDataDir(directory: string): Promise<DataDirLock> {
  const dir = path.resolve(directory);
  await prepare(dir);
  const self = identify(process.pid);
  if (!self) throw new LocalServerError('this process cannot see itself in the process table: is /proc mounted?');
  const mine = `${JSON.stringify({ ...self, since: new Date().toISOString() })}\n`;
  const file = path.join(dir, LOCK);
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, mine, { mode: 0o600 });
  try {
    await claim(file, draft, dir);
  } finally {
    await rm(draft, { force: true });
  }
  const lock: DataDirLock = {
    dir,
    async release() {
      if ((await readHolder(file))?.text === mine) await rm(file, { force: true });
    },
  };
  try {
    await checkLayout(dir);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return lock;
}

async function claim(file: string, draft: string, dir: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      await link(draft, file); // fails when the name exists: the one atomic step
      return;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    const found = await readHolder(file);
    if (found?.holder && isAlive(found.holder)) {
      const { pid, since } = found.holder;
      throw new LocalServerError(
        `another Sluice is running on ${dir} (pid ${pid}, since ${since}): stop it, or set SLUICE_DATA_DIR to another directory`,
      );
    }
    if (found) await clearStale(file, found.text);
  }
  throw new LocalServerError(`the lock ${file} changes all the time: several starts at once? Try again`);
}

/** Writes a file that only its owner may read, whole or not at all. */
export async function writePrivately(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, text, { mode: 0o600 });
  await chmod(draft, 0o600); // whatever the umask
  await rename(draft, file);
}
