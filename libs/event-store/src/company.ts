/** Below this many commits a second nobody waits for company that will not come. */
const CALM_PER_SECOND = 400;
/** From this rate on the whole wait is asked for. */
const BUSY_PER_SECOND = 1_000;
const WINDOW_MS = 100;
/**
 * So many are company enough. Without this bound 128 callers in a closed loop were all in the queue while the database
 * had nothing to do: 19 instead of 25 % of bare Fastify.
 */
const ENOUGH = 16;

/**
 * How long a commit waits for others to go with: not at all while few come, a few milliseconds while many do. A batch
 * costs about 0.9 ms of processor time over Node and PostgreSQL however small it is, and an event in it a third of that.
 */
export class Company {
  readonly #mostMs: number;
  #windowFromMs = Number.NEGATIVE_INFINITY;
  #counted = 0;
  #waitMs = 0;

  /** @param mostMs the longest wait; 0 for none ever. */
  constructor(mostMs: number) {
    this.#mostMs = mostMs;
  }

  /**
   * To be told of each commit as it comes.
   * @param queued how many wait already.
   * @returns how many milliseconds it waits.
   */
  waitMsAt(nowMs: number, queued: number): number {
    if (this.#mostMs === 0) return 0;
    this.#counted++;
    const elapsed = nowMs - this.#windowFromMs;
    if (elapsed >= WINDOW_MS) {
      const perSecond = (1_000 * this.#counted) / elapsed;
      const busy = (perSecond - CALM_PER_SECOND) / (BUSY_PER_SECOND - CALM_PER_SECOND);
      this.#waitMs = this.#mostMs * Math.max(0, Math.min(1, busy));
      this.#windowFromMs = nowMs;
      this.#counted = 0;
    }
    return queued >= ENOUGH ? 0 : this.#waitMs;
  }
}
