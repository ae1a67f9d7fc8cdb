/** Accepts in one commit that only many callers at once can bring about; at 1,000/s a commit holds one to five. */
const BURST_EVENTS = 48;

export interface PressureRules {
  nowMs?: () => number;
  /** How long one such commit counts, in milliseconds: between two of them the callers are reading their answers. */
  rememberMs: number;
  /** The least rate of a burst while consumers wait, and in how many milliseconds it has to show. */
  burstPerSecond: number;
  proofMs: number;
  /** After a proof that failed, large commits say nothing for so many milliseconds. */
  doubtMs: number;
}

/** In one process with the consumers: a machine that sustains 2,500/s from end to end accepts 20,000/s without them. */
export const PRESSURE_STANDALONE: PressureRules = {
  rememberMs: 50,
  burstPerSecond: 4_000,
  proofMs: 100,
  doubtMs: 600,
};
/**
 * Behind the edge, of one gateway of several: 30 to 100 ms lie between two commits, 500/s are sustained from end to end, and
 * 8,000/s accepted by two gateways.
 */
export const PRESSURE_BEHIND_EDGE: PressureRules = {
  rememberMs: 250,
  burstPerSecond: 1_200,
  proofMs: 300,
  doubtMs: 2_000,
};

/**
 * Whether accepts come in a burst. Then they go first and consumers take what is left; they catch up after it. Neither
 * the rate tells at first (consumers that take the processor keep it low) nor the length of the store's queue (a closed
 * loop is in the commit, not in the queue): the size of the commits does. But at a steady rate near the most that this
 * machine sustains commits are as large after each hiccup. So the rate has to prove it, once consumers wait: at 2,500/s
 * consumers were held back with a quarter of the processors idle, and fell behind by 9 s in 30.
 */
export class AcceptPressure {
  private readonly nowMs: () => number;
  private lastLargeMs = Number.NEGATIVE_INFINITY;
  private doubtUntilMs = Number.NEGATIVE_INFINITY;
  private windowFromMs = Number.NEGATIVE_INFINITY;
  private windowAccepts = 0;

  constructor(private readonly rules: PressureRules) {
    this.nowMs = rules.nowMs ?? (() => performance.now());
  }

  /**
   * To be told of each commit of accepted requests. Those whose callers wait for the answer of their run do not count: to
   * hold back their runs is to hold back their answers. (64 such callers in a closed loop commit together, and got 770
   * answers a second, each 50 ms after its commit.)
   */
  committed(events: readonly { dataJson: string }[]): void {
    const now = this.nowMs();
    if (this.isHigh) this.prove(now, events.length);
    if (events.length < BURST_EVENTS || now < this.doubtUntilMs) return;
    let unwaited = 0;
    for (const event of events) {
      // A look at the text, because nobody else has to parse these here.
      if (event.dataJson.includes('"replyTo":"') || ++unwaited < BURST_EVENTS) continue;
      if (!this.isHigh) this.begin(now);
      this.lastLargeMs = now;
      return;
    }
  }

  get isHigh(): boolean {
    const now = this.nowMs();
    return now >= this.doubtUntilMs && now - this.lastLargeMs < this.rules.rememberMs;
  }

  private begin(now: number): void {
    this.windowFromMs = now;
    this.windowAccepts = 0;
  }

  /** Each stretch of a burst has to have the rate of one. */
  private prove(now: number, accepts: number): void {
    this.windowAccepts += accepts;
    const lastedMs = now - this.windowFromMs;
    if (lastedMs < this.rules.proofMs) return;
    if ((this.windowAccepts / lastedMs) * 1_000 < this.rules.burstPerSecond)
      this.doubtUntilMs = now + this.rules.doubtMs;
    this.windowFromMs = now;
    this.windowAccepts = 0;
  }
}
