/** `new`: yours to handle; `busy`: being handled at this moment; `done`: it was handled before. */
export type Claimed = 'new' | 'busy' | 'done';

/**
 * Remembers which events were handled, because every delivery may come more than once. With several processes, keep it
 * where all of them look: a table with the id as its key, or a store with "set if absent".
 */
export interface ReplayGuard {
  /** Takes an id; nobody else gets `new` for it until it is released. */
  claim(id: string): Claimed | Promise<Claimed>;
  /** It was handled, and will not be again. */
  done(id: string): void | Promise<void>;
  /** It was not handled: its next attempt is `new`. */
  release(id: string): void | Promise<void>;
}

/** Longer than the last attempt of the default schedule, which comes after about 28 hours. */
const KEPT_MS = 3 * 24 * 3_600_000;
const MOST = 100_000;

/** For one process; forgets everything at its end, and the oldest ids when there are too many. */
export class MemoryReplayGuard implements ReplayGuard {
  readonly #ids = new Map<string, { state: 'busy' | 'done'; atMs: number }>();
  readonly #options: { keptMs: number; most: number; now: () => number };

  constructor(options: { keptMs?: number; most?: number; now?: () => number } = {}) {
    this.#options = { keptMs: KEPT_MS, most: MOST, now: Date.now, ...options };
  }

  claim(id: string): Claimed {
    this.#forget();
    const known = this.#ids.get(id);
    if (known) return known.state;
    this.#ids.set(id, { state: 'busy', atMs: this.#options.now() });
    return 'new';
  }

  done(id: string): void {
    this.#ids.delete(id);
    this.#ids.set(id, { state: 'done', atMs: this.#options.now() });
  }

  release(id: string): void {
    this.#ids.delete(id);
  }

  #forget(): void {
    const { keptMs, most, now } = this.#options;
    for (const [id, { atMs }] of this.#ids) {
      if (this.#ids.size < most && now() - atMs < keptMs) return;
      this.#ids.delete(id);
    }
  }
}
