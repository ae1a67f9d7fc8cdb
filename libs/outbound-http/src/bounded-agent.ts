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
  readonly #closing = new Map<Pool, Promise<void>>();

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
    for (const origin of this.#pools.keys()) this.#closePool(origin);
    const done = Promise.all(this.#closing.values()).then(() => undefined);
    if (!onClosed) return done;
    void done.then(() => onClosed());
  }

  /** Ends every connection now, also those that `close` waits for; running requests fail. */
  async destroyAll(): Promise<void> {
    const pools = [...this.#pools.values(), ...this.#closing.keys()];
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
    if (this.#pools.size >= this.#options.maxOrigins) this.#closePool(this.#pools.keys().next().value as string);
    const pool = new Pool(origin, this.#options.pool);
    this.#pools.set(origin, pool);
    return pool;
  }

  #closePool(origin: string): void {
    const pool = this.#pools.get(origin);
    if (!pool) return;
    this.#pools.delete(origin);
    const closed = pool.close().finally(() => this.#closing.delete(pool));
    this.#closing.set(pool, closed);
  }
}
