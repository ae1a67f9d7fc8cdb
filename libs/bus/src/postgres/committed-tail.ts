import { comparePositions, type Position, type StoredEvent } from '@sluice/event-store';

export interface TailLimits {
  /** Most events held. */
  events: number;
  /** Most bytes held, by the size of data and bodies. */
  bytes: number;
}

/** Events kept although every reader has passed them, so that a reader of the table can meet the tail. */
const KEPT = 64;
/** So many dropped ones are let go of together: what is held over a collection is copied by it, which stops everything. */
const COMPACT_AT = 128;

/**
 * The newest events of one topic as this process committed them: the hand-over that spares their consumers the table.
 * Correct only where this process alone writes the topic through one connection: then there is no event between two
 * neighbours here. A reader may take from the tail only what follows a position that the tail knows; everything else
 * it reads from the table.
 */
export class CommittedTail {
  readonly #limits: TailLimits;
  #events: StoredEvent[] = [];
  /** Index in `#events` of the oldest one; the array is cut only now and then. */
  #start = 0;
  #bytes = 0;
  /** Position of the event that directly precedes the oldest one here, once one was dropped. */
  #floor: Position | null = null;

  constructor(limits: TailLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#events.length - this.#start;
  }

  get newest(): Position | null {
    return this.#events.at(-1)?.position ?? this.#floor;
  }

  push(events: readonly StoredEvent[]): void {
    for (const event of events) {
      if (!this.#follows(event.position)) this.clear();
      this.#events.push(event);
      this.#bytes += sizeOf(event);
    }
    while (this.size > this.#limits.events || (this.#bytes > this.#limits.bytes && this.size > 0)) this.#drop();
    this.#compact();
  }

  /** The events after a position, or null when there may be others between that the tail does not know. */
  after(position: Position, limit: number): readonly StoredEvent[] | null {
    if (!this.meets(position)) return null;
    const from = this.#firstAfter(position);
    return this.#events.slice(from, from + limit);
  }

  /** Whether what follows a position is here, so that its reader needs no table. */
  meets(position: Position): boolean {
    const first = this.#floor ?? this.#events[this.#start]?.position;
    return first !== undefined && comparePositions(position, first) >= 0;
  }

  /** Forgets all but the newest ones. */
  keepNewest(count: number): void {
    while (this.size > count) this.#drop();
    this.#compact();
  }

  /** Forgets what every reader has passed, but for the newest `kept` of it. */
  trim(position: Position, kept = KEPT): void {
    const passed = this.#firstAfter(position) - this.#start;
    for (let count = passed - kept; count > 0; count--) this.#drop();
    this.#compact();
  }

  clear(): void {
    this.#events = [];
    this.#start = 0;
    this.#bytes = 0;
    this.#floor = null;
  }

  /**
   * A hole in the table's own numbering may be a rolled back append, but also a commit whose answer was lost on the
   * way (the connection broke): its events are in the table and were never handed over. Either way the tail begins
   * anew behind the hole, and readers pass it through the table.
   */
  #follows(next: Position): boolean {
    const last = this.newest;
    return last === null || (next.epoch === last.epoch && next.position === last.position + 1n);
  }

  #firstAfter(position: Position): number {
    let low = this.#start;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePositions((this.#events[middle] as StoredEvent).position, position) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #drop(): void {
    const event = this.#events[this.#start] as StoredEvent;
    this.#bytes -= sizeOf(event);
    this.#floor = event.position;
    this.#start++;
  }

  #compact(): void {
    if (this.#start < COMPACT_AT && this.#start < this.#events.length) return;
    this.#events = this.#events.slice(this.#start);
    this.#start = 0;
  }
}

function sizeOf(event: StoredEvent): number {
  return 256 + event.dataJson.length + (event.body?.length ?? 0);
}
