import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { InjectPool, metrics, type Rate } from '@sluice/platform';
import type { Pool } from 'pg';
import { GATEWAY_LIMITS } from '../gateway.config.ts';
import { FixedWindows, type RateStanding } from './fixed-windows.ts';
import { readHits, sweepRateWindows, tellHits } from './rate-windows-table.ts';

const log = new Logger('gateway.limits');

const SWEEP_EVERY_MS = 60_000;
/** One warning for an absence of the database, not four a second. */
const WARN_EVERY_MS = 60_000;

/**
 * The windows of this process, exchanged with those of the other replicas through a table: all hits of an interval in
 * one statement, and one that reads what the others told. So several replicas together let pass at most what arrives
 * within one interval more than one would. With the database away each counts for itself.
 */
@Injectable()
export class RateWindows implements OnModuleInit, OnApplicationShutdown {
  readonly #windows = new FixedWindows(GATEWAY_LIMITS.maxRateKeys);
  #timer: NodeJS.Timeout | null = null;
  #exchanging: Promise<void> = Promise.resolve();
  #stopped = false;
  #horizon = '0';
  #sweptAt = performance.now();
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(@InjectPool('gateway') private readonly pool: Pool) {
    const windows = this.#windows;
    metrics.gauge('sluice_gateway_rate_keys', 'Addresses, triggers and apps counted at this moment', [], (gauge) =>
      gauge.set(windows.size),
    );
  }

  async onModuleInit(): Promise<void> {
    await this.exchange();
    this.#arm();
  }

  /** Where the next request of a key would stand; nothing is counted. */
  peek(key: string, rate: Rate): RateStanding {
    return this.#windows.peek(key, rate, performance.now());
  }

  /** Counts one request of a key, unless it is one too many. */
  take(key: string, rate: Rate): RateStanding {
    return this.#windows.take(key, rate, performance.now());
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#exchanging;
    // The others go on counting from what this process has seen.
    await this.exchange();
  }

  /** Tells the other replicas what was counted here, and takes over what they have counted. Never rejects. */
  exchange(): Promise<void> {
    this.#exchanging = this.#exchanging.then(() => this.#exchange());
    return this.#exchanging;
  }

  async #exchange(): Promise<void> {
    const takenAt = performance.now();
    const untold = this.#windows.takeUntold(GATEWAY_LIMITS.maxRateKeysPerExchange, takenAt);
    try {
      if (untold.length > 0) await tellHits(this.pool, untold);
    } catch (error) {
      this.#windows.putBack(untold, takenAt);
      this.#warn(error);
      return;
    }
    try {
      const { hits, horizon } = await readHits(this.pool, this.#horizon);
      this.#horizon = horizon;
      this.#windows.merge(hits, performance.now());
      await this.#sweepSometimes();
    } catch (error) {
      this.#warn(error);
    }
  }

  #arm(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.exchange().then(() => this.#arm()), GATEWAY_LIMITS.rateExchangeMs).unref();
  }

  async #sweepSometimes(): Promise<void> {
    const now = performance.now();
    if (now - this.#sweptAt < SWEEP_EVERY_MS) return;
    this.#sweptAt = now;
    this.#windows.sweep(now);
    await sweepRateWindows(this.pool);
  }

  #warn(error: unknown): void {
    const now = performance.now();
    if (now - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = now;
    log.warn(`rate limits are counted by this process alone: ${(error as Error).message}`);
  }
}
