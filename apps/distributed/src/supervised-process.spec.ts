import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { identify, isAlive, signalProcess } from '@sluice/local-servers';
import { freePort, waitFor } from '@sluice/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LeftBehind } from './left-behind.ts';
import { restartDelayMs, SupervisedProcess } from './supervised-process.ts';

let dir: string;
let port: number;
const running: SupervisedProcess[] = [];
const pids: number[] = [];
const said: string[] = [];

beforeEach(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'sluice-supervised-'));
  port = await freePort();
  pids.length = 0;
  said.length = 0;
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop(300);
  rmSync(dir, { recursive: true, force: true });
});

function supervised(script: string): SupervisedProcess {
  const main = path.join(dir, 'main.mjs');
  writeFileSync(main, script);
  const plan = {
    name: 'gateway',
    main,
    nodeOptions: [],
    niceness: 0,
    env: { PATH: process.env.PATH ?? '', PORT: String(port), DIR: dir },
  };
  const one = new SupervisedProcess(plan, { onPid: (_, pid) => pids.push(pid), print: (line) => said.push(line) });
  running.push(one);
  one.start();
  return one;
}

const SERVES = `
  import { createServer } from 'node:http';
  createServer((request, response) => response.end('ok')).listen(Number(process.env.PORT), '127.0.0.1');`;
const url = (): string => `http://127.0.0.1:${port}/readyz`;

test('a process that dies is started again, and its new pid is told', async () => {
  const one = supervised(SERVES);
  await one.becomesReady(url(), 10_000);
  process.kill(pids[0] ?? 0, 'SIGKILL');
  await waitFor(() => pids.length === 2);
  await waitFor(async () => (await fetch(url()).catch(() => null))?.ok);
  expect(said).toEqual(['gateway was ended by SIGKILL; starting it again in 300 ms']);
});

test('one that ends before it was ever ready is a failure, not restarted', async () => {
  const one = supervised(
    "import { appendFileSync } from 'node:fs'; appendFileSync(process.env.DIR + '/starts', 'x'); process.exit(1);",
  );
  await expect(one.becomesReady(url(), 10_000)).rejects.toThrow('gateway ended with exit code 1 before it was ready');
  expect(readFileSync(path.join(dir, 'starts'), 'utf8')).toBe('x');
});

test('one that never answers is a failure at the deadline', async () => {
  const one = supervised('setInterval(() => undefined, 1000);');
  await expect(one.becomesReady(url(), 200)).rejects.toThrow(/did not answer http.* within 0.2 s/);
});

test('no restart storm: the delays double up to ten seconds', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 50].map(restartDelayMs)).toEqual([300, 600, 1200, 2400, 4800, 9600, 10_000, 10_000]);
});

test('a stop waits for a clean end, and ends one that does not listen', async () => {
  const clean = supervised(`${SERVES}\nprocess.on('SIGTERM', () => setTimeout(() => process.exit(0), 100));`);
  await clean.becomesReady(url(), 10_000);
  await clean.stop(5_000);
  expect(said).toEqual([]);

  port = await freePort();
  const deaf = supervised(`${SERVES}\nprocess.on('SIGTERM', () => undefined);`);
  await deaf.becomesReady(url(), 10_000);
  const identity = identify(deaf.pid ?? 0);
  await deaf.stop(200);
  expect(said).toEqual(['gateway does not stop within 0.2 s: ended']);
  expect(identity && isAlive(identity)).toBe(false);
});

test('a stop while a restart is waiting starts nothing any more', async () => {
  const one = supervised(SERVES);
  await one.becomesReady(url(), 10_000);
  process.kill(pids[0] ?? 0, 'SIGKILL');
  await waitFor(() => said.length === 1);
  await one.stop(200);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(pids).toHaveLength(1);
});

test('what a killed launcher left is ended at the next start; a reused pid is left alone', async () => {
  const one = supervised('setInterval(() => undefined, 1000);');
  const identity = identify(one.pid ?? 0);
  const before = new LeftBehind(dir);
  before.note('gateway', one.pid ?? 0);
  await before.settled();
  const file = path.join(dir, 'processes.json');
  const noted = JSON.parse(readFileSync(file, 'utf8')) as object[];
  writeFileSync(file, JSON.stringify([...noted, { pid: process.pid, startedAt: 'somebody else, before us' }]));

  const told: string[] = [];
  await new LeftBehind(dir).clear((line) => told.push(line));
  expect(told).toEqual([`ending a process of an earlier run (pid ${one.pid})`]);
  expect(identity && isAlive(identity)).toBe(false);
  await new LeftBehind(dir).clear((line) => told.push(line));
  expect(told).toHaveLength(1);
});

test('a signal to a process that has ended is no error', () => {
  expect(() => signalProcess(999_999_999, 'SIGTERM')).not.toThrow();
});
