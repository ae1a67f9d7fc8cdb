import { comparePositions, type EventStorePort, type Position, type StoredEvent } from '@sluice/event-store';
import type { Topic } from '@sluice/contracts';
import { CommittedTail } from './committed-tail.ts';

/** Most bytes of events that the hand-over of one topic holds. */
const TAIL_BYTES = 16 * 1024 * 1024;
/**
 * So much of what the others have passed is held for a reader that has fallen behind the hand-over and reads the table:
 * enough to meet it again. In a burst thousands of events that nobody took were copied by each collection of garbage.
 */
const KEPT_FOR_LATECOMERS = 500;

/**
 * One topic as its consumers in this process read it: from the hand-over of what was just committed here while they
 * keep up, from the table otherwise. Also what wakes them.
 */
export class TopicSource {
  readonly #topic: Topic;
  readonly #store: EventStorePort;
  readonly #tail: CommittedTail;
  readonly #soleWriter: boolean;
  readonly #waiting = new Set<() => void>();
  readonly #readers = new Map<object, Position>();
  #newest: Position | null = null;
  /** Counts commits, so that one between a look and a wait is not slept over. */
  commits = 0;

  constructor(topic: Topic, store: EventStorePort, soleWriter: boolean, handOverLimit: number) {
    this.#topic = topic;
    this.#store = store;
    this.#soleWriter = soleWriter;
    this.#tail = new CommittedTail({ events: handOverLimit, bytes: TAIL_BYTES });
  }

  /** The newest position that is known to be committed. */
  get newest(): Position | null {
    return this.#newest;
  }

  committed(events: readonly StoredEvent[]): void {
    const last = events.at(-1);
    if (!last) return;
    if (!this.#newest || comparePositions(last.position, this.#newest) > 0) this.#newest = last.position;
    if (this.#soleWriter && this.#readers.size > 0) {
      this.#tail.push(events);
      this.#forget();
    }
    this.commits++;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /**
   * The next events after a position, in order; none when there is nothing new yet. A reader that has come to the end
   * of the hand-over needs no look at the table (an empty one costs 0.1 to 0.2 ms, and there would be one per batch),
   * unless it asks for one: now and then it must, because the table is the truth.
   */
  async next(position: Position, limit: number, look: boolean): Promise<readonly StoredEvent[]> {
    const handed = this.#soleWriter ? this.#tail.after(position, limit) : null;
    if (handed && (handed.length > 0 || !look)) return handed;
    return this.#store.readAfter(this.#topic, position, limit);
  }

  async head(): Promise<Position | null> {
    const head = await this.#store.head(this.#topic);
    if (head && (!this.#newest || comparePositions(head, this.#newest) > 0)) this.#newest = head;
    return head;
  }

  /** Tells how far a reader has come, so that the hand-over forgets what all have passed. */
  passed(reader: object, position: Position): void {
    this.#readers.set(reader, position);
    this.#forget();
  }

  #forget(): void {
    let slowest: Position | null = null;
    let isSomebodyBehind = false;
    for (const each of this.#readers.values()) {
      if (!this.#tail.meets(each)) isSomebodyBehind = true;
      else if (!slowest || comparePositions(each, slowest) < 0) slowest = each;
    }
    if (!slowest) this.#tail.keepNewest(KEPT_FOR_LATECOMERS);
    else if (isSomebodyBehind) this.#tail.trim(slowest, KEPT_FOR_LATECOMERS);
    else this.#tail.trim(slowest);
  }

  leave(reader: object): void {
    this.#readers.delete(reader);
    // Nobody keeps the tail going: what follows could not be told from what was missed.
    if (this.#readers.size === 0) this.#tail.clear();
  }

  /**
   * Resolves at the first commit of this process after the one numbered `seen`, after so many milliseconds, or when
   * the signal is aborted.
   */
  wait(seen: number, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.commits !== seen) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(finish);
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, ms);
      this.#waiting.add(finish);
      signal.addEventListener('abort', finish, { once: true });
    });
  }
}
