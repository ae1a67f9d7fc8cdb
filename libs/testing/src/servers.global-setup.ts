import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lockDataDir, startPostgres } from '@sluice/local-servers';
import { stopServersOf, sweepDeadRuns } from './dead-runs.ts';
import { TEST_SETTINGS } from './temporary-servers.ts';
import { DATABASE_URL_VARIABLE, RUN_DIR_VARIABLE, RUN_PREFIX } from './test-servers.ts';

/** One PostgreSQL per run; Kafka starts when the first test asks for it (test-kafka.ts) and is stopped here. */
export default async function setUpServers(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[RUN_DIR_VARIABLE]) return undefined; // another project of this run has set them up
  await sweepDeadRuns();
  const dir = mkdtempSync(path.join(tmpdir(), RUN_PREFIX));
  const lock = await lockDataDir(dir);
  const postgres = await startPostgres({ dir: path.join(dir, 'postgres'), settings: TEST_SETTINGS });
  process.env[RUN_DIR_VARIABLE] = dir;
  process.env[DATABASE_URL_VARIABLE] = postgres.url;
  return async () => {
    delete process.env[RUN_DIR_VARIABLE];
    delete process.env[DATABASE_URL_VARIABLE];
    await postgres.stop();
    await stopServersOf(dir);
    await lock.release();
    await rm(dir, { recursive: true, force: true });
  };
}
