import { TokenBucket } from './token-bucket.ts';

/** What bounds the work for one endpoint. */
export interface LaneBounds {
  concurrency: number;
  /** Null: no bound. */
  perSecond: number | null;
}

/** Work for one endpoint. */
export interface LaneJob {
  /** Never rejects. */
  run(): Promise<void>;
  /** Called instead of `run` when the lane is cleared, or the lanes stop, before its turn. */
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
  /** Jobs that ended since the lanes were trimmed; null until the first trimming. */
  ended: number | null;
  /** How many jobs it may hold, as its speed says. */
  room: number;
  ready: boolean;
  /** Waits for its next token. */
  timer: NodeJS.Timeout | null;
}

/** What a lane holds beyond what it can start within so long is better kept in the table. */
const HOLD_S = 8;
/** Buckets of endpoints at rest are looked through when there are so many. */
const MANY_BUCKETS = 1000;

/**
 * One lane per endpoint: first in, first out, at most `cap` at a time and so many a second; lanes with work get turns, one job each. So an
 * endpoint with a thousand waiting deliveries delays another's next one by one turn, and one that hangs occupies its
 * own cap and nothing else.
 */
export class SendLanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #maxInFlight: number;
  readonly #turns: Lane[] = [];
  /** They outlive their lanes, or a lane that becomes empty would begin with a full measure. */
  readonly #buckets = new Map<string, TokenBucket>();
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

  /** How many more jobs the endpoint's lane may hold; without bound while it has not shown how fast it is. */
  roomOf(key: string): number {
    const lane = this.#lanes.get(key);
    return lane ? lane.room - this.ofKey(key) : Infinity;
  }

  /**
   * To be called once a second: bounds each lane to what it can start within eight, and cancels what is beyond, the newest
   * first. So an endpoint that is fast takes its deliveries from memory, and one that hangs gives its place back.
   * @param least of a lane, as a multiple of its concurrency.
   */
  trim(least: number): void {
    for (const lane of this.#lanes.values()) {
      if (lane.ended !== null) {
        lane.room = Math.max(lane.cap * least, lane.ended * HOLD_S);
        const waiting = lane.waiting.length - lane.next;
        if (waiting > lane.room) this.#cancel(lane.waiting.splice(lane.next + lane.room));
      }
      lane.ended = 0;
    }
  }

  add(key: string, bounds: LaneBounds, job: LaneJob): void {
    if (this.#stopped) {
      job.cancel();
      return;
    }
    const lane = this.#laneOf(key);
    lane.cap = Math.max(1, bounds.concurrency);
    this.#limit(key, bounds.perSecond);
    lane.waiting.push(job);
    this.#waiting++;
    this.#waitingBytes += job.bytes;
    this.#makeReady(lane);
    this.#pump();
  }

  /** Cancels what waits in these lanes; what runs goes on. */
  clear(isTo: (key: string) => boolean): void {
    for (const lane of this.#lanes.values()) if (isTo(lane.key)) this.#clear(lane);
  }

  clearOne(key: string): void {
    const lane = this.#lanes.get(key);
    if (lane) this.#clear(lane);
  }

  /** Cancels what waits; resolves when nothing runs any more, or after so many milliseconds. */
  async stop(withinMs: number): Promise<void> {
    this.#stopped = true;
    for (const lane of this.#lanes.values()) this.#clear(lane);
    this.#turns.length = 0;
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
    const lane: Lane = {
      key,
      cap: 1,
      waiting: [],
      next: 0,
      inFlight: 0,
      ended: null,
      room: Infinity,
      ready: false,
      timer: null,
    };
    this.#lanes.set(key, lane);
    return lane;
  }

  #makeReady(lane: Lane): void {
    if (lane.ready || lane.timer || lane.next >= lane.waiting.length || lane.inFlight >= lane.cap) return;
    const waitMs = this.#buckets.get(lane.key)?.waitMs(performance.now()) ?? 0;
    if (waitMs > 0) {
      lane.timer = setTimeout(() => {
        lane.timer = null;
        this.#makeReady(lane);
        this.#pump();
      }, waitMs);
      return;
    }
    lane.ready = true;
    this.#turns.push(lane);
  }

  #limit(key: string, perSecond: number | null): void {
    if (perSecond === null) {
      this.#buckets.delete(key);
      return;
    }
    const nowMs = performance.now();
    if (this.#buckets.get(key)?.perSecond === perSecond) return;
    this.#buckets.set(key, new TokenBucket(perSecond, nowMs));
    if (this.#buckets.size % MANY_BUCKETS !== 0) return;
    for (const [other, bucket] of this.#buckets) {
      if (!this.#lanes.has(other) && bucket.isFull(nowMs)) this.#buckets.delete(other);
    }
  }

  #clear(lane: Lane): void {
    const cancelled = lane.waiting.slice(lane.next);
    lane.waiting = [];
    lane.next = 0;
    if (lane.timer) clearTimeout(lane.timer);
    lane.timer = null;
    this.#cancel(cancelled);
    if (lane.inFlight === 0) this.#lanes.delete(lane.key);
  }

  #cancel(jobs: readonly LaneJob[]): void {
    for (const job of jobs) {
      this.#waiting--;
      this.#waitingBytes -= job.bytes;
      job.cancel();
    }
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

  /** A lane that was cleared may have a successor of the same name. */
  #forget(lane: Lane): void {
    if (this.#lanes.get(lane.key) === lane) this.#lanes.delete(lane.key);
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
    this.#buckets.get(lane.key)?.take(performance.now());
    lane.inFlight++;
    this.#inFlight++;
    void job.run().finally(() => {
      if (lane.ended !== null) lane.ended++;
      lane.inFlight--;
      this.#inFlight--;
      if (lane.inFlight === 0 && lane.waiting.length === 0) this.#forget(lane);
      else this.#makeReady(lane);
      if (this.#inFlight === 0) for (const done of this.#onIdle.splice(0)) done();
      this.#pump();
    });
  }
}
