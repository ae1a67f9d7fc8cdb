import type { LoggerService } from '@nestjs/common';
import type { EventBatch } from '../bus.contract.ts';

/** What every part of a running bus shares. */
export interface BusRuntime {
  instanceId: string;
  logger: Pick<LoggerService, 'log' | 'warn' | 'error'>;
  /** Wraps each call of a handler; creates the span that the batch is handled in. */
  onBatch?: (batch: EventBatch<unknown>, run: () => Promise<void>) => Promise<void>;
  /** A place where a fault test may kill the process or throw. */
  failpoint?: (name: string) => void;
  random?: () => number;
}

/** Something that the consumer needs is away: pause, try again later, lose nothing. */
export class PausedError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'PausedError';
  }
}

/** The partition belongs to somebody else now; take it again before going on. */
export class PartitionLostError extends Error {
  constructor(group: string, topic: string, partition: number) {
    super(`${group} no longer owns ${topic}/${partition}`);
    this.name = 'PartitionLostError';
  }
}

/** Time between two tries while something is away: doubles from 50 ms to 2 s; one success resets it. */
export class Backoff {
  #failures = 0;

  nextMs(): number {
    return Math.min(2_000, 50 * 2 ** this.#failures++);
  }

  reset(): void {
    this.#failures = 0;
  }
}

/** Resolves after so many milliseconds, or at once when the signal is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal?.addEventListener('abort', finish, { once: true });
  });
}

const LOOK_AGAIN_MS = 10;

/**
 * Waits while a condition holds, a bounded time, and ends at once when the signal is aborted.
 * @returns the milliseconds waited, in steps of ten; 0 when the condition did not hold.
 */
export async function pauseWhile(condition: () => boolean, mostMs: number, signal: AbortSignal): Promise<number> {
  let waitedMs = 0;
  for (; waitedMs < mostMs && condition() && !signal.aborted; waitedMs += LOOK_AGAIN_MS) {
    await pause(LOOK_AGAIN_MS, signal);
  }
  return waitedMs;
}
