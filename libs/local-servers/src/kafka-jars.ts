import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { hasCode, LocalServerError } from './local-server.errors.ts';

const POM = path.resolve(import.meta.dirname, '../kafka/pom.xml');
const LOWEST_JAVA = 17; // the class file version of Kafka 4's broker

function cacheDirectory(): string {
  return (
    process.env.SLUICE_CACHE_DIR ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'sluice')
  );
}

function jarDirectory(): string {
  const digest = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 12);
  return path.join(cacheDirectory(), `kafka-${digest}`);
}

function javaProblem(): string | null {
  const { error, stderr, stdout } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  if (error)
    return `Apache Kafka needs Java ${LOWEST_JAVA} or newer, and no java was found (${error.message}): install one, for example Debian's default-jre-headless`;
  const version = /version "(?:1\.)?(\d+)/.exec(stderr + stdout)?.[1];
  if (version === undefined)
    return `Apache Kafka needs Java ${LOWEST_JAVA} or newer, and "java -version" does not say which it is`;
  return Number(version) >= LOWEST_JAVA
    ? null
    : `Apache Kafka needs Java ${LOWEST_JAVA} or newer, and java is version ${version}`;
}

function mavenProblem(): string | null {
  const { error } = spawnSync('mvn', ['--version'], { stdio: 'ignore' });
  return error
    ? `Apache Kafka is downloaded once with Maven, and no mvn was found (${error.message}): install it, for example Debian's maven`
    : null;
}

/** Can a broker run here? The reason is complete: what is missing and what to do. */
export function kafkaAvailable(): { ok: true } | { ok: false; reason: string } {
  const reason = javaProblem() ?? (existsSync(jarDirectory()) ? null : mavenProblem());
  return reason === null ? { ok: true } : { ok: false, reason };
}

function maven(pom: string, output: string): Promise<void> {
  const options = ['-q', '-B', '-ntp', '-f', pom, 'dependency:copy-dependencies'];
  const child = spawn('mvn', [...options, '-DincludeScope=runtime', `-DoutputDirectory=${output}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const keep = (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new LocalServerError(`Maven could not download Apache Kafka (exit code ${code}): ${said.trim()}`));
    });
  });
}

/**
 * The directory with the broker's jars (about 45 MB), downloaded at the first call into a cache outside the clone, one
 * per content of kafka/pom.xml, and renamed into place whole.
 * @throws LocalServerError without Java 17 or Maven, or when the download fails.
 */
export async function kafkaJars(log: (line: string) => void): Promise<string> {
  const available = kafkaAvailable();
  if (!available.ok) throw new LocalServerError(available.reason);
  const target = jarDirectory();
  if (existsSync(target)) return target;
  log('downloading Apache Kafka (once)');
  const draft = `${target}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await mkdir(path.join(draft, 'jars'), { recursive: true });
    await copyFile(POM, path.join(draft, 'pom.xml')); // Maven may write beside it
    await maven(path.join(draft, 'pom.xml'), path.join(draft, 'jars'));
    await rename(path.join(draft, 'jars'), target);
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error; // otherwise another start was faster
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return target;
}
