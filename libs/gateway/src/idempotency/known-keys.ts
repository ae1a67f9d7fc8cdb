import type { FirstUse } from './idempotency-keys.ts';

/** A key that a request of this process has brought: on its way to the store, or accepted. */
type Known = { pending: Promise<void> } | { first: FirstUse };

/**
 * The keys that this process saw last, the oldest make room. It answers repeats without the database, and lets the
 * second of two simultaneous requests wait for the first, so that the same key is never twice in a batch.
 */
export class KnownKeys {
  readonly #known = new Map<string, Known>();

  constructor(
    private readonly maxKeys: number,
    private readonly windowMs: number,
  ) {}

  get size(): number {
    return this.#known.size;
  }

  /** The first use of the key, a promise while it is being decided, or null when this process knows of none. */
  find(key: string, now: number): FirstUse | Promise<void> | null {
    const known = this.#known.get(key);
    if (known === undefined) return null;
    if ('pending' in known) return known.pending;
    if (now - known.first.acceptedAt.getTime() < this.windowMs) return known.first;
    this.#known.delete(key);
    return null;
  }

  /** A request with this key goes to the store; the function that comes back tells how it went, null: not accepted. */
  begin(key: string): (first: FirstUse | null) => void {
    let decided: () => void = () => undefined;
    const pending = new Promise<void>((resolve) => {
      decided = resolve;
    });
    const entry = { pending };
    this.#known.set(key, entry);
    return (first) => {
      // What a conflict has told meanwhile stays.
      if (this.#known.get(key) === entry) this.#known.delete(key);
      if (first) this.add(key, first);
      decided();
    };
  }

  add(key: string, first: FirstUse): void {
    this.#known.set(key, { first });
    if (this.#known.size <= this.maxKeys) return;
    // A hundredth at a time, as in fixed-windows.ts.
    const room = this.maxKeys - Math.floor(this.maxKeys / 100);
    for (const [oldest, known] of this.#known) {
      // Who waits for a decision holds on to its promise; it is never dropped here.
      if ('first' in known) this.#known.delete(oldest);
      if (this.#known.size <= room) return;
    }
  }
}
