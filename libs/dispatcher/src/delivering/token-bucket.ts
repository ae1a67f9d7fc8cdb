/** Of a second's worth: how much may come at once after a rest. So no second sees more than 1.1 times the rate. */
const BURST_SHARE = 0.1;

/** DL-05: so many requests a second, evenly, and a little at once after a rest. Times are monotonic milliseconds. */
export class TokenBucket {
  readonly perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  /** It begins with one: whoever sent for the endpoint before may have used up the rest. */
  constructor(perSecond: number, nowMs: number) {
    this.perSecond = perSecond;
    this.#burst = Math.max(1, perSecond * BURST_SHARE);
    this.#tokens = 1;
    this.#atMs = nowMs;
  }

  /** Milliseconds until one may be taken; 0 when now. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) / this.perSecond) * 1000);
  }

  take(nowMs: number): void {
    this.#fill(nowMs);
    this.#tokens -= 1;
  }

  /** Whether forgetting it changes nothing. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens >= this.#burst;
  }

  #fill(nowMs: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + (Math.max(0, nowMs - this.#atMs) / 1000) * this.perSecond);
    this.#atMs = nowMs;
  }
}
