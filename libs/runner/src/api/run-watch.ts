import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type EventStorePort, lastVersionSql, type StoredEvent } from '@sluice/event-store';
import { InjectPool, InjectStore } from '@sluice/platform';
import type { Pool } from 'pg';
import { runnerError } from '../runner.errors.ts';

const log = new Logger('runner');
const MAX_WATCHING = 5_000;
/** Runs may move in another replica, which only the table tells. */
const POLL_MS = 250;

/** What a watcher learns: that there is something new of the run, and whether it was its end. */
export type RunMoved = (finished: boolean) => void;

interface WatchedRun {
  /** The newest version that its watchers were told of; null before anything was. */
  version: number | null;
  watchers: Set<RunMoved>;
}

/** The newest event of each run that is newer than what is known; one look for all of them, by primary key. */
const NEWER = {
  name: 'runner_watch',
  text: `select w.id, l.version, l.type from unnest($1::uuid[], $2::int[]) as w(id, known)
    cross join lateral (select ${lastVersionSql('runner.events', 'e')} as version, e.type from runner.events e
      where e.stream_id = w.id order by e.version desc limit 1) as l where l.version > w.known`,
};

/**
 * Tells callers that a run moves on: at once when it moves in this process, within a quarter of a second when it moves
 * in another replica. Whatever number of callers wait, that is one statement per look, and none while nobody waits.
 */
@Injectable()
export class RunWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly watched = new Map<string, WatchedRun>();
  private readonly stopping = new Set<() => void>();
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
    for (const stop of this.stopping) stop();
  }

  /**
   * Watches a run until the returned function is called; call it before looking at the run, so that nothing is missed.
   * @param onStop the process stops: whoever watches here should end.
   * @throws AppError `too_many_waiting`
   */
  watch(runId: string, onMoved: RunMoved, onStop: () => void): () => void {
    if (this.count >= MAX_WATCHING) throw runnerError('too_many_waiting', `${MAX_WATCHING} callers wait already`);
    if (this.stopped) {
      onStop();
      return () => {};
    }
    const run = this.watched.get(runId) ?? { version: null, watchers: new Set() };
    this.watched.set(runId, run);
    // A function of its own, because two callers may pass the same one.
    const watcher: RunMoved = (finished) => onMoved(finished);
    const stop = (): void => onStop();
    run.watchers.add(watcher);
    this.stopping.add(stop);
    this.count++;
    this.timer ??= setInterval(() => void this.poll(), POLL_MS).unref();
    return () => {
      this.stopping.delete(stop);
      this.remove(runId, run, watcher);
    };
  }

  /**
   * Begins to wait for the end of a run. `ended` resolves when the run has ended, the time is over, or the process stops;
   * `stop` gives up.
   * @throws AppError `too_many_waiting`
   */
  open(runId: string, ms: number): { ended: Promise<void>; stop(): void } {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => stop(), ms);
    const stop = (): void => {
      clearTimeout(timer);
      unwatch();
      resolve();
    };
    let unwatch = (): void => {};
    try {
      unwatch = this.watch(runId, (finished) => finished && stop(), stop);
    } catch (error) {
      clearTimeout(timer);
      throw error;
    }
    return { ended, stop };
  }

  private remove(runId: string, run: WatchedRun, watcher: RunMoved): void {
    if (!run.watchers.delete(watcher)) return;
    this.count--;
    if (run.watchers.size === 0 && this.watched.get(runId) === run) this.watched.delete(runId);
    if (this.watched.size > 0 || !this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
  }

  private moved(runId: string, version: number, finished: boolean): void {
    const run = this.watched.get(runId);
    if (!run || (run.version !== null && version <= run.version)) return;
    run.version = version;
    for (const watcher of run.watchers) watcher(finished);
  }

  private onCommitted(events: readonly StoredEvent[]): void {
    if (this.watched.size === 0) return;
    for (const event of events) {
      if (event.topic === 'runner.events') this.moved(event.streamId, event.version, event.type === 'RunFinished');
    }
  }

  private async poll(): Promise<void> {
    if (this.polling) return;
    this.polling = true;
    try {
      const runs = [...this.watched];
      const values = [runs.map(([id]) => id), runs.map(([, run]) => run.version ?? 0)];
      const { rows } = await this.pool.query<{ id: string; version: number; type: string }>({ ...NEWER, values });
      for (const { id, version, type } of rows) this.moved(id, version, type === 'RunFinished');
    } catch (error) {
      log.warn(`could not look whether runs have moved: ${(error as Error).message}`);
    } finally {
      this.polling = false;
    }
  }
}
