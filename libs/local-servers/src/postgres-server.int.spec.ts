import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { identify, isAlive } from './process-identity.ts';

const SETTINGS = { fsync: 'off', shared_buffers: '16MB', max_wal_size: '128MB', min_wal_size: '32MB' };
const isRoot = process.getuid?.() === 0;
let top: string;
let dir: string;
const running: PostgresServer[] = [];

// mkdtemp makes it 0700: as root this is the clone below a parent that PostgreSQL's user cannot pass through.
beforeEach(() => {
  top = mkdtempSync(path.join(tmpdir(), 'sluice-pg-'));
  dir = path.join(top, 'data', 'postgres');
});
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  rmSync(top, { recursive: true, force: true });
});

async function start(options: { port?: number; log?: (line: string) => void } = {}): Promise<PostgresServer> {
  const server = await startPostgres({ dir, settings: SETTINGS, ...options });
  running.push(server);
  return server;
}

async function query(server: PostgresServer, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url });
  client.on('error', () => undefined); // the tests below end servers under it
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

test('it keeps data, password and port over a stop and a start', async () => {
  const first = await start();
  await query(first, 'create table kept (n int); insert into kept values (42)');
  await first.stop();
  const second = await start();
  expect(second.url).toBe(first.url);
  expect(await query(second, 'select n from kept')).toEqual([{ n: 42 }]);
});

test('it asks for the password, listens on 127.0.0.1 only, and is durable unless told otherwise', async () => {
  const server = await startPostgres({ dir, settings: { ...SETTINGS, fsync: 'on' } });
  running.push(server);
  const wrong = new URL(server.url);
  wrong.password = 'guess';
  const stranger = new pg.Client({ connectionString: wrong.href });
  await expect(stranger.connect()).rejects.toThrow(/password authentication failed/);
  const shown = await query(
    server,
    "select name, setting from pg_settings where name in ('listen_addresses', 'fsync', 'synchronous_commit', 'full_page_writes', 'unix_socket_directories') order by 1",
  );
  expect(Object.fromEntries(shown.map(({ name, setting }) => [name, setting]))).toEqual({
    fsync: 'on',
    full_page_writes: 'on',
    listen_addresses: '127.0.0.1',
    synchronous_commit: 'on',
    unix_socket_directories: '',
  });
});

test('nobody else can read the data or the password', async () => {
  await start();
  expect(statSync(path.join(dir, 'cluster.json')).mode & 0o777).toBe(0o600);
  expect(statSync(path.join(dir, 'data')).mode & 0o077).toBe(0);
  expect(readdirSync(dir)).not.toContain('initial-password');
});

test.runIf(isRoot)('as root it runs as somebody else, also below a directory closed to that user', async () => {
  expect(statSync(top).mode & 0o777).toBe(0o700);
  const server = await start();
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  const [, uid] = /^Uid:\s+(\d+)/m.exec(status) ?? [];
  expect(Number(uid)).toBeGreaterThan(0);
  expect(statSync(path.join(dir, 'data')).uid).toBe(Number(uid));
  expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test.runIf(process.platform === 'linux')(
  'OP-02: Ctrl-C of our process group does not reach it: it has a session of its own',
  async () => {
    const server = await start();
    const stat = readFileSync(`/proc/${server.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    expect([Number(fields[2]), Number(fields[3])]).toEqual([server.pid, server.pid]); // process group and session
  },
);

test('after a kill -9 committed rows are there, and the port is the same', async () => {
  const first = await start();
  await query(first, 'create table kept (n int); insert into kept values (7)');
  await first.kill9();
  expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
  const second = await start();
  expect(second.port).toBe(first.port);
  expect(await query(second, 'select n from kept')).toEqual([{ n: 7 }]);
});

test('a server that outlived its killed parent is ended, and another takes its place', async () => {
  const script = `
    const { startPostgres } = await import(${JSON.stringify(path.join(import.meta.dirname, 'postgres-server.ts'))});
    const server = await startPostgres(${JSON.stringify({ dir, settings: SETTINGS })});
    console.log(server.pid);
    setInterval(() => undefined, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = await new Promise<number>((resolve) =>
    parent.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString()))),
  );
  const orphan = identify(pid);
  const ended = new Promise((resolve) => parent.once('exit', resolve));
  parent.kill('SIGKILL');
  await ended;
  expect(orphan && isAlive(orphan)).toBe(true);

  const told: string[] = [];
  const server = await start({ log: (line) => told.push(line) });
  expect(server.pid).not.toBe(pid);
  expect(orphan && isAlive(orphan)).toBe(false);
  expect(told).toEqual([`stopping a PostgreSQL (pid ${pid}) whose parent was killed`]);
});

test('a lock file with a pid that somebody else has now does not stop the start', async () => {
  const first = await start();
  await first.stop();
  running.length = 0;
  writeFileSync(
    path.join(dir, 'data', 'postmaster.pid'),
    `${process.ppid}\n/proc/self/cwd\n1\n5432\n\n127.0.0.1\n0\nready\n`,
  );
  const second = await start();
  expect(await query(second, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('two on one directory: the second is refused while the first goes on', async () => {
  const server = await start();
  await expect(startPostgres({ dir, settings: SETTINGS })).rejects.toThrow(/another Sluice is running on/);
  expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a kept port that somebody else has taken is replaced by another', async () => {
  const first = await start();
  await first.stop();
  running.length = 0;
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(first.port, '127.0.0.1', resolve));
  const second = await start();
  expect(second.port).not.toBe(first.port);
  expect(await query(second, 'select 1 as one')).toEqual([{ one: 1 }]);
  await new Promise((resolve) => squatter.close(resolve));
});

test.each([
  ['19', /of a newer version, PostgreSQL 19, and this Sluice brings 18: run the newer Sluice/],
  ['17', /of an older version, PostgreSQL 17, .*dump it with that version/],
])('data of PostgreSQL %s is refused with what to do', async (version, message) => {
  const server = await start();
  await server.stop();
  running.length = 0;
  writeFileSync(path.join(dir, 'data', 'PG_VERSION'), `${version}\n`);
  await expect(start()).rejects.toThrow(message);
});

test('an initialisation that was killed half-way is done again', async () => {
  const server = await start();
  await server.stop();
  running.length = 0;
  rmSync(path.join(dir, 'data'), { recursive: true });
  writeFileSync(path.join(dir, 'initial-password'), 'left over\n');
  const again = await start();
  expect(await query(again, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a setting that PostgreSQL does not know is reported with its own words, and nothing is left running', async () => {
  await expect(startPostgres({ dir, settings: { ...SETTINGS, shared_bufers: '1MB' } })).rejects.toThrow(
    /does not start; its log .*\n[^]*unrecognized configuration parameter "shared_bufers"/,
  );
  await start(); // the directory is free again
});
