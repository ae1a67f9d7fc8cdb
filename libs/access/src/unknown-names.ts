const MAX_NAMES = 10_000;

/** What was looked up and not found, for a while; bounded, the oldest goes first. */
export class UnknownNames {
  readonly #until = new Map<string, number>();

  /** @param keepMs how long something unknown stays unknown without being looked up again. */
  constructor(private readonly keepMs: number) {}

  has(name: string): boolean {
    const until = this.#until.get(name);
    if (until === undefined) return false;
    if (until > Date.now()) return true;
    this.#until.delete(name);
    return false;
  }

  add(name: string): void {
    if (this.#until.size >= MAX_NAMES) {
      const oldest = this.#until.keys().next().value;
      if (oldest !== undefined) this.#until.delete(oldest);
    }
    this.#until.set(name, Date.now() + this.keepMs);
  }
}
