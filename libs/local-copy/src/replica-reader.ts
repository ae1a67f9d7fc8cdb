import type { Topic } from '@sluice/contracts';
import { comparePositions, parsePosition, type Position } from '@sluice/event-store';
import type { Pool } from 'pg';

/** What somebody waits for. */
export interface AwaitedPosition {
  topic: Topic;
  position: Position;
  services: readonly string[];
  /** An instance that is not waited for. */
  but?: string;
}

interface Waiter {
  awaited: AwaitedPosition;
  deadlineMs: number;
  resolve(applied: boolean): void;
}

interface ReplicaRow {
  service: string;
  instance: string;
  topic: string;
  /** Null: it has applied nothing yet. */
  position: Position | null;
}

/** A replica that has not been heard of for so long is not waited for. */
export const LIVE_MS = 5000;
const FIRST_PAUSE_MS = 4;
const LONGEST_PAUSE_MS = 32;

/**
 * Reads the board for everybody who waits in this process: one small query at a time, however many changes are
 * waiting (a script that creates 10,000 triggers at 128 connections would otherwise spend its time asking).
 */
export class ReplicaReader {
  readonly #pool: Pool;
  readonly #onError: (error: unknown) => void;
  #waiters: Waiter[] = [];
  #isReading = false;

  constructor(pool: Pool, onError: (error: unknown) => void) {
    this.#pool = pool;
    this.#onError = onError;
  }

  wait(awaited: AwaitedPosition, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiters.push({ awaited, deadlineMs: Date.now() + timeoutMs, resolve });
      if (!this.#isReading) void this.#read();
    });
  }

  /** Runs while somebody waits; a waiter is judged by reads that began after it came. */
  async #read(): Promise<void> {
    this.#isReading = true;
    let pauseMs = FIRST_PAUSE_MS;
    while (this.#waiters.length > 0) {
      const asked = this.#waiters;
      this.#waiters = [];
      const replicas = await this.#replicas();
      const nowMs = Date.now();
      const left = asked.filter((waiter) => !settle(waiter, replicas, nowMs));
      pauseMs = left.length < asked.length ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      this.#waiters.unshift(...left);
      if (this.#waiters.length > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    this.#isReading = false;
  }

  /** Null when the board cannot be read. */
  async #replicas(): Promise<ReplicaRow[] | null> {
    try {
      const { rows } = await this.#pool.query<{ service: string; instance: string; topic: string; at: string | null }>({
        name: 'replicas:live',
        text: `select service, instance, topic, epoch || ':' || transaction_id || ':' || position as at
          from replicas.positions where heartbeat_at > now() - $1 * interval '1 ms'`,
        values: [LIVE_MS],
      });
      return rows.map(({ service, instance, topic, at }) => ({
        service,
        instance,
        topic,
        position: at === null ? null : parsePosition(at),
      }));
    } catch (error) {
      this.#onError(error);
      return null;
    }
  }
}

/** Answers a waiter when it is known how it ends; @returns whether it is. */
function settle(waiter: Waiter, replicas: readonly ReplicaRow[] | null, nowMs: number): boolean {
  const { topic, position, services, but } = waiter.awaited;
  const isBehind = (row: ReplicaRow): boolean =>
    row.topic === topic &&
    services.includes(row.service) &&
    row.instance !== but &&
    (row.position === null || comparePositions(row.position, position) < 0);
  const applied = replicas !== null && !replicas.some(isBehind);
  if (!applied && replicas !== null && nowMs < waiter.deadlineMs) return false;
  waiter.resolve(applied);
  return true;
}
