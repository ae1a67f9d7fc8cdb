import { comparePositions, type Position, type StoredEvent } from '@sluice/event-store';
import type { Bound } from '../bus-bindings.ts';
import type { Running } from '../bus-strategy.ts';
import type { ConsumerStatus } from '../bus.contract.ts';
import {
  Backoff,
  type BusRuntime,
  PartitionLostError,
  pause,
  PausedError,
  pauseWhile,
} from '../consuming/bus-runtime.ts';
import type { Consumer } from '../consuming/consumer.ts';
import { BEGINNING, CheckpointMovedError } from '../consuming/group-tables.ts';
import { InstanceRunner } from '../consuming/instance-runner.ts';
import { PartitionRunner, type Session } from '../consuming/partition-runner.ts';
import { BatchPace } from './batch-pace.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { TopicSource } from './topic-source.ts';

export interface TableConsumerOptions {
  /** While it returns true, batches wait (a bounded time each): accepting goes before consuming. */
  yieldWhile?: () => boolean;
  /** Shortest and longest time between two looks at the table while nothing wakes us, in milliseconds. */
  pollMs: readonly [number, number];
}

/** How long one batch waits at most for `yieldWhile`: consumers become slow in a burst, never silent. */
const MOST_YIELD_MS = 125;
/**
 * Most events of a batch then: 400 a second, in steps that an accept hardly waits for. A batch of 400 each second held up
 * the 128 callers of its moment by 20 ms, which was the tail of a burst.
 */
const YIELDING_BATCH = 50;
/** How often a consumer that lives on the hand-over looks at the table itself. */
const LOOK_EVERY_MS = 500;
/** How often a consumer asks for a lease that somebody else holds. */
const JOIN_EVERY_MS = 1_000;

/** One consumer on the Postgres bus: joins, then reads its topic and applies it until the bus stops. */
export class TableConsumer implements Running {
  readonly joined: Promise<void>;
  readonly #consumer: Consumer;
  readonly #runtime: BusRuntime;
  readonly #source: TopicSource;
  readonly #runner: PartitionRunner | InstanceRunner;
  readonly #leases: LeaseKeeper;
  readonly #options: TableConsumerOptions;
  readonly #signal: AbortSignal;
  readonly #ended: Promise<void>;
  readonly #backoff = new Backoff();
  #resolveJoined: () => void = () => {};
  #isJoined = false;
  #pausedBecause: string | null = null;
  readonly #pace = new BatchPace();
  #pollMs: number;
  #lookedAtMs = 0;
  /** What follows the batch that is being applied; null when it could not be read. */
  #ahead: { after: Position; events: Promise<readonly StoredEvent[] | null> } | null = null;

  constructor(
    consumer: Consumer,
    bound: Bound,
    runtime: BusRuntime,
    parts: { source: TopicSource; leases: LeaseKeeper; options: TableConsumerOptions; signal: AbortSignal },
  ) {
    this.#consumer = consumer;
    this.#runtime = runtime;
    this.#source = parts.source;
    this.#leases = parts.leases;
    this.#options = parts.options;
    this.#signal = parts.signal;
    this.#pollMs = parts.options.pollMs[0];
    const isGroup = consumer.mode === 'group';
    this.#runner = isGroup
      ? new PartitionRunner(consumer, 0, bound, runtime)
      : new InstanceRunner(consumer, 0, runtime);
    this.joined = new Promise((resolve) => {
      this.#resolveJoined = resolve;
    });
    this.#ended = this.#live();
  }

