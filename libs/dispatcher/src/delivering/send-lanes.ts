/** Work for one endpoint. */
export interface LaneJob {
  /** Never rejects. */
  run(): Promise<void>;
  /** Called instead of `run` when the lanes stop before its turn. */
  cancel(): void;
  /** Estimate of what it holds in memory while it waits. */
  bytes: number;
}

interface Lane {
  key: string;
  cap: number;
  waiting: LaneJob[];
  /** Index of the next job in `waiting`; the array is cut when it has been used up. */
  next: number;
  inFlight: number;
  ready: boolean;
}

/**
 * One lane per endpoint: first in, first out, at most `cap` at a time; lanes with work get turns, one job each. So an
 * endpoint with a thousand waiting deliveries delays another's next one by one turn, and one that hangs occupies its
 * own cap and nothing else.
 */
export class SendLanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #maxInFlight: number;
  readonly #turns: Lane[] = [];
  #inFlight = 0;
  #waiting = 0;
  #waitingBytes = 0;
  #stopped = false;
  #onIdle: (() => void)[] = [];

  constructor(options: { maxInFlight: number }) {
    this.#maxInFlight = options.maxInFlight;
  }

  get inFlight(): number {
    return this.#inFlight;
  }
  get waiting(): number {
    return this.#waiting;
  }
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Jobs of an endpoint that wait or run. */
  ofKey(key: string): number {
    const lane = this.#lanes.get(key);
    return lane ? lane.waiting.length - lane.next + lane.inFlight : 0;
  }

  add(key: string, cap: number, job: LaneJob): void {
    if (this.#stopped) {
      job.cancel();
      return;
    }
    const lane = this.#laneOf(key);
    lane.cap = Math.max(1, cap);
    lane.waiting.push(job);
    this.#waiting++;
    this.#waitingBytes += job.bytes;
    this.#makeReady(lane);
    this.#pump();
  }

  /** Cancels what waits; resolves when nothing runs any more, or after so many milliseconds. */
  async stop(withinMs: number): Promise<void> {
    this.#stopped = true;
    for (const lane of this.#lanes.values()) {
      for (const job of lane.waiting.slice(lane.next)) job.cancel();
      lane.waiting = [];
      lane.next = 0;
    }
    this.#turns.length = 0;
    this.#waiting = 0;
    this.#waitingBytes = 0;
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#onIdle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #laneOf(key: string): Lane {
    const known = this.#lanes.get(key);
    if (known) return known;
    const lane: Lane = { key, cap: 1, waiting: [], next: 0, inFlight: 0, ready: false };
    this.#lanes.set(key, lane);
    return lane;
  }

  #makeReady(lane: Lane): void {
    if (lane.ready || lane.next >= lane.waiting.length || lane.inFlight >= lane.cap) return;
    lane.ready = true;
    this.#turns.push(lane);
  }

  #pump(): void {
    while (this.#inFlight < this.#maxInFlight) {
      const lane = this.#turns.shift();
      if (!lane) return;
      lane.ready = false;
      const job = this.#take(lane);
      if (!job) continue;
      this.#start(lane, job);
      this.#makeReady(lane);
    }
  }

  #take(lane: Lane): LaneJob | undefined {
    const job = lane.waiting[lane.next];
    if (!job || lane.inFlight >= lane.cap) return undefined;
    lane.next++;
    if (lane.next === lane.waiting.length || lane.next > 256) {
      lane.waiting = lane.waiting.slice(lane.next);
      lane.next = 0;
    }
    this.#waiting--;
    this.#waitingBytes -= job.bytes;
    return job;
  }

  #start(lane: Lane, job: LaneJob): void {
    lane.inFlight++;
    this.#inFlight++;
    void job.run().finally(() => {
      lane.inFlight--;
      this.#inFlight--;
      if (lane.inFlight === 0 && lane.waiting.length === 0) this.#lanes.delete(lane.key);
      else this.#makeReady(lane);
      if (this.#inFlight === 0) for (const done of this.#onIdle.splice(0)) done();
      this.#pump();
    });
  }
}
