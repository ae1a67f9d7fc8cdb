import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { askMetadata } from './kafka-metadata.ts';
import { type KafkaServer, startKafka } from './kafka-server.ts';
import { identify, isAlive } from './process-identity.ts';

const SLOW_MS = 90_000;
let top: string;
let dir: string;
const running: KafkaServer[] = [];

beforeEach(() => {
  top = mkdtempSync(path.join(tmpdir(), 'sluice-kafka-'));
  dir = path.join(top, 'kafka');
});
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  rmSync(top, { recursive: true, force: true });
});

async function start(log?: (line: string) => void): Promise<KafkaServer> {
  const server = await startKafka({ dir, ...(log ? { log } : {}) });
  running.push(server);
  return server;
}

const clusterIdIn = (directory: string): string =>
  (JSON.parse(readFileSync(path.join(directory, 'kafka.json'), 'utf8')) as { clusterId: string }).clusterId;

test(
  'a broker is ready when it answers with the cluster id that was made for it',
  async () => {
    const server = await start();
    const { clusterId, brokers } = await askMetadata(server.port, 2_000);
    expect(clusterId).toBe(clusterIdIn(dir));
    expect(brokers).toBe(1);
    await expect(startKafka({ dir })).rejects.toThrow(/another Sluice is running on/);
  },
  SLOW_MS,
);

test(
  'a broker that outlived its killed parent is ended, and another takes its place on the same port',
  async () => {
    const script = `
    const { startKafka } = await import(${JSON.stringify(path.join(import.meta.dirname, 'kafka-server.ts'))});
    const server = await startKafka({ dir: ${JSON.stringify(dir)} });
    console.log(JSON.stringify({ pid: server.pid, brokers: server.brokers }));
    setInterval(() => undefined, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const first = await new Promise<{ pid: number; brokers: string }>((resolve) =>
      parent.stdout.once('data', (chunk: Buffer) =>
        resolve(JSON.parse(chunk.toString()) as { pid: number; brokers: string }),
      ),
    );
    const orphan = identify(first.pid);
    const ended = new Promise((resolve) => parent.once('exit', resolve));
    parent.kill('SIGKILL');
    await ended;
    expect(orphan && isAlive(orphan)).toBe(true);

    const told: string[] = [];
    const server = await start((line) => told.push(line));
    expect(told).toEqual([`stopping an Apache Kafka (pid ${first.pid}) whose parent was killed`]);
    expect(server.brokers).toBe(first.brokers);
    expect(orphan && isAlive(orphan)).toBe(false);
  },
  SLOW_MS,
);

test('a port that answers, but not as Kafka does, is no broker', async () => {
  const stranger = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  const address = stranger.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await expect(askMetadata(port, 2_000)).rejects.toThrow(`port ${port} answers, but not as Kafka does`);
  await new Promise((resolve) => stranger.close(resolve));
});
