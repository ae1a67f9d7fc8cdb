import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { System } from '@sluice/testing';
import pg from 'pg';

/** A connection to the database of a running system, for what no route lets a test do: move the clock of a due row. */
export async function databaseOf(system: System): Promise<pg.Client> {
  const notes = readFileSync(path.join(system.dataDir, 'postgres', 'cluster.json'), 'utf8');
  const { password, port } = JSON.parse(notes) as { password: string; port: number };
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'sluice', password, database: 'postgres' });
  await client.connect();
  return client;
}
