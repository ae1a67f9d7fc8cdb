import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync } from 'node:fs';
import { mkdir, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockDataDir, writePrivately } from './data-dir-lock.ts';
import { DetachedProcess, type ExitReason } from './detached-process.ts';
import { freePort, isPortFree } from './free-port.ts';
import { kafkaJars } from './kafka-jars.ts';
import { askMetadata } from './kafka-metadata.ts';
import { JAVA_OPTIONS, kafkaProperties, scramArguments, type SecuredListener } from './kafka-properties.ts';
import { hasCode, LocalServerError, reasonOf } from './local-server.errors.ts';
import { hasEnded, identify, isAlive, type ProcessIdentity, processesIn, signalProcess } from './process-identity.ts';
import { openServerLog, tailOfLog } from './server-log.ts';

/** Only what Java needs: our own environment holds secrets. */
const ENVIRONMENT = Object.fromEntries(
  ['PATH', 'HOME', 'JAVA_HOME', 'TMPDIR'].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
);
const READY_TIMEOUT_MS = 60_000;
const STOP_STAGES = [
  ['SIGTERM', 7_000],
  ['SIGKILL', 2_000],
] as const;

export interface KafkaOptions {
  /** Holds the data, the ports, the configuration and the log; created when missing. */
  dir: string;
  log?: (line: string) => void;
  /** A second listener with TLS and credentials: for tests. */
  secured?: SecuredListener;
}

export interface KafkaServer {
  /** 127.0.0.1:port; the port is kept in `dir`, so it is the same after a restart. */
  brokers: string;
  port: number;
  /** localhost:port of the listener with TLS and credentials, if there is one; another port after a restart. */
  securedBrokers: string | null;
  pid: number;
  logFile: string;
  /** Resolves when the process ends, whoever ended it; never rejects. */
  exited: Promise<ExitReason>;
  stop(): Promise<void>;
  /** SIGKILL, for fault tests. */
  kill9(): Promise<void>;
}

interface KafkaNotes {
  clusterId: string;
  port: number;
  controllerPort: number;
  process: ProcessIdentity | null;
}

/** 16 random bytes as Kafka writes its ids; a leading "-" would be taken for an option of its command line. */
function newClusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

async function readNotes(file: string): Promise<KafkaNotes | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as KafkaNotes;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw new LocalServerError(
      `${file} is damaged (${reasonOf(error)}): restore it, or set SLUICE_DATA_DIR to another directory`,
    );
  }
}

/** We hold the lock of `dir`, so whatever still runs in it was left by a parent that was killed. */
async function clearLeftovers(dir: string, notes: KafkaNotes, log: (line: string) => void): Promise<void> {
  const found = processesIn(dir).filter(({ pid }) => pid !== process.pid);
  if (notes.process && isAlive(notes.process)) found.push(notes.process);
  for (const leftover of new Map(found.map((one) => [one.pid, one])).values()) {
    log(`stopping an Apache Kafka (pid ${leftover.pid}) whose parent was killed`);
    signalProcess(leftover.pid, 'SIGTERM');
    if (await hasEnded(leftover, 10_000)) continue;
    signalProcess(leftover.pid, 'SIGKILL');
    if (!(await hasEnded(leftover, 5_000)))
      throw new LocalServerError(`an Apache Kafka of an earlier run (pid ${leftover.pid}) does not end`);
  }
}

async function keptOrFree(port: number, taken: number): Promise<number> {
  if (port > 0 && port !== taken && (await isPortFree(port))) return port;
  const found = await freePort();
  return found === taken ? keptOrFree(0, taken) : found;
}

function formatStorage(dir: string, jars: string, clusterId: string, more: readonly string[]): void {
  if (existsSync(path.join(dir, 'data', 'meta.properties'))) return;
  const args = [
    '-cp',
    path.join(jars, '*'),
    'kafka.tools.StorageTool',
    'format',
    '--ignore-formatted',
    '-t',
    clusterId,
    ...more,
  ];
  const result = spawnSync('java', [...JAVA_OPTIONS, ...args, '-c', path.join(dir, 'server.properties')], {
    cwd: dir,
    encoding: 'utf8',
  });
  if (result.status === 0) return;
  const said = result.error ? reasonOf(result.error) : `${result.stdout}${result.stderr}`.trim().slice(-1500);
  throw new LocalServerError(`Apache Kafka's data directory could not be formatted: ${said}`);
}

