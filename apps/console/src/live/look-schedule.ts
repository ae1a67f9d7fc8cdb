/**
 * After a sign that something happened: soon, and twice more, because the read models follow the events. A scale of a
 * second: a busy app must not make every open console read its lists all the time.
 */
const LOOKS_AFTER_MS = [100, 1_000, 3_000] as const;
const LEAST_BETWEEN_MS = 700;

/** When to read again what is on the screen. One reading at a time, and never more than about one a second. */
export class LookSchedule {
  readonly #look: () => Promise<unknown>;
  #due: number[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isLooking = false;
  #lastAt = Number.NEGATIVE_INFINITY;

  /** @param look may fail: whoever shows what was read tells of it. */
  constructor(look: () => Promise<unknown>) {
    this.#look = look;
  }

  /** Something happened. */
  sign(): void {
    const now = Date.now();
    const [soon, ...later] = LOOKS_AFTER_MS.map((ms) => now + ms) as [number, ...number[]];
    // The first stays where it is: signs that never end must not put it off for ever.
    this.#due = [Math.min(this.#due[0] ?? soon, soon), ...later];
    this.#arm();
  }

  stop(): void {
    this.#due = [];
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const next = this.#due[0];
    if (next === undefined || this.#isLooking) return;
    const at = Math.max(next, this.#lastAt + LEAST_BETWEEN_MS);
    this.#timer = setTimeout(() => void this.#turn(), Math.max(0, at - Date.now()));
  }

  async #turn(): Promise<void> {
    const now = Date.now();
    this.#timer = null;
    this.#due = this.#due.filter((at) => at > now);
    this.#isLooking = true;
    await this.#look();
    this.#isLooking = false;
    this.#lastAt = Date.now();
    this.#arm();
  }
}
