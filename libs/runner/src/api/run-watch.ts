import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { EventStorePort, StoredEvent } from '@sluice/event-store';
import { InjectPool, InjectStore } from '@sluice/platform';
import type { Pool } from 'pg';
import { runnerError } from '../runner.errors.ts';

const log = new Logger('runner');
const MAX_WAITING = 5_000;
/** Runs may end in another replica, which only the table tells. */
const POLL_MS = 500;

/** Lets callers wait for the end of a run: at once when it ends in this process, within half a second elsewhere. */
@Injectable()
export class RunWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly waiting = new Map<string, Set<() => void>>();
  private count = 0;
  private timer: NodeJS.Timeout | null = null;
  private polling = false;
  private stopped = false;
  private unsubscribe: () => void = () => {};

  constructor(
    @InjectStore('runner') private readonly store: EventStorePort,
    @InjectPool('runner') private readonly pool: Pool,
  ) {}

  onApplicationBootstrap(): void {
    this.unsubscribe = this.store.onCommitted((events) => this.onCommitted(events));
  }

  /** Callers get the run as it is; it goes on without them. */
  beforeApplicationShutdown(): void {
    this.stopped = true;
    this.unsubscribe();
    for (const runId of this.waiting.keys()) this.wake(runId);
  }

  /**
   * Begins to wait; call it before looking at the run, so that its end in between is not missed.
   * `ended` resolves when the run has ended, the time is over, or the process stops; `stop` gives up.
   * @throws AppError `too_many_waiting`
   */
  open(runId: string, ms: number): { ended: Promise<void>; stop(): void } {
    if (this.count >= MAX_WAITING) throw runnerError('too_many_waiting', `${MAX_WAITING} callers wait already`);
    let stop = (): void => {};
    const ended = new Promise<void>((resolve) => {
      const timer = setTimeout(() => stop(), ms);
      stop = () => {
        clearTimeout(timer);
        this.remove(runId, stop);
        resolve();
      };
    });
    this.add(runId, stop);
    return { ended, stop };
  }

  private add(runId: string, waiter: () => void): void {
    if (this.stopped) return waiter();
    const waiters = this.waiting.get(runId) ?? new Set();
    this.waiting.set(runId, waiters.add(waiter));
    this.count++;
    this.timer ??= setInterval(() => void this.poll(), POLL_MS).unref();
  }

  private remove(runId: string, waiter: () => void): void {
    const waiters = this.waiting.get(runId);
    if (!waiters?.delete(waiter)) return;
    this.count--;
    if (waiters.size === 0) this.waiting.delete(runId);
    if (this.waiting.size > 0 || !this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
  }

  private wake(runId: string): void {
    for (const waiter of this.waiting.get(runId) ?? []) waiter();
  }

  private onCommitted(events: readonly StoredEvent[]): void {
    if (this.waiting.size === 0) return;
    for (const event of events) if (event.type === 'RunFinished') this.wake(event.streamId);
  }

  private async poll(): Promise<void> {
    if (this.polling) return;
    this.polling = true;
    try {
      const { rows } = await this.pool.query<{ id: string }>({
        name: 'runner_watch',
        text: `select stream_id as id from runner.events where stream_id = any($1::uuid[]) and type = 'RunFinished'`,
        values: [[...this.waiting.keys()]],
      });
      for (const { id } of rows) this.wake(id);
    } catch (error) {
      log.warn(`could not look whether runs have ended: ${(error as Error).message}`);
    } finally {
      this.polling = false;
    }
  }
}