/** True when it serves, false when it ended before. A foreign broker on our port does not count: its cluster id differs. */
async function becomesReady(broker: DetachedProcess, notes: KafkaNotes): Promise<boolean> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  let last = 'no answer yet';
  while (!broker.hasExited) {
    try {
      const metadata = await askMetadata(notes.port, 2_000);
      if (metadata.clusterId === notes.clusterId && metadata.brokers > 0) return true;
      last = `port ${notes.port} answers as cluster ${metadata.clusterId}`;
    } catch (error) {
      last = reasonOf(error);
    }
    if (Date.now() > deadline) {
      broker.signal('SIGKILL');
      throw new LocalServerError(`Apache Kafka was not ready within ${READY_TIMEOUT_MS / 1000} s (${last})`);
    }
    await sleep(30);
  }
  return false;
}

async function startOnce(
  dir: string,
  jars: string,
  notes: KafkaNotes,
  listener: SecuredListener | undefined,
): Promise<{ broker: DetachedProcess; failure: string | null; logFile: string; securedBrokers: string | null }> {
  const notesFile = path.join(dir, 'kafka.json');
  notes.port = await keptOrFree(notes.port, 0);
  notes.controllerPort = await keptOrFree(notes.controllerPort, notes.port);
  notes.process = null;
  await writePrivately(notesFile, `${JSON.stringify(notes)}\n`);
  const secured = listener ? { ...listener, port: await freePort() } : undefined;
  const securedBrokers = secured ? `localhost:${secured.port}` : null;
  await writePrivately(
    path.join(dir, 'server.properties'),
    kafkaProperties(dir, notes.port, notes.controllerPort, secured),
  );
  formatStorage(dir, jars, notes.clusterId, secured ? scramArguments(secured) : []);
  const { file, fd, size } = await openServerLog(path.join(dir, 'kafka.log'));
  let broker: DetachedProcess;
  try {
    const args = [...JAVA_OPTIONS, '-cp', path.join(jars, '*'), 'kafka.Kafka', path.join(dir, 'server.properties')];
    broker = await DetachedProcess.spawn('Apache Kafka', 'java', args, {
      cwd: dir,
      env: ENVIRONMENT,
      stdio: ['ignore', fd, fd],
    });
  } finally {
    closeSync(fd); // the child has its own
  }
  notes.process = identify(broker.pid);
  await writePrivately(notesFile, `${JSON.stringify(notes)}\n`);
  if (await becomesReady(broker, notes)) return { broker, failure: null, logFile: file, securedBrokers };
  return { broker, failure: await tailOfLog(file, size), logFile: file, securedBrokers };
}

/**
 * Starts an Apache Kafka of one broker on 127.0.0.1 with its data in `dir`; jars come through Maven at the first use.
 * What a kill -9 left behind is cleared. It runs in a session of its own and never ends by our Ctrl-C: call stop().
 * @throws LocalServerError with a message for a person: no Java, no Maven, another holder of `dir`, it does not start.
 */
export async function startKafka(options: KafkaOptions): Promise<KafkaServer> {
  const log = options.log ?? (() => undefined);
  const jars = await kafkaJars(log);
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const dir = await realpath(options.dir);
  const lock = await lockDataDir(dir);
  try {
    const notes = (await readNotes(path.join(dir, 'kafka.json'))) ?? {
      clusterId: newClusterId(),
      port: 0,
      controllerPort: 0,
      process: null,
    };
    await clearLeftovers(dir, notes, log);
    for (let attempt = 1; ; attempt++) {
      const { broker, failure, logFile, securedBrokers } = await startOnce(dir, jars, notes, options.secured);
      if (failure === null) {
        const exited = broker.exited.then(async (reason) => {
          await lock.release();
          return reason;
        });
        const { port } = notes;
        const stop = async () => {
          await broker.stop(STOP_STAGES);
          await exited;
        };
        const kill9 = async () => {
          await broker.kill9();
          await exited;
        };
        return { brokers: `127.0.0.1:${port}`, port, securedBrokers, pid: broker.pid, logFile, exited, stop, kill9 };
      }
      // Somebody took the port between our look and the bind.
      if (attempt >= 3 || !/Address already in use|failed to bind/i.test(failure)) {
        throw new LocalServerError(`Apache Kafka does not start; its log (${logFile}) ends with:\n${failure}`);
      }
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Stops the broker that another process of ours, ended since, has started in `dir`; none is no error. */
export async function stopLeftKafka(dir: string): Promise<void> {
  const notes = await readNotes(path.join(dir, 'kafka.json'));
  if (notes) await clearLeftovers(await realpath(dir), notes, () => undefined);
}
