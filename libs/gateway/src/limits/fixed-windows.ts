import type { Rate } from '@sluice/platform';

export type { Rate };

/** Where a key stands, as its caller is told. */
export interface RateStanding {
  /** False: the request is one too many, and was not counted. */
  allowed: boolean;
  remaining: number;
  /** Until the window ends. */
  resetMs: number;
}

/** Hits of a key that other replicas have not been told of. */
export interface UntoldHits {
  key: string;
  hits: number;
  /** How long ago the window began. */
  ageMs: number;
  windowMs: number;
}

/** What all replicas together have counted for a key, the own told hits among it. */
export type SharedHits = UntoldHits;

interface Window {
  rate: Rate;
  startedAt: number;
  /** Counted by all replicas as of the last exchange, the own ones that were told among them. */
  shared: number;
  untold: number;
}

const SWEEP_EVERY_MS = 1_000;

/**
 * Counts requests by key in fixed windows that begin with the first request (LC-04), exactly within this process. What
 * is refused is not counted, so a window ends on time however hard somebody knocks.
 *
 * Memory is bounded by `maxKeys`: ended windows are dropped first, then the oldest (about 200 bytes each).
 * Times are milliseconds of one monotonic clock, given by the caller.
 */
export class FixedWindows {
  readonly #maxKeys: number;
  /** In the order in which windows began: a window that begins anew moves to the end. */
  readonly #windows = new Map<string, Window>();
  readonly #untold = new Set<string>();
  #sweptAt = Number.NEGATIVE_INFINITY;
  /** Windows dropped before their end, because there were too many keys. */
  evicted = 0;

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  get size(): number {
    return this.#windows.size;
  }

  /** Whether there is something to tell the other replicas. */
  get hasUntold(): boolean {
    return this.#untold.size > 0;
  }

  /** Counts one request for the key, unless it is one too many. */
  take(key: string, rate: Rate, now: number): RateStanding {
    const window = this.#windowOf(key, rate, now);
    const standing = standingOf(window, now);
    if (!standing.allowed) return standing;
    window.untold++;
    this.#untold.add(key);
    return standing;
  }

  /** Where the next request of the key would stand, without counting it. */
  peek(key: string, rate: Rate, now: number): RateStanding {
    const window = this.#windows.get(key);
    const isLive = window !== undefined && now < window.startedAt + rate.windowMs;
    return standingOf(isLive ? { ...window, rate } : { rate, startedAt: now, shared: 0, untold: 0 }, now);
  }

  #windowOf(key: string, rate: Rate, now: number): Window {
    const known = this.#windows.get(key);
    if (known && now < known.startedAt + rate.windowMs) {
      known.rate = rate;
      return known;
    }
    if (known) this.#drop(key);
    else this.#makeRoom(now);
    const window = { rate, startedAt: now, shared: 0, untold: 0 };
    this.#windows.set(key, window);
    return window;
  }

  #makeRoom(now: number): void {
    if (this.#windows.size < this.#maxKeys) return;
    // Looking through all of them for every new key is what a sender of many addresses would like.
    if (now - this.#sweptAt >= SWEEP_EVERY_MS) this.sweep(now);
    // A hundredth at a time: a Map that loses its first keys is walked over their graves from its beginning each time,
    // which cost 25 µs for every new key.
    const room = this.#maxKeys - Math.ceil(this.#maxKeys / 100);
    if (this.#windows.size < this.#maxKeys) return;
    for (const key of this.#windows.keys()) {
      if (this.#windows.size <= room) return;
      this.#drop(key);
      this.evicted++;
    }
  }

  #drop(key: string): void {
    this.#windows.delete(key);
    this.#untold.delete(key);
  }

  /** Forgets windows that have ended. */
  sweep(now: number): void {
    this.#sweptAt = now;
    for (const [key, window] of this.#windows) {
      if (now >= window.startedAt + window.rate.windowMs) this.#drop(key);
    }
  }

  /** Takes what was not told yet, at most `max` keys. What cannot be told goes back by `putBack`. */
  takeUntold(max: number, now: number): UntoldHits[] {
    const taken: UntoldHits[] = [];
    for (const key of this.#untold) {
      if (taken.length >= max) break;
      this.#untold.delete(key);
      const window = this.#windows.get(key);
      if (!window || now >= window.startedAt + window.rate.windowMs) continue;
      taken.push({ key, hits: window.untold, ageMs: now - window.startedAt, windowMs: window.rate.windowMs });
      // They stay counted here while they are on their way.
      window.shared += window.untold;
      window.untold = 0;
    }
    return taken;
  }

  /** The exchange failed: they are told with the next one. */
  putBack(untold: readonly UntoldHits[], takenAt: number): void {
    for (const { key, hits, ageMs } of untold) {
      const window = this.#windows.get(key);
      if (!window || Math.abs(window.startedAt - (takenAt - ageMs)) > 1) continue;
      window.shared -= hits;
      window.untold += hits;
      this.#untold.add(key);
    }
  }

  /**
   * Takes over what all replicas together have counted, and the earliest of their beginnings. Also for keys that nobody
   * has asked for here: the other replica's 300 requests are remembered before the 301st comes here.
   */
  merge(shared: readonly SharedHits[], now: number): void {
    for (const { key, hits, ageMs, windowMs } of shared) {
      if (ageMs >= windowMs) continue;
      const window = this.#windowOf(key, this.#windows.get(key)?.rate ?? { limit: 0, windowMs }, now);
      window.startedAt = Math.min(window.startedAt, now - ageMs);
      // Never less than is known: the table of counts does not outlive a crash of PostgreSQL.
      window.shared = Math.max(window.shared, hits);
    }
  }
}

function standingOf({ rate, startedAt, shared, untold }: Window, now: number): RateStanding {
  // Floating point may give a hair more than the window, and its caller a second more to wait.
  const resetMs = Math.min(rate.windowMs, Math.max(1, startedAt + rate.windowMs - now));
  const left = rate.limit - shared - untold;
  return left <= 0 ? { allowed: false, remaining: 0, resetMs } : { allowed: true, remaining: left - 1, resetMs };
}
