import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** A fresh database as a copy of the one that the url names; nobody may be connected to that one. */
export async function copyOfDatabase(url: string): Promise<string> {
  const copy = new URL(url);
  const name = `world_${randomBytes(6).toString('hex')}`;
  const source = copy.pathname.slice(1);
  copy.pathname = '/template1';
  const client = new Client({ connectionString: copy.href });
  await client.connect();
  try {
    await client.query(`create database ${name} template ${source}`);
  } finally {
    await client.end();
  }
  copy.pathname = `/${name}`;
  return copy.href;
}
