import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isAlive, lockDataDir, type ProcessIdentity, stopLeftKafka, stopLeftPostgres } from '@sluice/local-servers';
import { RUN_PREFIX } from './test-servers.ts';

async function holderOf(dir: string): Promise<ProcessIdentity | null> {
  try {
    return JSON.parse(await readFile(path.join(dir, 'lock.json'), 'utf8')) as ProcessIdentity;
  } catch {
    return null; // not locked yet: somebody is starting right now, or it is none of ours
  }
}

/** Stops whatever still runs in a run's directory: servers of workers that have ended, of tests that failed. */
export async function stopServersOf(runDir: string): Promise<void> {
  for (const name of await readdir(runDir)) {
    const dir = path.join(runDir, name);
    if (name.startsWith('kafka') && !name.includes('.')) await stopLeftKafka(dir);
    else if (name.startsWith('postgres')) await stopLeftPostgres(dir);
  }
}

/** A run that was killed leaves its servers and its directory behind; the next run clears them. */
export async function sweepDeadRuns(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(RUN_PREFIX)) continue;
    const dir = path.join(tmpdir(), name);
    const holder = await holderOf(dir);
    if (!holder || isAlive(holder)) continue;
    try {
      await lockDataDir(dir); // of several new runs, one sweeps
      await stopServersOf(dir);
      await rm(dir, { recursive: true, force: true });
    } catch (error) {
      console.warn(`left over from a killed test run, and not cleared: ${dir}`, error);
    }
  }
}
