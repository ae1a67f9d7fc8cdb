import { createHash, randomBytes } from 'node:crypto';
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

interface Link {
  file: string;
  holder: Holder | null;
  text: string;
}

/** Where the successor of a dead holder registers. A holder's text never comes again (it has an id), nor does this name. */
function successorOf(lock: string, text: string): string {
  return `${lock}.after.${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
}

/** The lock and whoever followed dead holders, up to the first that is alive or has no successor. */
async function readChain(lock: string): Promise<Link[]> {
  const chain: Link[] = [];
  let file = lock;
  for (let found = await readHolder(file); found && chain.length < 20; found = await readHolder(file)) {
    chain.push({ file, ...found });
    if (found.holder && isAlive(found.holder)) break;
    file = successorOf(lock, found.text);
  }
  return chain;
}

async function isUnchanged(chain: readonly Link[]): Promise<boolean> {
  for (const { file, text } of chain) if ((await readHolder(file))?.text !== text) return false;
  return true;
}

/**
 * Follows a dead holder. Only one can register under the name that follows from the dead one's text, and only who has
 * registered may replace the lock: moving the dead one's file away first would let a third one in while a living
 * holder's file, moved by mistake, is put back. Who registers late, after the lock was replaced and the names were
 * cleared, sees that the lock has changed. A successor that dies in between has a successor of its own.
 * @returns false when somebody else was faster.
 */
async function succeed(lock: string, draft: string, chain: readonly Link[]): Promise<boolean> {
  const last = chain.at(-1);
  if (!last) return false;
  const registered = successorOf(lock, last.text);
  try {
    await link(draft, registered);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
  const mine = await isUnchanged(chain);
  if (mine) {
    await rename(draft, lock);
    for (const { file } of chain.slice(1)) await rm(file, { force: true });
  }
  await rm(registered, { force: true });
  return mine;
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
    await rm(probe, { force: true });
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
  const id = randomBytes(8).toString('hex');
  const mine = `${JSON.stringify({ ...self, since: new Date().toISOString(), id })}\n`;
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
    const chain = await readChain(file);
    const holder = chain.at(-1)?.holder;
    if (holder && isAlive(holder)) {
      const { pid, since } = holder;
      throw new LocalServerError(
        `another Sluice is running on ${dir} (pid ${pid}, since ${since}): stop it, or set SLUICE_DATA_DIR to another directory`,
      );
    }
    if (await succeed(file, draft, chain)) return;
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
