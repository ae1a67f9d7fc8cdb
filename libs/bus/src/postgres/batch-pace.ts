/** Below this many events a second a batch is taken as soon as there is one: nobody waits for company that will not come. */
const CALM_PER_SECOND = 400;
/** From this rate on a consumer begins a batch at most every `PACE_MS`. */
const BUSY_PER_SECOND = 1_000;
const PACE_MS = 6;
const WINDOW_MS = 100;

/**
 * How long a consumer waits before its next batch, so that events gather while many come. A batch costs about 0.9 ms of
 * processor time however small it is (statement, fsync, wake-ups), an event in it a third of that: with batches of two to
 * four at 1,000/s most of two cores went into batches. Counted from the beginning of the last batch: who comes after a
 * pause, or after a batch that took long, does not wait at all.
 */
export class BatchPace {
  readonly #now: () => number;
  #windowFromMs = Number.NEGATIVE_INFINITY;
  #counted = 0;
  #perSecond = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#now = nowMs;
  }

  /** To be told of each batch when it begins. */
  took(events: number): void {
    const now = this.#now();
    this.#lastMs = now;
    this.#counted += events;
    const elapsed = now - this.#windowFromMs;
    if (elapsed < WINDOW_MS) return;
    // The first window has no beginning, and a pause makes the rate fall at once.
    this.#perSecond = (1_000 * this.#counted) / elapsed;
    this.#windowFromMs = now;
    this.#counted = 0;
  }

  /** Milliseconds that the next batch waits from now on; 0 for none. */
  get waitMs(): number {
    const busy = (this.#perSecond - CALM_PER_SECOND) / (BUSY_PER_SECOND - CALM_PER_SECOND);
    if (busy <= 0) return 0;
    return Math.max(0, this.#lastMs + PACE_MS * Math.min(1, busy) - this.#now());
  }
}
