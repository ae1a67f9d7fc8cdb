import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { KafkaSettings } from '../kafka/kafka-client.ts';

export interface ChildSpec {
  url: string;
  /** The Kafka wiring; the Postgres bus when absent. */
  kafka?: KafkaSettings;
  /** Whether it has a consumer beside its relays. */
  consumes: boolean;
}

/** A process of the same wiring that a test may kill or freeze. */
export interface BusChild {
  /** SIGKILL: nothing is given back. */
  kill(): Promise<void>;
  /** SIGSTOP: to everybody else it is dead, and it knows nothing of it. */
  freeze(): void;
  /** SIGCONT: it wakes up late. */
  wake(): void;
  /** Lets it stop by itself. */
  close(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('./bus-child.fixture.ts', import.meta.url));
const START_TIMEOUT_MS = 30_000;

/** Resolves when the child has joined. */
export async function startBusChild(spec: ChildSpec): Promise<BusChild> {
  const args = ['--conditions=@sluice/source', PROGRAM, JSON.stringify(spec)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said = `${said}${data.toString()}`.slice(-4_000);
  });
  const exited = once(child, 'exit');
  await ready(child, exited, () => said);
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return {
    kill,
    freeze: () => void child.kill('SIGSTOP'),
    wake: () => void child.kill('SIGCONT'),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGCONT');
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

async function ready(child: ChildProcess, exited: Promise<unknown>, said: () => string): Promise<void> {
  const { stdout } = child;
  if (!stdout) throw new Error('a child without an output');
  const line = once(stdout, 'data').then(() => 'ready');
  const ended = exited.then(() => 'ended');
  const late = new Promise<string>((resolve) => setTimeout(() => resolve('late'), START_TIMEOUT_MS).unref());
  const outcome = await Promise.race([line, ended, late]);
  if (outcome === 'ready') return;
  child.kill('SIGKILL');
  throw new Error(`the child did not become ready (${outcome}): ${said()}`);
}
