import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Payloads } from '@sluice/payloads';

const log = new Logger('gateway.payloads');
const EVERY_MS = 3_600_000;

/**
 * Removes payloads that no event refers to: a body is stored before its append, and the append may never come (the
 * process died, the request was a repeat). Once an hour; any number of replicas may do it at once.
 */
@Injectable()
export class OrphanSweepWorker implements OnApplicationBootstrap, OnApplicationShutdown {
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(private readonly payloads: Payloads) {}

  onApplicationBootstrap(): void {
    // Not all replicas of a deployment in the same second.
    this.#timer = setInterval(() => this.sweep(), EVERY_MS * (0.9 + 0.2 * Math.random())).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#sweeping;
  }

  /** Never rejects: what could not be swept now is swept in an hour. */
  sweep(): Promise<void> {
    this.#sweeping = this.payloads.sweepOrphans().then(
      (count) => {
        if (count > 0) log.log(`${count} payloads that nothing refers to were removed`);
      },
      (error: unknown) => log.warn(`payloads that nothing refers to were not removed: ${(error as Error).message}`),
    );
    return this.#sweeping;
  }
}