  status(): ConsumerStatus {
    const { group, topic } = this.#consumer;
    const { newest } = this.#source;
    const behind = newest && comparePositions(newest, this.#runner.position) > 0;
    const lag = behind && this.#isJoined ? Number(newest.position - this.#runner.position.position) : 0;
    const { parkedStreams, failed } = this.#runner;
    const pausedBecause = this.#pausedBecause;
    return { group, topic, joined: this.#isJoined, lag: Math.max(0, lag), pausedBecause, parkedStreams, failed };
  }

  refresh(): Promise<void> {
    return this.#runner.refresh();
  }

  close(): Promise<void> {
    return this.#ended;
  }

  async #live(): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        if (!this.#isJoined && !(await this.#join())) {
          await pause(JOIN_EVERY_MS, this.#signal);
          continue;
        }
        await this.#step();
        this.#flows();
      } catch (error) {
        await this.#afterError(error);
      }
    }
    await this.#leave();
  }

  async #join(): Promise<boolean> {
    if (this.#runner instanceof InstanceRunner) {
      // After an outage it goes on where it was: only the first time is "the latest" its beginning.
      this.#runner.position = (await this.#source.head()) ?? BEGINNING;
    } else {
      const { group, topic } = this.#consumer;
      const state = await this.#leases.take({ group, topic, partition: 0 });
      if (!state) return false;
      await this.#runner.adopt(state);
      await this.#source.head();
    }
    this.#source.passed(this, this.#runner.position);
    this.#isJoined = true;
    this.#resolveJoined();
    return true;
  }

  async #step(): Promise<void> {
    if (this.#pace.waitMs >= 1) await pause(this.#pace.waitMs, this.#signal);
    this.#checkLease();
    const seen = this.#source.commits;
    const look = Date.now() - this.#lookedAtMs >= LOOK_EVERY_MS;
    if (look) this.#lookedAtMs = Date.now();
    const isYielding = this.#consumer.mode === 'group' && (await this.#yieldToAccepts());
    const most = this.#maxBatch(this.#runner.position);
    const limit = isYielding ? Math.min(YIELDING_BATCH, most) : most;
    const ahead = await this.#takeAhead(limit);
    const events = ahead ?? (await this.#source.next(this.#runner.position, limit, look));
    if (events.length === 0) return this.#idle(seen);
    this.#pace.took(streamsIn(events));
    this.#pollMs = this.#options.pollMs[0];
    this.#checkLease();
    if (!isYielding) this.#readAhead(events);
    await this.#runner.apply(events, this.#session(), limit);
    this.#source.passed(this, this.#runner.position);
  }

  /** Most events of the batch after a position: more when more wait. */
  #maxBatch(after: Position): number {
    const { maxBatch, behind } = this.#consumer;
    return behind && this.#waits(after, behind.from) ? behind.maxBatch : maxBatch;
  }

  #waits(after: Position, events: number): boolean {
    const { newest } = this.#source;
    return newest !== null && newest.position - after.position >= BigInt(events);
  }

  /**
   * The next page of a reader that is far behind is read while it applies this one: it waited 6 to 20 ms of every 50 for
   * it. What follows a position never changes, so that it does not matter when it was read. A reader that is close gets
   * more by reading later: a page read early is a short one, and a batch costs the same however small it is.
   */
  #readAhead(events: readonly StoredEvent[]): void {
    const after = events.at(-1)?.position;
    if (!after || !this.#waits(after, this.#consumer.maxBatch)) return;
    // Whoever needs it asks again, and learns of the error then.
    const next = this.#source.next(after, this.#maxBatch(after), false).catch(() => null);
    this.#ahead = { after, events: next };
  }

  /** Null when nothing was read ahead, or something else comes next. */
  async #takeAhead(limit: number): Promise<readonly StoredEvent[] | null> {
    const ahead = this.#ahead;
    this.#ahead = null;
    if (!ahead || comparePositions(ahead.after, this.#runner.position) !== 0) return null;
    const events = await ahead.events;
    return events && events.length > 0 ? events.slice(0, limit) : null;
  }

  async #idle(seen: number): Promise<void> {
    if (this.#runner instanceof PartitionRunner) await this.#runner.savePassedOver();
    this.#flows();
    const [shortest, longest] = this.#options.pollMs;
    const { newest } = this.#source;
    // Committed but not readable yet: an older transaction still runs somewhere; it will not take long.
    const heldBack = newest !== null && comparePositions(newest, this.#runner.position) > 0;
    if (heldBack) this.#pollMs = Math.min(this.#pollMs, 4 * shortest);
    await this.#source.wait(seen, this.#pollMs, this.#signal);
    this.#pollMs = Math.min(longest, this.#pollMs * 2);
  }

  /** @returns whether accepts still come in a burst. */
  async #yieldToAccepts(): Promise<boolean> {
    const { yieldWhile } = this.#options;
    if (!yieldWhile) return false;
    await pauseWhile(yieldWhile, MOST_YIELD_MS, this.#signal);
    return yieldWhile();
  }

  #session(): Session {
    const heartbeat = async (): Promise<void> => {
      if (this.#signal.aborted) throw this.#lost();
      this.#checkLease();
    };
    return { heartbeat, signal: this.#signal };
  }

  #checkLease(): void {
    const { group, topic, mode } = this.#consumer;
    if (mode === 'group' && !this.#leases.holds({ group, topic, partition: 0 })) throw this.#lost();
  }

  #lost(): PartitionLostError {
    return new PartitionLostError(this.#consumer.group, this.#consumer.topic, 0);
  }

  #flows(): void {
    this.#pausedBecause = null;
    this.#backoff.reset();
  }

  async #afterError(error: unknown): Promise<void> {
    if (this.#signal.aborted) return;
    const { group, topic } = this.#consumer;
    if (error instanceof PartitionLostError || error instanceof CheckpointMovedError) {
      this.#isJoined = false;
      this.#runtime.logger.warn(`${error.message}; joining again`);
      await pause(this.#backoff.nextMs(), this.#signal);
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    if (this.#pausedBecause === null) this.#runtime.logger.warn(`${group} pauses on ${topic}: ${message}`);
    if (!(error instanceof PausedError))
      this.#runtime.logger.warn(String(error instanceof Error ? error.stack : error));
    this.#pausedBecause = message;
    await pause(this.#backoff.nextMs(), this.#signal);
  }

  async #leave(): Promise<void> {
    this.#source.leave(this);
    if (!(this.#runner instanceof PartitionRunner)) return;
    try {
      await this.#runner.savePassedOver(true);
    } catch (error) {
      this.#runtime.logger.warn(`the last position of ${this.#consumer.group} was not saved: ${String(error)}`);
    }
  }
}

/** About how many requests, runs or deliveries the events tell of: what one commit says of one stream comes together. */
function streamsIn(events: readonly StoredEvent[]): number {
  let count = 0;
  let last = '';
  for (const { streamId } of events) {
    if (streamId !== last) count++;
    last = streamId;
  }
  return count;
}
