import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type BatchWriter, RolledBackError, type WrittenBatch } from './batch-writer.ts';
import { isAnswer, isDeadlock } from './database-errors.ts';
import { InvalidAppendError } from './event-store.errors.ts';
import type { PendingUnit } from './pending-unit.ts';
import type { Separation } from './separation.ts';
import type { StoreClient, StoreConnections, StoreLogger } from './store-connections.ts';
import { TransientError } from './transient-error.ts';

export interface LaneSettings {
  connections: StoreConnections;
  writer: BatchWriter;
  separation: Separation;
  logger: StoreLogger;
  /** The longest that a batch may be on its way before the connection is given up, in milliseconds. */
  batchTimeoutMs: number;
  /**
   * Called synchronously after a commit, before anything else is sent on this lane. The duration is unknown of a batch
   * whose answer was lost and that was found written.
   */
  onWritten(units: readonly PendingUnit[], batch: WrittenBatch, durationMs: number | null): void;
  /** Takes back what was not sent, or is known not to be committed. */
  putBack(units: readonly PendingUnit[]): void;
  /** Called when the lane has a connection and nothing to do. */
  onIdle(): void;
}

/** The connection broke while these units were on their way: they may or may not be committed. */
interface Loss {
  units: readonly PendingUnit[];
  connected: StoreClient;
  cause: unknown;
}

class NoAnswerError extends Error {}

const MAX_DEADLOCKS = 5;
const MAX_LOSSES = 2;
/**
 * Statements that ride along are planned for the size their tables had, and a table that was small and analysed then
 * is walked as a whole for each row later (100,000 rows: 25,808 buffers instead of 16). So plans are made anew after
 * this many rows, about 2 ms each time, but not more often than this. A queue that fills up is the case in point.
 */
const REPLAN_ROWS = 5000;
const REPLAN_MS = 1000;
const FIRST_BACKOFF_MS = 25;
const MAX_BACKOFF_MS = 1000;

/** One connection that appends, one batch after the other; it comes back by itself when the database does. */
export class Lane {
  readonly #settings: LaneSettings;
  #connected: StoreClient | null = null;
  #isBusy = false;
  #isClosed = false;
  #isAway = false;
  #rowsSincePlan = 0;
  #plannedAt = 0;
  /** How often the connection was lost. */
  losses = 0;
  /** How often PostgreSQL ended a batch because it and another transaction waited for each other. */
  deadlocks = 0;

  constructor(settings: LaneSettings) {
    this.#settings = settings;
  }

  get isIdle(): boolean {
    return this.#connected !== null && !this.#isBusy;
  }

  /** @throws when the database is away. */
  async open(): Promise<void> {
    this.#adopt(await this.#settings.connections.connect());
  }

  #adopt(connected: StoreClient): void {
    if (this.#isClosed) {
      connected.client.release(true);
      throw new TransientError('the event store is closed');
    }
    this.#connected = connected;
    const onEnd = (error?: Error) => {
      if (this.#connected !== connected) return;
      this.#abandon(error);
      if (!this.#isBusy) void this.#recover(null);
    };
    connected.client.once('end', onEnd);
    connected.client.once('error', onEnd);
  }

  #abandon(cause: unknown): void {
    const connected = this.#connected;
    this.#connected = null;
    if (!connected) return;
    this.losses++;
    this.#isAway = true;
    this.#settings.logger.warn(`append connection lost: ${messageOf(cause)}`);
    connected.client.release(true);
  }

