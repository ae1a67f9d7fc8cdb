import { randomUUID } from 'node:crypto';
import type { BusRuntime } from '../consuming/bus-runtime.ts';
import { pause } from '../consuming/bus-runtime.ts';
import type { CheckpointKey, CheckpointState, GroupTables } from '../consuming/group-tables.ts';

const nameOf = (key: CheckpointKey): string => `${key.group}/${key.topic}/${key.partition}`;

/**
 * Keeps the leases of one service's consumers in this process. Leases are rows with an end, not session locks, which a
 * connection pooler would break; another instance takes over `leaseMs` after the last renewal of a dead one.
 */
export class LeaseKeeper {
  readonly #tables: GroupTables;
  readonly #owner: string;
  readonly #leaseMs: number;
  readonly #alone: boolean;
  /** Until when (monotonic milliseconds) each lease is certainly ours. */
  readonly #until = new Map<string, number>();
  readonly #ended: Promise<void>;

  /** `alone`: this process is known to be the only one, so leases are taken at once and never have to be renewed. */
  constructor(
    tables: GroupTables,
    options: { instanceId: string; leaseMs: number; alone: boolean; signal: AbortSignal; logger: BusRuntime['logger'] },
  ) {
    this.#tables = tables;
    this.#owner = `${options.instanceId}/${randomUUID()}`;
    this.#leaseMs = options.leaseMs;
    this.#alone = options.alone;
    this.#ended = options.alone ? Promise.resolve() : this.#renew(options.signal, options.logger);
  }

  async take(key: CheckpointKey): Promise<CheckpointState | null> {
    const asked = performance.now();
    const lease = { owner: this.#owner, leaseMs: this.#leaseMs, force: this.#alone };
    const state = await this.#tables.takeLeased(key, lease);
    if (state) this.#until.set(nameOf(key), this.#alone ? Number.POSITIVE_INFINITY : asked + this.#leaseMs);
    return state;
  }

  holds(key: CheckpointKey): boolean {
    return (this.#until.get(nameOf(key)) ?? 0) > performance.now();
  }

  /** Lets another instance take over at once. */
  async release(): Promise<void> {
    await this.#ended;
    this.#until.clear();
    await this.#tables.releaseLeases(this.#owner);
  }

  async #renew(signal: AbortSignal, logger: BusRuntime['logger']): Promise<void> {
    while (!signal.aborted) {
      await pause(this.#leaseMs / 4, signal);
      if (signal.aborted || this.#until.size === 0) continue;
      const asked = performance.now();
      try {
        const held = await this.#tables.renewLeases({ owner: this.#owner, leaseMs: this.#leaseMs });
        const names = new Set(held.map(nameOf));
        for (const name of this.#until.keys()) {
          if (names.has(name)) this.#until.set(name, asked + this.#leaseMs);
          else this.#until.delete(name);
        }
      } catch (error) {
        logger.warn(`leases of consumers were not renewed: ${String(error)}`);
      }
    }
  }
}
