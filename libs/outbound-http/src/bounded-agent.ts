import { Dispatcher, Pool } from 'undici';

export interface BoundedAgentOptions {
  pool: Pool.Options;
  /** Origins whose connections are kept; the one used longest ago is closed for a new one. */
  maxOrigins: number;
}

/**
 * Keep-alive pools, one per origin, at most `maxOrigins`. undici's own Agent refuses a request past its bound; here
 * the least recently used pool ends after its running requests instead.
 */
export class BoundedAgent extends Dispatcher {
  readonly #pools = new Map<string, Pool>();
  readonly #options: BoundedAgentOptions;
  readonly #closing = new Set<Promise<void>>();

  constructor(options: BoundedAgentOptions) {
    super();
    this.#options = options;
  }

  get size(): number {
    return this.#pools.size;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return this.#poolOf(String(options.origin)).dispatch(options, handler);
  }

  override close(): Promise<void>;
  override close(onClosed: () => void): void;
  override close(onClosed?: () => void): Promise<void> | void {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    const done = Promise.all([...pools.map((pool) => pool.close()), ...this.#closing]).then(() => undefined);
    if (!onClosed) return done;
    void done.then(() => onClosed());
  }

  /** Ends every connection now; running requests fail. */
  async destroyAll(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #poolOf(origin: string): Pool {
    const known = this.#pools.get(origin);
    if (known) {
      this.#pools.delete(origin);
      this.#pools.set(origin, known);
      return known;
    }
    if (this.#pools.size >= this.#options.maxOrigins) this.#closeOldest();
    const pool = new Pool(origin, this.#options.pool);
    this.#pools.set(origin, pool);
    return pool;
  }

  #closeOldest(): void {
    const oldest = this.#pools.entries().next().value;
    if (!oldest) return;
    this.#pools.delete(oldest[0]);
    const closed = oldest[1].close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }
}
