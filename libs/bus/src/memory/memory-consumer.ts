import { comparePositions, type EventStorePort, type Position } from '@sluice/event-store';
import type { Topic } from '@sluice/contracts';
import type { Bound } from '../bus-bindings.ts';
import type { Running } from '../bus-strategy.ts';
import type { ConsumerStatus, ForeignMessage } from '../bus.contract.ts';
import { Backoff, type BusRuntime, PartitionLostError, pause } from '../consuming/bus-runtime.ts';
import type { Consumer, Message } from '../consuming/consumer.ts';
import { BEGINNING } from '../consuming/group-tables.ts';
import { InstanceRunner } from '../consuming/instance-runner.ts';
import { isForeign } from '../consuming/message.ts';
import { PartitionRunner } from '../consuming/partition-runner.ts';
import { partitionOf } from './seeded-random.ts';

export interface MemoryConsumerParts {
  /** Null for a foreign topic, which is fed instead of read. */
  store: EventStorePort | null;
  signal: AbortSignal;
  random: () => number;
  partitions: number;
}

interface Lane {
  runner: PartitionRunner | InstanceRunner;
  queue: Message[];
  busy: boolean;
  backoff: Backoff;
}

const POLL_MS = 20;

/** One consumer on the memory bus: reads its topic in order and lets the partitions run against each other. */
export class MemoryConsumer implements Running {
  readonly joined: Promise<void>;
  readonly topic: string;
  /** How far the topic has been read into the partitions. */
  seen: Position = BEGINNING;
  readonly #consumer: Consumer;
  readonly #runtime: BusRuntime;
  readonly #parts: MemoryConsumerParts;
  readonly #lanes: Lane[];
  readonly #working = new Set<Promise<void>>();
  readonly #ended: Promise<void>;
  #resolveJoined: () => void = () => {};
  #isJoined = false;
  #pausedBecause: string | null = null;
  #wake: () => void = () => {};
  #offset = 0n;

