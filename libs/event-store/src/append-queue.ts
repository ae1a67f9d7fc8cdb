import { performance } from 'node:perf_hooks';
import type { BatchQueue } from './batch-queue.ts';
import type { Company } from './company.ts';
import type { Committed } from './event-store.contract.ts';
import type { Lane } from './lane.ts';
import type { PendingUnit, PreparedUnit } from './pending-unit.ts';
import { TransientError } from './transient-error.ts';
import { WaitingUnit } from './waiting-unit.ts';

export interface AppendQueueSettings {
  queue: BatchQueue;
  company: Company;
  /** After this time, in milliseconds, a caller is told that the database is away. */
  maxWaitMs: number;
  /** Events and bytes that may wait before further ones are refused. */
  maxQueuedEvents: number;
  maxQueuedBytes: number;
}

const SWEEP_MS = 100;

/** Hands waiting units to idle lanes: at once when one is idle, in batches that grow while the lanes are busy. */
export class AppendQueue {
  readonly #settings: AppendQueueSettings;
  readonly #queue: BatchQueue;
  readonly #streamsOnTheirWay = new Set<string>();
  readonly #unanswered = new Set<PendingUnit>();
  #lanes: readonly Lane[] = [];
  #immediate: NodeJS.Immediate | null = null;
  #timer: NodeJS.Timeout | null = null;
  #sweeper: NodeJS.Timeout | null = null;
  #drained: (() => void) | null = null;
  readonly stats = { batches: 0 };
  readonly #onSettled = (unit: PendingUnit): void => {
    this.#unanswered.delete(unit);
    if (this.#unanswered.size > 0) return;
    if (this.#sweeper) clearInterval(this.#sweeper);
    this.#sweeper = null;
    this.#drained?.();
  };

  constructor(settings: AppendQueueSettings) {
    this.#settings = settings;
    this.#queue = settings.queue;
  }

  use(lanes: readonly Lane[]): void {
    this.#lanes = lanes;
  }

  get events(): number {
    return this.#queue.events;
  }

  add(unit: PreparedUnit, lingerMs: number): Promise<Committed> {
    const { maxQueuedEvents, maxQueuedBytes, maxWaitMs } = this.#settings;
    const isFull = this.#queue.events >= maxQueuedEvents || this.#queue.bytes >= maxQueuedBytes;
    if (isFull) return Promise.reject(new TransientError(`${this.#queue.events} events wait for the database already`));
    return new Promise<Committed>((resolve, reject) => {
      const now = performance.now();
      const waitMs = Math.max(lingerMs, this.#settings.company.waitMsAt(now, this.#queue.units));
      const times = { dueAt: now + waitMs, deadlineAt: now + waitMs + maxWaitMs };
      const pending = new WaitingUnit(unit, times, { resolve, reject }, this.#onSettled);
      this.#unanswered.add(pending);
      this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS);
      this.#queue.push(pending);
      this.schedule();
    });
  }

  #sweep(): void {
    const now = performance.now();
    let isLate = false;
    for (const unit of this.#unanswered) {
      if (unit.deadlineAt > now) continue;
      isLate = true;
      unit.reject(
        new TransientError(`no commit within ${this.#settings.maxWaitMs} ms: the database is away or too slow`),
      );
    }
    if (isLate) this.#queue.dropSettled();
  }

  putBack(units: readonly PendingUnit[]): void {
    if (units.length > 0) this.#queue.putBack(units);
  }

  /** Looks for a lane now, or at the time the most urgent unit asks for. */
  schedule(): void {
    if (this.#immediate || this.#queue.units === 0 || !this.#lanes.some((lane) => lane.isIdle)) return;
    const waitMs = this.#queue.dueAt - performance.now();
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (waitMs > 0) {
      this.#timer = setTimeout(() => this.#flush(), Math.ceil(waitMs));
      return;
    }
    this.#immediate = setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#immediate = null;
    for (const lane of this.#lanes) {
      if (!lane.isIdle) continue;
      const units = this.#queue.take(this.#streamsOnTheirWay);
      if (units.length === 0) return;
      void this.#run(lane, units);
    }
  }

  async #run(lane: Lane, units: readonly PendingUnit[]): Promise<void> {
    this.stats.batches++;
    const streams = units.flatMap((unit) => unit.streams);
    for (const stream of streams) this.#streamsOnTheirWay.add(stream);
    await lane.run(units);
    for (const stream of streams) this.#streamsOnTheirWay.delete(stream);
    this.schedule();
  }

  /** Resolves when every unit has been answered, which its deadline guarantees. */
  async drain(): Promise<void> {
    if (this.#unanswered.size > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#immediate) clearImmediate(this.#immediate);
    this.#lanes = [];
  }
}
