import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import type { System } from '@sluice/testing';

/** The address of the product's embedded PostgreSQL, from what it keeps in its data directory. */
export function databaseUrlOf(system: System): string {
  const notes = JSON.parse(readFileSync(path.join(system.dataDir, 'postgres', 'cluster.json'), 'utf8')) as {
    port: number;
    password: string;
  };
  return `postgres://sluice:${notes.password}@127.0.0.1:${notes.port}/postgres`;
}

/** Holds the runner without touching the product: its appends wait for a lock on its table. */
export async function holdRunner(databaseUrl: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('begin');
  await client.query('lock table runner.events in exclusive mode');
  return async () => {
    await client.query('commit');
    await client.end();
  };
}

/** What promises durability, as the server has it set. */
export async function durabilityOf(databaseUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ fsync: string; commit: string; version: string }>(
    "select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit, current_setting('server_version') as version",
  );
  await client.end();
  return `PostgreSQL ${rows[0]?.version}, fsync=${rows[0]?.fsync}, synchronous_commit=${rows[0]?.commit}`;
}
