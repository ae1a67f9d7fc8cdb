import type { FirstUse } from './idempotency-keys.ts';

/** Keys of one statement; further ones wait for the next. */
const MAX_KEYS = 500;

interface Asked {
  key: Buffer;
  resolve(first: FirstUse | null): void;
  reject(error: unknown): void;
}

/**
 * Looks up keys before their requests are appended, all that were asked for meanwhile in one statement. Worth it only
 * while requests meet keys that memory has lost, or that another replica took: each such conflict splits a batch of
 * others' appends to find the one that is to blame (ten in a hundred cut the rate to a sixth). So a conflict switches the
 * looking on, and without conflicts it ends.
 */
export class FirstUseLookup {
  readonly #find: (keys: readonly Buffer[]) => Promise<ReadonlyMap<string, FirstUse>>;
  readonly #wariness: { forMs: number; now: () => number };
  #waryUntil = Number.NEGATIVE_INFINITY;
  #asked: Asked[] = [];
  #running = false;

  /**
   * @param find the first uses of keys, by the key as latin1.
   * @param wariness how long a conflict is a warning, in milliseconds, by this clock.
   */
  constructor(
    find: (keys: readonly Buffer[]) => Promise<ReadonlyMap<string, FirstUse>>,
    wariness: { forMs: number; now: () => number },
  ) {
    this.#find = find;
    this.#wariness = wariness;
  }

  /** A request met a key that nobody here knew. */
  conflicted(): void {
    this.#waryUntil = this.#wariness.now() + this.#wariness.forMs;
  }

  get isWorthwhile(): boolean {
    return this.#wariness.now() < this.#waryUntil;
  }

  /** @throws what the database threw. */
  find(key: Buffer): Promise<FirstUse | null> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ key, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#asked.length > 0) {
      const asked = this.#asked.splice(0, MAX_KEYS);
      try {
        const found = await this.#find(asked.map(({ key }) => key));
        for (const { key, resolve } of asked) resolve(found.get(key.toString('latin1')) ?? null);
        if (found.size > 0) this.conflicted();
      } catch (error) {
        for (const { reject } of asked) reject(error);
      }
    }
    this.#running = false;
  }
}
