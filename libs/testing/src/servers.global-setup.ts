import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lockDataDir, startPostgres } from '@sluice/local-servers';
import { DATABASE_URL_VARIABLE, RUN_DIR_VARIABLE } from './test-servers.ts';

const PREFIX = 'sluice-tests-';

// Nothing here must survive a power cut, only kill -9, and the page cache does.
const TEST_SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '64MB',
  wal_buffers: '4MB',
  max_wal_size: '512MB',
  min_wal_size: '64MB',
  max_connections: '200',
};

/** One PostgreSQL per run; Kafka starts when the first test asks for it (test-kafka.ts) and is stopped here. */
export default async function setUpServers(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[RUN_DIR_VARIABLE]) return undefined; // another project of this run has set them up
  const dir = mkdtempSync(path.join(tmpdir(), PREFIX));
  const lock = await lockDataDir(dir);
  const postgres = await startPostgres({ dir: path.join(dir, 'postgres'), settings: TEST_SETTINGS });
  process.env[RUN_DIR_VARIABLE] = dir;
  process.env[DATABASE_URL_VARIABLE] = postgres.url;
  return async () => {
    delete process.env[RUN_DIR_VARIABLE];
    delete process.env[DATABASE_URL_VARIABLE];
    await postgres.stop();
    await lock.release();
    await rm(dir, { recursive: true, force: true });
  };
}
