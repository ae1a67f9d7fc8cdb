import { type ServiceName, type Topic, TOPICS } from '@sluice/contracts';
import type { Kafka } from 'kafkajs';
import type { Bound } from '../bus-bindings.ts';
import { type BusOptions, BusStrategy, type Running } from '../bus-strategy.ts';
import type { Consumer } from '../consuming/consumer.ts';
import { BrokerDoor } from './broker-door.ts';
import { createKafka, type KafkaSettings } from './kafka-client.ts';
import { KafkaConsumer } from './kafka-consumer.ts';
import { ensureTopics, isEmptyTopic } from './kafka-topics.ts';
import { Relay, type RelayOptions, type RelayStatus } from './relay.ts';

export interface KafkaBusOptions extends BusOptions {
  kafka: KafkaSettings;
  /** The services of this process: their topics are created, and it may become the active relay of each. */
  ownServices: readonly ServiceName[];
  relay?: Pick<RelayOptions, 'leaseMs' | 'beforeSend' | 'yieldWhile'>;
}

const DEFAULT_SESSION_TIMEOUT_MS = 6_000;

/** The bus of the distributed wiring: relays carry tables to Kafka topics, consumers read those. */
export class KafkaBus extends BusStrategy {
  readonly #options: KafkaBusOptions;
  readonly #kafka: Kafka;
  readonly #prefix: string;
  readonly #door: BrokerDoor;
  #topicsReady: Promise<void> = Promise.resolve();
  #relays: Relay[] = [];

  constructor(options: KafkaBusOptions) {
    super(options);
    this.#options = options;
    this.#prefix = options.kafka.prefix ?? '';
    this.#door = new BrokerDoor(this.runtime.logger);
    this.#kafka = createKafka(options.kafka, this.runtime.logger, (problem) => this.#door.heard(problem));
  }

  protected async start(consumers: readonly Consumer[]): Promise<void> {
    const bounds = this.#options.ownServices.map((service) => this.bindings.of(service));
    const written = bounds.flatMap((bound) => bound.store.topics);
    const read = consumers.filter((each) => !each.foreign).map((each) => ownTopic(each.topic));
    const own = [...new Set([...written, ...read])].map((topic) => this.#nameOf(topic));
    const foreign = [...new Set(consumers.filter((each) => each.foreign).map((each) => each.topic))];
    const context = { logger: this.runtime.logger, signal: this.stopping.signal, door: this.#door };
    this.#topicsReady = ensureTopics(this.#kafka, { own, foreign }, this.#options.kafka, context);
    this.#relays = bounds.map((bound) => this.#relay(bound));
  }

  #relay(bound: Bound): Relay {
    return new Relay(bound, this.#kafka, this.runtime, {
      ...this.#options.relay,
      topicName: (topic) => this.#nameOf(topic),
      isEmpty: (topic) => isEmptyTopic(this.#kafka, this.#nameOf(topic)),
      topicsReady: this.#topicsReady,
      signal: this.stopping.signal,
    });
  }

  protected run(consumer: Consumer, bound: Bound): Running {
    return new KafkaConsumer(consumer, bound, this.runtime, {
      kafka: this.#kafka,
      topicName: consumer.foreign ? consumer.topic : this.#nameOf(ownTopic(consumer.topic)),
      prefix: this.#prefix,
      sessionTimeoutMs: this.#options.kafka.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS,
      signal: this.stopping.signal,
      topicsReady: this.#topicsReady,
      door: this.#door,
    });
  }

  /** How the relays of this process are; `active` in one process per service. */
  relays(): RelayStatus[] {
    return this.#relays.map((relay) => relay.status());
  }

  protected async stop(): Promise<void> {
    await Promise.allSettled(this.#relays.map((relay) => relay.close()));
  }

  #nameOf(topic: Topic): string {
    return `${this.#prefix}${topic}`;
  }
}

function ownTopic(name: string): Topic {
  const topic = TOPICS.find((each) => each === name);
  if (!topic) throw new Error(`${name} is not a topic of ours: mark its consumer as foreign`);
  return topic;
}
