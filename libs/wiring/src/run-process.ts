import { flushTracing } from '@sluice/observability';
import { DatabaseNotUsableError, SettingsError } from '@sluice/platform';
import { collectWhenIdle, keepYoungObjectsYoung } from './garbage-collection.ts';

/** How long a shutdown may take before the process ends anyway (OP-02). */
const SHUTDOWN_MS = 25_000;

/** npm repeats to its child what the terminal has sent to both already; a person who presses Ctrl-C again is slower. */
const REPEAT_MS = 400;

/** Something the operator has to mend; printed as one message without a stack trace. */
export class OperatorError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OperatorError';
  }
}

/** Errors of listening in words; null for every other error. */
function listenFailure(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { code, syscall, address, port, hostname } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
    hostname?: string;
  };
  if (code === 'EADDRINUSE')
    return `PORT: ${port} is taken by another program; choose another with PORT=… (0 picks a free one)`;
  if (syscall === 'listen' && code === 'EACCES')
    return `PORT: this user may not listen on ${port}; choose one above 1023 with PORT=… (0 picks a free one)`;
  if ((syscall === 'listen' && address !== undefined) || (syscall === 'getaddrinfo' && hostname !== undefined))
    return `HOST: ${address ?? hostname} is no address of this machine (${code}); use 127.0.0.1 for this machine only, or 0.0.0.0 for every network it is in`;
  return null;
}

/** What an operator reads when a start fails: what is wrong and what to do, or the stack when nobody foresaw it. */
export function startFailure(error: unknown): string {
  const shown =
    error instanceof SettingsError || error instanceof DatabaseNotUsableError || error instanceof OperatorError;
  if (shown) return (error as Error).message;
  const listening = listenFailure(error);
  if (listening) return listening;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Closes what runs, sends the last traces, and ends the process with what became of it. */
async function end(running: { close(): Promise<void> }): Promise<never> {
  let code = 0;
  try {
    await running.close();
  } catch (error) {
    process.stderr.write(`${startFailure(error)}\n`);
    code = 1;
  }
  await flushTracing();
  process.exit(code);
}

/**
 * Runs a program until SIGTERM or SIGINT, then closes it within 25 s. A second signal ends it at once. A failed start
 * prints one message and exits with 1.
 */
export async function runProcess(start: () => Promise<{ close(): Promise<void> }>): Promise<void> {
  keepYoungObjectsYoung();
  let running: { close(): Promise<void> } | null = null;
  let stopping = false;
  let lastMs = Number.NEGATIVE_INFINITY;
  const stop = (signal: string): void => {
    const isRepeat = performance.now() - lastMs < REPEAT_MS;
    lastMs = performance.now();
    if (isRepeat) return;
    if (stopping) process.exit(1);
    stopping = true;
    const timer = setTimeout(() => {
      process.stderr.write(`did not stop within ${SHUTDOWN_MS / 1000} s after ${signal}: ended\n`);
      process.exit(1);
    }, SHUTDOWN_MS);
    timer.unref();
    if (running) void end(running);
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  try {
    running = await start();
    if (stopping) await end(running);
    collectWhenIdle();
  } catch (error) {
    process.stderr.write(`${startFailure(error)}\n`);
    process.exit(1);
  }
}
