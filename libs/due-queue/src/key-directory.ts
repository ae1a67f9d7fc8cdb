/** How long a row that was announced may take to be committed before only the sweep finds it, in milliseconds. */
const NOTE_WINDOW_MS = 5000;
const FIRST_BACKOFF_MS = 2;
const LAST_BACKOFF_MS = 500;

/** Where the next claim of a key begins. Everything due before has been claimed by this process already. */
export interface Watermark {
  key: string;
  since: Date;
  /** Breaks ties between rows that are due at the same time. */
  sinceNumber: bigint;
}

export interface Pick extends Watermark {
  wanted: number;
}

interface KeyState {
  /** Lower bound of the next due row in milliseconds; the truth may be later, but not earlier by our knowledge. */
  nextDueMs: number;
  sinceMs: number;
  sinceNumber: bigint;
  notedDueMs: number;
  notedAtMs: number;
  backoffMs: number;
  /** Nothing is claimed before. */
  blockedUntilMs: number;
}

/**
 * What this process believes about which key has work when. It holds no rows, only one small record per key that is
 * due soon, so a backlog of millions costs nothing here. Beliefs may be wrong in the harmless direction (a claim that
 * finds nothing); the queue's sweep corrects the other direction.
 *
 * The watermark makes claims skip rows that were claimed and deleted: they stay in the index for as long as any old
 * transaction may still see them, and walking over them again at every claim is what makes queues in Postgres slow.
 */
export class KeyDirectory {
  readonly #keys = new Map<string, KeyState>();
  readonly #horizonMs: number;

  constructor(horizonMs = 60_000) {
    this.#horizonMs = horizonMs;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** A row of this key was scheduled by this process; its transaction may not be committed yet. */
  note(key: string, dueMs: number, nowMs: number): void {
    if (dueMs > nowMs + this.#horizonMs) return;
    const state = this.#stateOf(key);
    const stillNoted = nowMs - state.notedAtMs < NOTE_WINDOW_MS;
    state.notedDueMs = stillNoted ? Math.min(state.notedDueMs, dueMs) : dueMs;
    state.notedAtMs = nowMs;
    state.backoffMs = FIRST_BACKOFF_MS;
    this.#lower(state, dueMs);
  }

  /** The sweep saw that the key's first free row is due then; the watermark goes back to it. */
  found(key: string, dueMs: number, nowMs: number): void {
    if (dueMs <= nowMs + this.#horizonMs) this.#lower(this.#stateOf(key), dueMs);
  }

  /** Nothing of the key is picked before that time. */
  block(key: string, untilMs: number): void {
    this.#stateOf(key).blockedUntilMs = untilMs;
  }

  /** What was blocked of these keys is not any more. */
  unblock(isOne: (key: string) => boolean): void {
    for (const [key, state] of this.#keys) if (state.blockedUntilMs > 0 && isOne(key)) state.blockedUntilMs = 0;
  }

  /** Keys with something due and room for it, at most `limit` rows in all, the key that waited longest first. */
  pick(nowMs: number, limit: number, roomOf: (key: string) => number, maxKeys = 64): Pick[] {
    const ready: { key: string; state: KeyState; room: number }[] = [];
    for (const [key, state] of this.#keys) {
      if (claimableMs(state) > nowMs) continue;
      const room = roomOf(key);
      if (room > 0) ready.push({ key, state, room });
      if (ready.length >= Math.min(maxKeys, limit)) break;
    }
    const share = Math.max(1, Math.floor(limit / Math.max(1, ready.length)));
    return ready.map(({ key, state, room }) => {
      // To the end of the line: a Map iterates in insertion order, so this is the round robin.
      this.#keys.delete(key);
      this.#keys.set(key, state);
      return { key, since: new Date(state.sinceMs), sinceNumber: state.sinceNumber, wanted: Math.min(room, share) };
    });
  }

  /** Rows up to this one were claimed. */
  advance(key: string, dueMs: number, number: bigint): void {
    const state = this.#keys.get(key);
    if (!state) return;
    state.sinceMs = dueMs;
    state.sinceNumber = number;
    state.nextDueMs = dueMs;
  }

  watermark(key: string): Watermark {
    const state = this.#stateOf(key);
    return { key, since: new Date(state.sinceMs), sinceNumber: state.sinceNumber };
  }

  /** A claim found no more; `nextDueMs` is the next free row after the watermark, null when there is none. */
  drained(key: string, nextDueMs: number | null, nowMs: number): void {
    const state = this.#keys.get(key);
    if (!state) return;
    const noted = nowMs - state.notedAtMs < NOTE_WINDOW_MS;
    const pending = noted ? Math.max(state.notedDueMs, nowMs + state.backoffMs) : Number.POSITIVE_INFINITY;
    state.backoffMs = Math.min(state.backoffMs * 2, LAST_BACKOFF_MS);
    state.nextDueMs = Math.min(nextDueMs ?? Number.POSITIVE_INFINITY, pending);
    if (state.nextDueMs === Number.POSITIVE_INFINITY) this.#keys.delete(key);
  }

  /** When the next key with room is due, in milliseconds of Unix time; null when none is known. */
  nextDueMs(roomOf: (key: string) => number): number | null {
    let next = Number.POSITIVE_INFINITY;
    for (const [key, state] of this.#keys) {
      const atMs = claimableMs(state);
      if (atMs < next && roomOf(key) > 0) next = atMs;
    }
    return next === Number.POSITIVE_INFINITY ? null : next;
  }

  #stateOf(key: string): KeyState {
    const known = this.#keys.get(key);
    if (known) return known;
    const state: KeyState = {
      nextDueMs: Number.POSITIVE_INFINITY,
      sinceMs: 0,
      sinceNumber: 0n,
      notedDueMs: 0,
      notedAtMs: Number.NEGATIVE_INFINITY,
      backoffMs: FIRST_BACKOFF_MS,
      blockedUntilMs: 0,
    };
    this.#keys.set(key, state);
    return state;
  }

  #lower(state: KeyState, dueMs: number): void {
    state.nextDueMs = Math.min(state.nextDueMs, dueMs);
    if (dueMs > state.sinceMs) return;
    // One millisecond less than the row: the column may hold microseconds that a Date does not.
    state.sinceMs = dueMs - 1;
    state.sinceNumber = 0n;
  }
}

function claimableMs(state: KeyState): number {
  return Math.max(state.nextDueMs, state.blockedUntilMs);
}
