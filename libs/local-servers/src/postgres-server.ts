import { execFileSync } from 'node:child_process';
import { closeSync, existsSync } from 'node:fs';
import { mkdir, readFile, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DataDirLock, lockDataDir } from './data-dir-lock.ts';
import { DetachedProcess, type ExitReason } from './detached-process.ts';
import { freePort, isPortFree } from './free-port.ts';
import { hasCode, LocalServerError } from './local-server.errors.ts';
import { hasEnded, identify, type ProcessIdentity, processesIn, signalProcess } from './process-identity.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import { type Cluster, openCluster, POSTGRES_ENVIRONMENT, saveNotes, SUPERUSER } from './postgres-cluster.ts';
import { POSTGRES_SETTINGS } from './postgres-settings.ts';
import { openServerLog, tailOfLog } from './server-log.ts';
import { unprivilegedUser } from './unprivileged-user.ts';

// Smart shutdown lets connections that are just being closed say goodbye (a pool's end() does not wait for that, and
// would report them as lost). Fast rolls open transactions back and writes a checkpoint. Immediate leaves it to recovery.
const STOP_STAGES = [
  ['SIGTERM', 1_000],
  ['SIGINT', 6_000],
  ['SIGQUIT', 2_000],
  ['SIGKILL', 1_000],
] as const;
const WINDOWS = 'the embedded PostgreSQL does not run on Windows: set SLUICE_DATABASE_URL to a PostgreSQL of your own';
const READY_TIMEOUT_MS = 60_000; // recovery after a kill -9 replays up to max_wal_size

export interface PostgresOptions {
  /** Holds the data, the password, the port and the log; created when missing. */
  dir: string;
  /** 0 or absent: the port kept in `dir`, at the first start a free one below 32768. */
  port?: number;
  /** Over POSTGRES_SETTINGS. */
  settings?: Readonly<Record<string, string>>;
  /** Told what takes time: the first initialisation, a leftover of a killed parent. */
  log?: (line: string) => void;
}

export interface PostgresServer {
  /** postgresql://user:password@127.0.0.1:port/postgres; the user is a superuser. */
  url: string;
  port: number;
  pid: number;
  /** PostgreSQL's own log. */
  logFile: string;
  /** Resolves when the process ends, whoever ended it; never rejects. */
  exited: Promise<ExitReason>;
  /** Open transactions are rolled back after a second; forced after 7 s. */
  stop(): Promise<void>;
  /** SIGKILL, for fault tests; resolves when its children have noticed and are gone too. */
  kill9(): Promise<void>;
}

async function endOf(identity: ProcessIdentity, log: (line: string) => void): Promise<void> {
  log(`stopping a PostgreSQL (pid ${identity.pid}) whose parent was killed`);
  for (const [signal, patienceMs] of STOP_STAGES) {
    signalProcess(identity.pid, signal);
    if (await hasEnded(identity, patienceMs)) return;
  }
  throw new LocalServerError(`a PostgreSQL of an earlier run (pid ${identity.pid}) does not end, not even by SIGKILL`);
}

async function postmasterPid(data: string): Promise<{ pid: number; ready: boolean } | null> {
  try {
    const lines = (await readFile(path.join(data, 'postmaster.pid'), 'utf8')).split('\n');
    const pid = Number(lines[0]);
    return Number.isInteger(pid) && pid > 0 ? { pid, ready: lines[7]?.trim() === 'ready' } : null;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Is this pid a PostgreSQL on our data, or has the number been given to somebody else since? */
function runsOn(pid: number, data: string): boolean {
  if (process.platform === 'linux') return processesIn(data).some((found) => found.pid === pid);
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes(data);
  } catch {
    return false; // ps exits with 1 when the process is unknown
  }
}

/** We hold the lock of `dir`, so whatever still runs on the data was left by a parent that was killed. */
async function clearLeftovers(data: string, log: (line: string) => void): Promise<void> {
  const found = await postmasterPid(data);
  if (found) {
    const identity = identify(found.pid);
    if (identity && runsOn(found.pid, data)) await endOf(identity, log);
    // PostgreSQL takes any living process with this number, owned by its user, for its predecessor and refuses to start.
    await rm(path.join(data, 'postmaster.pid'), { force: true });
  }
  // Children of a postmaster that was killed end by themselves, unless they compute: then they hold its shared memory.
  for (const orphan of processesIn(data)) {
    if (await hasEnded(orphan, 2_000)) continue;
    signalProcess(orphan.pid, 'SIGQUIT');
    if (await hasEnded(orphan, 3_000)) continue;
    signalProcess(orphan.pid, 'SIGKILL');
    await hasEnded(orphan, 5_000);
  }
}

function launch(cluster: Cluster, postgres: string, settings: Readonly<Record<string, string>>, logFd: number) {
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const identity = cluster.user ? { uid: cluster.user.uid, gid: cluster.user.gid } : {};
  return DetachedProcess.spawn('PostgreSQL', postgres, ['-D', cluster.dataArgument, ...args], {
    cwd: cluster.data,
    env: POSTGRES_ENVIRONMENT,
    stdio: ['ignore', logFd, logFd],
    ...identity,
  });
}

/** True when it accepts connections, false when it ended before. */
async function becomesReady(started: DetachedProcess, cluster: Cluster): Promise<boolean> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!started.hasExited) {
    const found = await postmasterPid(cluster.data);
    if (found?.pid === started.pid && found.ready) return true;
    if (Date.now() > deadline) {
      started.signal('SIGQUIT');
      throw new LocalServerError(`PostgreSQL was not ready within ${READY_TIMEOUT_MS / 1000} s`);
    }
    await sleep(15);
  }
  return false;
}

