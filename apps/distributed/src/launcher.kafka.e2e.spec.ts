import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SERVICES } from '@sluice/contracts';
import { identify, isAlive, type ProcessIdentity } from '@sluice/local-servers';
import { freePort, waitFor } from '@sluice/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

const MAIN = path.resolve(import.meta.dirname, '../dist/main.js');
const STOP_MS = 25_000;

let dir: string;
const launched: Launched[] = [];
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'sluice-distributed-'));
});
afterEach(async () => {
  for (const one of launched.splice(0)) await one.stop('SIGTERM');
  rmSync(dir, { recursive: true, force: true });
});

interface Launched {
  pid: number;
  output(): string;
  exit: Promise<number | null>;
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

function launch(env: Record<string, string> = {}, args: string[] = []): Launched {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(SLUICE_(?!CACHE_DIR)|VITEST|NODE_OPTIONS|HOST$|PORT$)/.test(name),
  );
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...Object.fromEntries(kept), PORT: '0', SLUICE_DATA_DIR: dir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const stop = (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return exit;
  };
  return { pid: child.pid ?? 0, output: () => output, exit, stop };
}

async function started(env: Record<string, string> = {}): Promise<Launched & { url: string }> {
  const one = launch(env);
  launched.push(one);
  const early = one.exit.then((code) => Promise.reject(new Error(`ended with ${code}:\n${one.output()}`)));
  const ready = waitFor(() => /Sluice is ready at (\S+)/.exec(one.output())?.[1], 120_000, 'the ready line');
  const url = await Promise.race([ready, early]);
  early.catch(() => undefined); // from now on an end is what the tests ask for
  return { ...one, url };
}

const pids = (): Record<string, number> =>
  JSON.parse(readFileSync(path.join(dir, 'pids.json'), 'utf8')) as Record<string, number>;
const identities = (): ProcessIdentity[] => Object.values(pids()).flatMap((pid) => identify(pid) ?? []);
const ready = async (url: string): Promise<boolean> =>
  (await fetch(`${url}/readyz?strict=true`).catch(() => null))?.ok ?? false;

test('OP-02, OP-05: eight processes, each restarted when it is killed, all gone after one signal', async () => {
  const first = await started();
  expect(Object.keys(pids()).sort()).toEqual([...SERVICES, 'edge', 'kafka', 'postgres'].sort());
  expect(first.output()).toMatch(/The administrator's token, shown only this once: \S{32,}/);
  expect(first.output()).toMatch(/^ {2}curl -sS -X POST http\S+\/t\//m);

  for (const name of ['gateway', 'edge', 'kafka', 'postgres']) {
    const before = pids()[name] ?? 0;
    process.kill(before, 'SIGKILL');
    await waitFor(() => pids()[name] !== before, 60_000, `another ${name}`);
  }
  await waitFor(() => ready(first.url), 60_000, 'all five ready again');

  const everybody = identities();
  expect(everybody).toHaveLength(8);
  const start = Date.now();
  expect(await first.stop('SIGINT')).toBe(0);
  expect(Date.now() - start).toBeLessThan(STOP_MS);
  expect(everybody.filter(isAlive)).toEqual([]);
  expect(readdirSync(dir)).not.toContain('lock.json');

  const second = await started();
  expect(second.output()).not.toContain("administrator's token, shown");
});

test('after kill -9 of the launcher its services end by themselves, and the next start clears the rest', async () => {
  const first = await started({ SLUICE_DEMO: 'off' });
  const all = pids();
  const services = [...SERVICES, 'edge'].flatMap((name) => identify(all[name] ?? 0) ?? []);
  const servers = ['kafka', 'postgres'].flatMap((name) => identify(all[name] ?? 0) ?? []);
  await first.stop('SIGKILL');
  await waitFor(() => services.filter(isAlive).length === 0, 15_000, 'the end of the services');
  expect(servers.filter(isAlive)).toHaveLength(2);

  const second = await started({ SLUICE_DEMO: 'off' });
  expect(servers.filter(isAlive)).toEqual([]);
  expect(await ready(second.url)).toBe(true);
  const refused = launch();
  expect(await refused.exit).toBe(1);
  expect(refused.output()).toContain(`another Sluice is running on ${dir} (pid ${second.pid}`);
});

test('OP-02: a signal while it starts stops what has been started so far', async () => {
  const one = launch();
  await waitFor(() => readdirSync(dir).includes('pids.json'), 60_000, 'the first processes');
  const everybody = identities();
  expect(await one.stop('SIGINT')).toBe(1);
  expect(one.output()).toContain('interrupted while starting');
  expect(everybody.filter(isAlive)).toEqual([]);
  expect(readdirSync(dir)).not.toContain('pids.json');
});

test('what is wrong is one message without a stack trace, and an exit code', async () => {
  const usage = launch({}, ['--fast']);
  expect(await usage.exit).toBe(2);
  expect(usage.output()).toContain('Usage: npm run start:distributed');

  const settings = launch({ SLUICE_KAFKA_PARTITION: '3', PORT: '99999' });
  expect(await settings.exit).toBe(1);
  expect(settings.output()).toContain('did you mean SLUICE_KAFKA_PARTITIONS?');
  expect(settings.output()).toContain('PORT');

  const noJava = launch({ PATH: dir });
  expect(await noJava.exit).toBe(1);
  expect(noJava.output()).toMatch(/^Apache Kafka needs Java 17 or newer, and no java was found/);

  const port = await freePort();
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
  const taken = launch({ PORT: String(port) });
  expect(await taken.exit).toBe(1);
  expect(taken.output()).toMatch(new RegExp(`^PORT: ${port} is taken by another program`));
  await new Promise((resolve) => squatter.close(resolve));

  for (const { output } of [usage, settings, noJava, taken]) expect(output()).not.toMatch(/^\s+at /m);
  expect(readdirSync(dir)).toEqual([]);
});
