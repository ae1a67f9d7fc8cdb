import type { Topic } from '@sluice/contracts';
import { serviceOf, TOPICS } from '@sluice/contracts';
import type { Bound } from '../bus-bindings.ts';
import { BusStrategy, type BusOptions, type Running } from '../bus-strategy.ts';
import type { Consumer } from '../consuming/consumer.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { TableConsumer, type TableConsumerOptions } from './table-consumer.ts';
import { TopicSource } from './topic-source.ts';

export interface PostgresBusOptions extends BusOptions {
  /**
   * This process alone writes the topics and consumes them (standalone). Then events reach their consumers straight
   * from the commit, leases are taken at once after a crash, and idle consumers need hardly any polling.
   */
  soleWriter?: boolean;
  /** Most events of a topic handed over in memory; beyond it they are read from the table. 4,000 unless given. */
  handOverLimit?: number;
  yieldWhile?: () => boolean;
  /** Bounds of the time between two looks at a table that nothing woke us for, in milliseconds. */
  pollMs?: readonly [number, number];
  /** How long a dead instance keeps its consumers from being taken over, in milliseconds; 6 s unless given. */
  leaseMs?: number;
}

/** The bus of the standalone wiring: consumers read the event tables, one checkpoint per (group, topic). */
export class PostgresBus extends BusStrategy {
  readonly #options: PostgresBusOptions;
  readonly #sources = new Map<string, TopicSource>();
  readonly #keepers = new Map<string, LeaseKeeper>();
  #unsubscribe: (() => void)[] = [];

  constructor(options: PostgresBusOptions) {
    super(options);
    this.#options = options;
  }

  protected async start(consumers: readonly Consumer[]): Promise<void> {
    const { soleWriter = false, handOverLimit = 4_000 } = this.#options;
    for (const consumer of consumers) {
      if (consumer.foreign) continue;
      const topic = TOPICS.find((each) => each === consumer.topic);
      if (!topic) throw new Error(`${consumer.topic} is not a topic with a table`);
      if (this.#sources.has(topic)) continue;
      const { store } = this.bindings.of(serviceOf(topic));
      this.#sources.set(topic, new TopicSource(topic, store, soleWriter, handOverLimit));
    }
    for (const topic of this.#sources.keys()) this.#listenTo(topic as Topic);
  }

  #listenTo(topic: Topic): void {
    const source = this.#sources.get(topic) as TopicSource;
    const { store } = this.bindings.of(serviceOf(topic));
    this.#unsubscribe.push(
      store.onCommitted((events) => {
        const ours = events.filter((event) => event.topic === topic);
        if (ours.length > 0) source.committed(ours);
      }),
    );
  }

  protected run(consumer: Consumer, bound: Bound): Running {
    const { soleWriter = false, yieldWhile, pollMs } = this.#options;
    if (consumer.foreign) return foreignStandIn(consumer);
    const options: TableConsumerOptions = {
      pollMs: pollMs ?? (soleWriter ? [5, 1_000] : [5, 100]),
      ...(yieldWhile ? { yieldWhile } : {}),
    };
    return new TableConsumer(consumer, bound, this.runtime, {
      source: this.#sources.get(consumer.topic) as TopicSource,
      leases: this.#keeper(bound),
      options,
      signal: this.stopping.signal,
    });
  }

  #keeper(bound: Bound): LeaseKeeper {
    const existing = this.#keepers.get(bound.service);
    if (existing) return existing;
    const { soleWriter = false, leaseMs = 6_000 } = this.#options;
    const { instanceId, logger } = this.runtime;
    const signal = this.stopping.signal;
    const keeper = new LeaseKeeper(bound.tables, { instanceId, leaseMs, alone: soleWriter, signal, logger });
    this.#keepers.set(bound.service, keeper);
    return keeper;
  }

  protected async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [];
    const results = await Promise.allSettled([...this.#keepers.values()].map((keeper) => keeper.release()));
    for (const result of results) {
      if (result.status === 'rejected') this.runtime.logger.warn(`leases were not released: ${String(result.reason)}`);
    }
  }
}

/** Topics without a table exist on Kafka only: here such a consumer is joined and never gets anything. */
function foreignStandIn(consumer: Consumer): Running {
  const { group, topic } = consumer;
  const status = { group, topic, joined: true, lag: 0, pausedBecause: null, parkedStreams: 0, failed: 0 };
  return {
    status: () => status,
    joined: Promise.resolve(),
    refresh: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
