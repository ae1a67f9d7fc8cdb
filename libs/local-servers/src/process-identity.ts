import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from './local-server.errors.ts';

/** A process across pid reuse: the same pid with another start is another process. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot plus the boot's id on Linux, the start date elsewhere. */
  startedAt: string;
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EACCES')) return 'unknown';
    throw error;
  }
}

/** When a process was started, in a form only good for comparing; null when there is no such process. */
export function startOf(pid: number): string | null {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The second field is the command in parentheses and may hold blanks and parentheses itself: count from its end.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] === 'Z') return null; // a zombie has ended, only its parent has not asked yet
      return `${fields[19]}@${bootId()}`;
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ESRCH')) return null;
      throw error;
    }
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null; // ps exits with 1 when the process is unknown
  }
}

export function identify(pid: number): ProcessIdentity | null {
  const startedAt = startOf(pid);
  return startedAt === null ? null : { pid, startedAt };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return startOf(identity.pid) === identity.startedAt;
}

/** Sends a signal; a process that has ended already is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

/** Resolves to true once the process has ended, to false when it is still there after `timeoutMs`. */
export async function hasEnded(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(identity)) {
    if (Date.now() >= deadline) return false;
    await sleep(20);
  }
  return true;
}

/**
 * Processes whose working directory is this one (Linux; elsewhere none). That is how a PostgreSQL and its children are
 * recognised, which survive the kill -9 of their parent.
 */
export function processesIn(directory: string): ProcessIdentity[] {
  if (process.platform !== 'linux') return [];
  const found: ProcessIdentity[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (readlinkSync(`/proc/${entry}/cwd`) !== directory) continue;
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) continue; // ended meanwhile, or somebody else's
      throw error;
    }
    const identity = identify(Number(entry));
    if (identity) found.push(identity);
  }
  return found;
}