  /** Commits the units or answers each with its error; never rejects. */
  async run(units: readonly PendingUnit[]): Promise<void> {
    this.#isBusy = true;
    const work: (readonly PendingUnit[])[] = [units];
    let loss: Loss | null = null;
    for (let next = work.pop(); next; next = work.pop()) {
      const current = next.filter((unit) => !unit.settled);
      const connected = this.#connected;
      if (current.length === 0) continue;
      if (!connected) {
        work.push(current);
        break;
      }
      try {
        work.push(...(await this.#send(connected, current)));
      } catch (error) {
        loss = { units: current, connected, cause: error };
        if (this.#connected === connected) this.#abandon(error);
        break;
      }
    }
    this.#settings.putBack(work.reverse().flat());
    if (this.#connected) this.#becomeIdle();
    else await this.#recover(loss);
  }

  #becomeIdle(): void {
    if (this.#isAway) this.#settings.logger.log('append connection is back');
    this.#isAway = false;
    this.#isBusy = false;
    this.#settings.onIdle();
  }

  /** Sends a batch and returns what has to be sent again, last first. @throws when the outcome is unknown. */
  async #send(connected: StoreClient, units: readonly PendingUnit[]): Promise<(readonly PendingUnit[])[]> {
    for (let deadlocks = 0; ; deadlocks++) {
      try {
        await this.#replan(connected, units);
        const startMs = performance.now();
        const batch = await this.#timed(connected, units);
        this.#settings.onWritten(units, batch, performance.now() - startMs);
        return [];
      } catch (error) {
        const isKnown = isAnswer(error) || error instanceof InvalidAppendError || error instanceof RolledBackError;
        if (!isKnown) throw error;
        const isVictim = isAnswer(error) && isDeadlock(error);
        if (isVictim) this.deadlocks++;
        if (isVictim && deadlocks < MAX_DEADLOCKS) continue;
        return await this.#separate(connected, units, error);
      }
    }
  }

  async #replan(connected: StoreClient, units: readonly PendingUnit[]): Promise<void> {
    const now = performance.now();
    if (this.#rowsSincePlan > REPLAN_ROWS && now - this.#plannedAt > REPLAN_MS) {
      await connected.client.query('discard plans');
      this.#rowsSincePlan = 0;
      this.#plannedAt = now;
    }
    for (const unit of units) this.#rowsSincePlan += unit.alongsideRows;
  }

  /** Nothing was committed; when even that cannot be sorted out, the callers may simply try again. */
  async #separate(connected: StoreClient, units: readonly PendingUnit[], error: unknown) {
    try {
      return await this.#settings.separation.separate(connected.client, units, error);
    } catch (failure) {
      for (const unit of units) unit.reject(new TransientError('a refused batch could not be looked into', failure));
      return [];
    }
  }

  /** A database that neither answers nor hangs up (a frozen host) must not hold the lane for ever. */
  async #timed(connected: StoreClient, units: readonly PendingUnit[]): Promise<WrittenBatch> {
    const { batchTimeoutMs, writer } = this.#settings;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new NoAnswerError(`no answer for ${batchTimeoutMs} ms`)), batchTimeoutMs);
    });
    try {
      return await Promise.race([writer.write(connected, units), timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Comes back with a connection, settles what was on its way when the last one broke, and reports idle. */
  async #recover(loss: Loss | null): Promise<void> {
    this.#isBusy = true;
    let unsettled = loss;
    let isReported = false;
    for (let backoffMs = FIRST_BACKOFF_MS; !this.#isClosed; backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)) {
      try {
        if (!this.#connected) await this.open();
        if (unsettled) await this.#settle(unsettled);
        unsettled = null;
        if (this.#connected) return this.#becomeIdle();
      } catch (error) {
        if (!isReported) this.#settings.logger.warn(`no append connection, trying on: ${messageOf(error)}`);
        isReported = true;
      }
      await delay(backoffMs * (0.5 + Math.random() / 2));
    }
    for (const unit of unsettled?.units ?? []) unit.reject(outcomeUnknown(unsettled?.cause));
    this.#isBusy = false;
  }

  /**
   * Finds out what became of a batch whose answer was lost. Its server process is ended first: as long as it lives it
   * may still commit, after the same events were sent again and behind the back of those who are told of commits.
   */
  async #settle(loss: Loss): Promise<void> {
    const { units, cause } = loss;
    const client = this.#connected?.client;
    if (!client) throw new TransientError('connection lost again', cause);
    for (;;) {
      const { rowCount } = await client.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_start = $2::timestamptz',
        [loss.connected.backend.pid, loss.connected.backend.startedAt],
      );
      if (rowCount === 0) break;
      await delay(20);
    }
    const hasEvents = units.some((unit) => unit.events.length > 0);
    const found = hasEvents ? await this.#settings.writer.findWritten(client, units) : null;
    if (found) return this.#settings.onWritten(units, found, null);
    const again: PendingUnit[] = [];
    for (const unit of units) {
      unit.losses++;
      // Free SQL is not run twice, and a unit that is there whenever the connection breaks may be what breaks it.
      if (hasEvents && !unit.alone && unit.losses < MAX_LOSSES) again.push(unit);
      else unit.reject(outcomeUnknown(cause));
    }
    this.#settings.putBack(again);
  }

  close(): void {
    this.#isClosed = true;
    const connected = this.#connected;
    this.#connected = null;
    connected?.client.release();
  }
}

function outcomeUnknown(cause: unknown): TransientError {
  return new TransientError('the connection broke during a commit; its outcome is unknown', cause);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the server hung up';
}
