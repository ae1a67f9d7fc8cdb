import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isAlive, lockDataDir, type ProcessIdentity, startPostgres, stopLeftKafka } from '@sluice/local-servers';
import { KAFKA_DIR, RUN_PREFIX } from './test-servers.ts';

async function holderOf(dir: string): Promise<ProcessIdentity | null> {
  try {
    return JSON.parse(await readFile(path.join(dir, 'lock.json'), 'utf8')) as ProcessIdentity;
  } catch {
    return null; // not locked yet: somebody is starting right now, or it is none of ours
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
      await stopLeftKafka(path.join(dir, KAFKA_DIR));
      const postgres = await startPostgres({ dir: path.join(dir, 'postgres') }); // ends the one that is left, too
      await postgres.stop();
      await rm(dir, { recursive: true, force: true });
    } catch (error) {
      console.warn(`left over from a killed test run, and not cleared: ${dir}`, error);
    }
  }
}
