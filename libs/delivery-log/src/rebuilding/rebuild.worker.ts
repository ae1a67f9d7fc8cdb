import { randomUUID } from 'node:crypto';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { isTransientError } from '@sluice/event-store';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { Rebuilder, type RunningRebuild } from './rebuilder.ts';
import { Rebuilds } from './rebuilds.ts';
import { ShadowTables } from './shadow-tables.ts';

const log = new Logger('delivery-log.rebuild');
const EVERY_MS = 1_000;

/** Works at the rebuild that was asked for; goes on with one whose process died. */
@Injectable()
export class RebuildWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #owner = randomUUID();
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #working: Promise<void> = Promise.resolve();

  constructor(
    @InjectPool('delivery-log') private readonly pool: Pool,
    private readonly rebuilds: Rebuilds,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setTimeout(() => (this.#working = this.#turn()), EVERY_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stop.abort();
    if (this.#timer) clearTimeout(this.#timer);
    await this.#working;
  }

  async #turn(): Promise<void> {
    try {
      await this.work();
    } catch (error) {
      if (!this.#stop.signal.aborted) log.warn(`a rebuild waits for its next turn: ${(error as Error).message}`);
    }
    if (!this.#stop.signal.aborted) this.#timer = setTimeout(() => (this.#working = this.#turn()), EVERY_MS);
  }

  /** Resolves when there is nothing to do, or it is done. */
  async work(): Promise<void> {
    const rebuild = await this.rebuilds.take(this.#owner);
    if (!rebuild) return;
    if (rebuild.isCancelled) return this.#cancel(rebuild);
    try {
      await new Rebuilder(this.pool, rebuild, this.#owner, this.#stop.signal).run();
      log.log(`${rebuild.projection} was built again and is live`);
    } catch (error) {
      await this.#afterError(rebuild, error);
    }
  }

  /** First the tables: as long as it runs, nobody else makes any. */
  async #cancel({ id, projection }: RunningRebuild): Promise<void> {
    await new ShadowTables(this.pool, []).drop();
    await this.rebuilds.endCancelled(id, this.#owner);
    log.log(`building ${projection} again was cancelled, the live one stays`);
  }

  async #afterError(rebuild: RunningRebuild, error: unknown): Promise<void> {
    if (this.#stop.signal.aborted) return this.rebuilds.release(rebuild.id, this.#owner);
    if (isTransientError(error)) throw error;
    if (await this.rebuilds.isCancelled(rebuild.id, this.#owner)) return this.#cancel(rebuild);
    if (!(await this.rebuilds.fail(rebuild.id, this.#owner, (error as Error).message))) return;
    log.error(`${rebuild.projection} could not be built again, the live one stays: ${(error as Error).stack}`);
    await new ShadowTables(this.pool, []).drop();
  }
}