  constructor(consumer: Consumer, bound: Bound, runtime: BusRuntime, parts: MemoryConsumerParts) {
    this.#consumer = consumer;
    this.topic = consumer.topic;
    this.#runtime = runtime;
    this.#parts = parts;
    this.joined = new Promise((resolve) => {
      this.#resolveJoined = resolve;
    });
    this.#lanes = Array.from({ length: parts.partitions }, (_, partition) => ({
      runner:
        consumer.mode === 'group'
          ? new PartitionRunner(consumer, partition, bound, runtime)
          : new InstanceRunner(consumer, partition, runtime),
      queue: [],
      busy: false,
      backoff: new Backoff(),
    }));
    this.#ended = this.#live();
  }

  status(): ConsumerStatus {
    const { group, topic } = this.#consumer;
    const lag = this.#lanes.reduce((sum, lane) => sum + lane.queue.length, 0);
    const parkedStreams = Math.max(...this.#lanes.map((lane) => lane.runner.parkedStreams));
    const failed = this.#lanes.reduce((sum, lane) => sum + lane.runner.failed, 0);
    return { group, topic, joined: this.#isJoined, lag, pausedBecause: this.#pausedBecause, parkedStreams, failed };
  }

  async refresh(): Promise<void> {
    for (const { runner } of this.#lanes) await runner.refresh();
  }

  async close(): Promise<void> {
    this.wake();
    await this.#ended;
    await Promise.all(this.#working);
  }

  wake(): void {
    this.#wake();
  }

  /** Messages of a foreign topic: offsets are counted from 0 in partition 0. */
  feed(topic: string, messages: readonly Omit<ForeignMessage, 'topic' | 'partition' | 'offset'>[]): void {
    if (!this.#consumer.foreign || topic !== this.topic) return;
    const lane = this.#lanes[0] as Lane;
    for (const message of messages) lane.queue.push({ ...message, topic, partition: 0, offset: this.#offset++ });
    this.#drive(lane);
  }

  /** Resolves when everything up to a position is applied and nothing waits. */
  async reached(head: Position | null): Promise<void> {
    while (!this.#parts.signal.aborted) {
      const idle = this.#lanes.every((lane) => lane.queue.length === 0 && !lane.busy);
      if (idle && (head === null || this.#consumer.foreign || comparePositions(this.seen, head) >= 0)) return;
      await pause(2, this.#parts.signal);
    }
  }

  async #live(): Promise<void> {
    const { signal, random } = this.#parts;
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        if (!this.#isJoined) await this.#join();
        const read = await this.#read(1 + Math.floor(random() * 40));
        backoff.reset();
        if (!read) await this.#sleep(POLL_MS);
      } catch (error) {
        this.#pausedBecause = error instanceof Error ? error.message : String(error);
        await pause(backoff.nextMs(), signal);
      }
    }
  }

  async #join(): Promise<void> {
    const { store } = this.#parts;
    if (this.#consumer.mode === 'everyInstance') {
      const head = await store?.head(this.topic as Topic);
      this.seen = head ?? BEGINNING;
      for (const { runner } of this.#lanes) if (runner instanceof InstanceRunner) runner.position = this.seen;
    } else {
      const groups = this.#lanes.map((lane) => lane.runner).filter((runner) => runner instanceof PartitionRunner);
      for (const runner of groups) await runner.take();
      const sorted = groups.map((runner) => runner.position).sort(comparePositions);
      this.seen = sorted[0] ?? BEGINNING;
      if (this.#consumer.foreign) this.#offset = sorted.at(-1)?.position ?? 0n;
    }
    this.#isJoined = true;
    this.#pausedBecause = null;
    this.#resolveJoined();
    for (const lane of this.#lanes) this.#drive(lane);
  }

  async #read(limit: number): Promise<boolean> {
    const { store, partitions } = this.#parts;
    if (!store) return false;
    const events = await store.readAfter(this.topic as Topic, this.seen, limit);
    for (const event of events) {
      const lane = this.#lanes[partitionOf(event.partitionKey, partitions)] as Lane;
      lane.queue.push(event);
      this.seen = event.position;
    }
    for (const lane of this.#lanes) this.#drive(lane);
    return events.length > 0;
  }

  #drive(lane: Lane): void {
    if (lane.busy || !this.#isJoined || lane.queue.length === 0) return;
    lane.busy = true;
    const work = this.#apply(lane).finally(() => {
      lane.busy = false;
      this.#working.delete(work);
    });
    this.#working.add(work);
  }

  async #apply(lane: Lane): Promise<void> {
    const { signal, random } = this.#parts;
    const session = { heartbeat: async () => {}, signal };
    while (lane.queue.length > 0 && !signal.aborted) {
      for (let steps = Math.floor(random() * 6); steps > 0; steps--) await new Promise(setImmediate);
      const batch = lane.queue.slice(0, 1 + Math.floor(random() * 20));
      try {
        await lane.runner.apply(batch, session);
        lane.queue.splice(0, batch.length);
        lane.backoff.reset();
        this.#pausedBecause = null;
      } catch (error) {
        await this.#afterError(lane, error);
      }
    }
  }

  async #afterError(lane: Lane, error: unknown): Promise<void> {
    const { signal } = this.#parts;
    if (signal.aborted) return;
    if (error instanceof PartitionLostError) return this.#takeBack(lane);
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof Error && error.cause instanceof Redelivered) return;
    this.#runtime.logger.warn(`${this.#consumer.group} pauses on ${this.topic}: ${message}`);
    this.#pausedBecause = message;
    await pause(lane.backoff.nextMs(), signal);
  }

  async #takeBack(lane: Lane): Promise<void> {
    if (!(lane.runner instanceof PartitionRunner)) return;
    try {
      await lane.runner.take();
      lane.queue = lane.queue.filter((message) => isForeign(message) || !isApplied(message.position, lane));
    } catch (error) {
      this.#pausedBecause = String(error);
      await pause(lane.backoff.nextMs(), this.#parts.signal);
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function isApplied(position: Position, lane: Lane): boolean {
  return comparePositions(position, lane.runner.position) <= 0;
}

/** Thrown by the memory bus after a handler, as if the process had died before the checkpoint was saved. */
export class Redelivered extends Error {
  readonly code = 'ECONNRESET';
  constructor() {
    super('delivered again at random');
    this.name = 'Redelivered';
  }
}
