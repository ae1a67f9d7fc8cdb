import { formatPosition, type Position } from '@sluice/event-store';
import { serviceOf, type Topic, TOPICS } from '@sluice/contracts';
import { randomInt } from 'node:crypto';
import type { Bound } from '../bus-bindings.ts';
import { type BusOptions, BusStrategy, type Running } from '../bus-strategy.ts';
import type { ForeignMessage } from '../bus.contract.ts';
import type { Consumer } from '../consuming/consumer.ts';
import { MemoryConsumer, Redelivered } from './memory-consumer.ts';
import { seededRandom } from './seeded-random.ts';

export interface MemoryBusOptions extends Omit<BusOptions, 'instanceId'> {
  instanceId?: string;
  /** The same seed interleaves and redelivers alike; printed at the start. */
  seed?: number;
  /** How often (0 to 1) a batch is delivered again although it was handled; 0.1 unless given. */
  redeliver?: number;
  /** Partitions of each topic; streams are spread over them at random. 4 unless given. */
  partitions?: number;
}

/**
 * A bus for tests that is as unkind as Kafka may be: keys fall into random partitions that run at random speed against
 * each other, batches have random sizes, and some are delivered twice. Order holds per partition key, and nothing else.
 */
export class MemoryBus extends BusStrategy {
  readonly seed: number;
  readonly #options: MemoryBusOptions;
  readonly #consumers: MemoryConsumer[] = [];
  readonly #random: () => number;
  #unsubscribe: (() => void)[] = [];

  constructor(options: MemoryBusOptions) {
    super({ instanceId: 'memory', ...options });
    this.#options = options;
    this.seed = options.seed ?? randomInt(2 ** 31);
    this.#random = seededRandom(this.seed);
    this.runtime.random = this.#random;
    const { failpoint, redeliver = 0.1 } = options;
    this.runtime.failpoint = (name) => {
      failpoint?.(name);
      if (name === 'bus.after-handler' && this.#random() < redeliver) throw new Redelivered();
    };
  }

  protected async start(consumers: readonly Consumer[]): Promise<void> {
    this.runtime.logger.log(`memory bus with seed ${this.seed}`);
    const topics = new Set(consumers.filter((each) => !each.foreign).map((each) => topicOf(each)));
    for (const topic of topics) {
      const { store } = this.bindings.of(serviceOf(topic));
      this.#unsubscribe.push(store.onCommitted(() => this.#wake(topic)));
    }
  }

  protected run(consumer: Consumer, bound: Bound): Running {
    const store = consumer.foreign ? null : this.bindings.of(serviceOf(topicOf(consumer))).store;
    const running = new MemoryConsumer(consumer, bound, this.runtime, {
      store,
      signal: this.stopping.signal,
      random: this.#random,
      partitions: this.#options.partitions ?? 4,
    });
    this.#consumers.push(running);
    return running;
  }

  /** Hands messages of a topic without a table (`domain.events`) to its consumers, as Kafka would. */
  deliverForeign(topic: string, messages: readonly Omit<ForeignMessage, 'topic' | 'partition' | 'offset'>[]): void {
    for (const consumer of this.#consumers) consumer.feed(topic, messages);
  }

  /** Resolves when every consumer has applied everything, also what handlers appended meanwhile. */
  async settled(): Promise<void> {
    for (let before = ''; ; ) {
      const heads = await this.#heads();
      await Promise.all(this.#consumers.map((consumer) => consumer.reached(heads.get(consumer.topic) ?? null)));
      const now = [...(await this.#heads())].map(([topic, head]) => `${topic} ${head && formatPosition(head)}`).join();
      if (now === before) return;
      before = now;
    }
  }

  async #heads(): Promise<Map<string, Position | null>> {
    const heads = new Map<string, Position | null>();
    for (const topic of new Set(this.#consumers.map((consumer) => consumer.topic))) {
      const own = TOPICS.find((each) => each === topic);
      if (own) heads.set(own, await this.bindings.of(serviceOf(own)).store.head(own));
    }
    return heads;
  }

  #wake(topic: string): void {
    for (const consumer of this.#consumers) if (consumer.topic === topic) consumer.wake();
  }

  protected async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [];
  }
}

function topicOf(consumer: Consumer): Topic {
  const topic = TOPICS.find((each) => each === consumer.topic);
  if (!topic) throw new Error(`${consumer.topic} is not a topic with a table`);
  return topic;
}
