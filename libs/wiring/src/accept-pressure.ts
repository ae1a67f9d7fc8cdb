/** Accepts per second above which consumers wait: about what the whole path sustains on two cores. */
const BURST_PER_SECOND = 4_000;
const WINDOW_MS = 50;

/**
 * Whether more is being accepted than can be run and delivered at the same time. Then accepts go first and consumers
 * take what is left; they catch up after the burst. The length of the store's queue does not tell: a closed loop of 128
 * callers is always either queued or in the commit.
 */
export class AcceptPressure {
  private windowStartMs = 0;
  private eventsAtStart = 0;
  private isBurst = false;

  constructor(
    private readonly committedEvents: () => number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get isHigh(): boolean {
    const now = this.nowMs();
    const elapsed = now - this.windowStartMs;
    if (elapsed >= WINDOW_MS) {
      const events = this.committedEvents();
      // A window nobody looked at for long is an average over quiet time too: it only ever says "no burst".
      this.isBurst = ((events - this.eventsAtStart) * 1_000) / elapsed > BURST_PER_SECOND;
      this.windowStartMs = now;
      this.eventsAtStart = events;
    }
    return this.isBurst;
  }
}
