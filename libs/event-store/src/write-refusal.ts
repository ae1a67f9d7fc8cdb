/** Longer than consumers and heartbeats pause before they try again, so that a refusal that lasts is told all the time. */
const TOLD_MS = 15_000;

/** Whether the database answers but takes no rows: its disk is full, or it has become a standby. */
export class WriteRefusal {
  readonly #nowMs: () => number;
  #refused: { reason: string; atMs: number } | null = null;

  /** @param nowMs a clock that only goes forward */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Null once a row was written, or nobody has tried for a while: somebody has to, or it would never be known. */
  get reason(): string | null {
    if (this.#refused && this.#nowMs() - this.#refused.atMs > TOLD_MS) this.#refused = null;
    return this.#refused?.reason ?? null;
  }

  refused(reason: string): void {
    this.#refused = { reason, atMs: this.#nowMs() };
  }

  written(): void {
    this.#refused = null;
  }
}
