/** How long an instance that could not be reached is passed over, in milliseconds. */
const PASSED_OVER_MS = 1_000;

/** The instances of one service, taken in turn; one that could not be reached is passed over for a while. */
export class Origins {
  readonly #origins: readonly string[];
  readonly #downUntil = new Map<string, number>();
  #turn = 0;

  constructor(origins: readonly string[]) {
    this.#origins = origins;
  }

  get count(): number {
    return this.#origins.length;
  }

  /** The next instance; when all are passed over, the next one all the same. */
  next(nowMs: number = Date.now()): string {
    const { length } = this.#origins;
    const first = this.#turn++ % length;
    for (let step = 0; step < length; step++) {
      const origin = this.#origins[(first + step) % length] as string;
      if ((this.#downUntil.get(origin) ?? 0) <= nowMs) return origin;
    }
    return this.#origins[first] as string;
  }

  notReached(origin: string, nowMs: number = Date.now()): void {
    this.#downUntil.set(origin, nowMs + PASSED_OVER_MS);
  }
}
