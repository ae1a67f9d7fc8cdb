/** Accepts in one commit that only many callers at once can bring about; at 1,000/s a commit holds one to five. */
const BURST_EVENTS = 48;
/** How long one such commit counts, in milliseconds: between two of them the callers are reading their answers. */
const REMEMBER_MS = 50;
/** The same where requests come through the edge and five processes share the processors: 30 to 100 ms lie between two. */
export const REMEMBER_BEHIND_EDGE_MS = 250;

/**
 * Whether accepts come in a burst. Then they go first and consumers take what is left; they catch up after it. Neither
 * the rate tells (consumers that take the processor keep it low) nor the length of the store's queue (a closed loop is
 * in the commit, not in the queue): the size of the commits does.
 */
export class AcceptPressure {
  private lastBurstMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly nowMs: () => number = () => performance.now(),
    private readonly rememberMs = REMEMBER_MS,
  ) {}

  /**
   * To be told of each commit of accepted requests. Those whose callers wait for the answer of their run do not count: to
   * hold back their runs is to hold back their answers. (64 such callers in a closed loop commit together, and got 770
   * answers a second, each 50 ms after its commit.)
   */
  committed(events: readonly { dataJson: string }[]): void {
    if (events.length < BURST_EVENTS) return;
    let unwaited = 0;
    for (const event of events) {
      // A look at the text, because nobody else has to parse these here.
      if (!event.dataJson.includes('"replyTo":"') && ++unwaited === BURST_EVENTS) {
        this.lastBurstMs = this.nowMs();
        return;
      }
    }
  }

  get isHigh(): boolean {
    return this.nowMs() - this.lastBurstMs < this.rememberMs;
  }
}
