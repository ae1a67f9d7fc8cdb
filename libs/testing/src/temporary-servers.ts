import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type KafkaOptions,
  type KafkaServer,
  type PostgresServer,
  startKafka,
  startPostgres,
} from '@sluice/local-servers';
import { RUN_DIR_VARIABLE } from './test-servers.ts';

/** Nothing in a test must survive a power cut, only kill -9, and what was written survives that without fsync. */
export const TEST_SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '64MB',
  wal_buffers: '4MB',
  max_wal_size: '512MB',
  min_wal_size: '64MB',
  max_connections: '200',
};

export interface Temporary<Server> {
  /** The one running now; another object after restart(). */
  server: Server;
  /** Starts it again on the same data and port, after stop() or kill9(). */
  restart(): Promise<Server>;
  /** Stops it and deletes its data. */
  remove(): Promise<void>;
}

async function temporary<Server extends { stop(): Promise<void> }>(
  name: string,
  start: (dir: string) => Promise<Server>,
): Promise<Temporary<Server>> {
  // In the run's directory, so that the run's end, or the next run, finds what a killed or failed test left.
  const dir = await mkdtemp(path.join(process.env[RUN_DIR_VARIABLE] ?? tmpdir(), `${name}-`));
  const self: Temporary<Server> = {
    server: await start(dir),
    async restart() {
      self.server = await start(dir);
      return self.server;
    },
    async remove() {
      await self.server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return self;
}

/** A PostgreSQL of the test's own, to stop, kill and restart (0.6 s). For everything else there is createTestDatabase(). */
export function temporaryPostgres(settings: Readonly<Record<string, string>> = {}): Promise<Temporary<PostgresServer>> {
  return temporary('postgres', (dir) => startPostgres({ dir, settings: { ...TEST_SETTINGS, ...settings } }));
}

/** A Kafka of the test's own, to stop, kill and restart (about 3 s and 150 MB). For everything else there is testKafka(). */
export function temporaryKafka(secured?: KafkaOptions['secured']): Promise<Temporary<KafkaServer>> {
  return temporary('kafka', (dir) => startKafka({ dir, ...(secured ? { secured } : {}) }));
}
