/** Accepts in one commit that only many callers at once can bring about; at 1,000/s a commit holds one to five. */
const BURST_EVENTS = 48;
/** How long one such commit counts, in milliseconds: between two of them the callers are reading their answers. */
const REMEMBER_MS = 50;
/** The same where requests come through the edge and five processes share the processors: 30 to 100 ms lie between two. */
const REMEMBER_BEHIND_EDGE_MS = 250;
/** In how long it must have shown that accepts come faster than consumers could ever follow. */
const PROOF_MS = 100;
/** After a proof that failed, large commits say nothing for so long. */
const DOUBT_MS = 600;
/** Accepts a second while consumers wait; without them a machine that sustains 2,500/s from end to end accepts 20,000. */
const BURST_PER_SECOND = 4_000;

export interface PressureRules {
  nowMs?: () => number;
  rememberMs: number;
  /** The least rate of a burst; 0: the size of the commits is enough. */
  burstPerSecond: number;
}

/** In one process with the consumers. */
export const PRESSURE_STANDALONE: PressureRules = { rememberMs: REMEMBER_MS, burstPerSecond: BURST_PER_SECOND };
/** Behind the edge, among five processes, the rate tells nothing: none of them has the processors for itself. */
export const PRESSURE_BEHIND_EDGE: PressureRules = { rememberMs: REMEMBER_BEHIND_EDGE_MS, burstPerSecond: 0 };

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

  /** Each tenth of a second of a burst has to have the rate of one. */
  private prove(now: number, accepts: number): void {
    this.windowAccepts += accepts;
    const lastedMs = now - this.windowFromMs;
    if (lastedMs < PROOF_MS) return;
    if ((this.windowAccepts / lastedMs) * 1_000 < this.rules.burstPerSecond) this.doubtUntilMs = now + DOUBT_MS;
    this.windowFromMs = now;
    this.windowAccepts = 0;
  }
}