async function choosePort(options: PostgresOptions, kept: number): Promise<number> {
  if (options.port) {
    if (await isPortFree(options.port)) return options.port;
    throw new LocalServerError(`port ${options.port} of 127.0.0.1, wanted for PostgreSQL, is taken`);
  }
  return kept > 0 && (await isPortFree(kept)) ? kept : freePort();
}

async function startOn(
  cluster: Cluster,
  postgres: string,
  options: PostgresOptions,
): Promise<{ started: DetachedProcess; logFile: string }> {
  const { dir, log = () => undefined } = options;
  for (let attempt = 1; ; attempt++) {
    const port = await choosePort(options, cluster.notes.port);
    if (port !== cluster.notes.port) {
      cluster.notes.port = port;
      await saveNotes(dir, cluster.notes);
    }
    const { file, fd, size } = await openServerLog(path.join(dir, 'postgres.log'));
    const settings = { ...POSTGRES_SETTINGS, ...options.settings, port: String(port) };
    let started: DetachedProcess;
    try {
      started = await launch(cluster, postgres, settings, fd);
    } finally {
      closeSync(fd); // the child has its own
    }
    if (await becomesReady(started, cluster)) return { started, logFile: file };
    const said = await tailOfLog(file, size);
    // Somebody took the port between the look and the bind, or a killed postmaster's last child still holds its memory.
    if (attempt >= 5 || !/could not bind|shared memory block|Address already in use/.test(said)) {
      throw new LocalServerError(`PostgreSQL does not start; its log (${file}) ends with:\n${said}`);
    }
    log('PostgreSQL could not start, trying again');
    await sleep(attempt * 300);
    await clearLeftovers(cluster.data, log);
  }
}

function handleFor(started: DetachedProcess, cluster: Cluster, logFile: string, lock: DataDirLock): PostgresServer {
  const exited = started.exited.then(async (reason) => {
    await lock.release();
    return reason;
  });
  return {
    url: `postgresql://${SUPERUSER}:${cluster.notes.password}@127.0.0.1:${cluster.notes.port}/postgres`,
    port: cluster.notes.port,
    pid: started.pid,
    logFile,
    exited,
    async stop() {
      await started.stop(STOP_STAGES);
      await exited;
    },
    async kill9() {
      await started.kill9();
      await exited;
      for (const orphan of processesIn(cluster.data)) await hasEnded(orphan, 5_000);
    },
  };
}

/**
 * Starts PostgreSQL on the data in `dir`, initialising it at the first start: password from a good random source, TCP
 * on 127.0.0.1 alone, fsync on. As root it runs as an unprivileged user, also below a directory closed to that user.
 * What a kill -9 left behind is cleared. It runs in a session of its own and never ends by our Ctrl-C: call stop().
 * @throws LocalServerError with a message for a person.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  if (process.platform === 'win32') {
    throw new LocalServerError(WINDOWS);
  }
  const log = options.log ?? (() => undefined);
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const dir = await realpath(options.dir);
  const lock = await lockDataDir(dir);
  try {
    const user = unprivilegedUser();
    const binaries = await postgresBinaries(user);
    const cluster = await openCluster(dir, binaries, user, options.settings?.fsync !== 'off');
    await clearLeftovers(cluster.data, log);
    const { started, logFile } = await startOn(cluster, binaries.postgres, { ...options, dir });
    return handleFor(started, cluster, logFile, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Can a PostgreSQL run here? The reason is complete: what is missing and what to do. */
export async function postgresAvailable(): Promise<{ ok: true } | { ok: false; reason: string }> {
  if (process.platform === 'win32') return { ok: false, reason: WINDOWS };
  try {
    await postgresBinaries(unprivilegedUser());
    return { ok: true };
  } catch (error) {
    if (error instanceof LocalServerError) return { ok: false, reason: error.message };
    throw error;
  }
}

/** Stops the PostgreSQL that another process of ours, ended since, has started in `dir`; none is no error. */
export async function stopLeftPostgres(dir: string): Promise<void> {
  if (existsSync(path.join(dir, 'data'))) await clearLeftovers(path.join(await realpath(dir), 'data'), () => undefined);
}
