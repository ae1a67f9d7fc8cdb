import { randomUUID } from 'node:crypto';
import type { Topic } from '@sluice/contracts';
import type { Consumer as KafkaClient, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import type { Bound } from '../bus-bindings.ts';
import type { Running } from '../bus-strategy.ts';
import type { ConsumerStatus } from '../bus.contract.ts';
import { Backoff, type BusRuntime, PartitionLostError, pause, PausedError } from '../consuming/bus-runtime.ts';
import type { Consumer, Message } from '../consuming/consumer.ts';
import type { BrokerDoor } from './broker-door.ts';
import { eventOf, foreignOf } from './envelope.ts';
import { isKafkaError, RETRY_FOR_EVER } from './kafka-client.ts';
import { KafkaPartition } from './kafka-partition.ts';

export interface KafkaConsumerParts {
  kafka: Kafka;
  /** Name of the topic on the broker. */
  topicName: string;
  prefix: string;
  sessionTimeoutMs: number;
  signal: AbortSignal;
  /** Resolves once the topics exist. */
  topicsReady: Promise<void>;
  door: BrokerDoor;
}

const HEARTBEAT_MS = 1_000;
/** Offsets are only a hint (the checkpoint decides), so they are committed now and then. */
const COMMIT_EVERY_MS = 1_000;
/** The bus sends heartbeats for a handler this long; one that takes longer has to send its own. */
const LONGEST_SILENT_HANDLER_MS = 60_000;
/** At once: all partitions of a topic, so that a slow one holds nobody back within a fetch. */
const PARTITIONS_AT_ONCE = 64;

/** One consumer (group and topic) in this process, on a kafkajs consumer of its own: topics never wait for each other. */
export class KafkaConsumer implements Running {
  readonly joined: Promise<void>;
  readonly #consumer: Consumer;
  readonly #bound: Bound;
  readonly #runtime: BusRuntime;
  readonly #parts: KafkaConsumerParts;
  readonly #partitions = new Map<number, KafkaPartition>();
  /** `everyInstance`: where this process goes on, per partition; the broker never learns it. */
  readonly #next = new Map<number, bigint>();
  readonly #groupId: string;
  readonly #committing: Promise<void>;
  #client: KafkaClient | null = null;
  #started: Promise<void>;
  #resolveJoined: () => void = () => {};
  #isJoined = false;
  #unreadable = 0;

  constructor(consumer: Consumer, bound: Bound, runtime: BusRuntime, parts: KafkaConsumerParts) {
    this.#consumer = consumer;
    this.#bound = bound;
    this.#runtime = runtime;
    this.#parts = parts;
    const purpose = `${parts.prefix}sluice.${consumer.group}.${consumer.topic}`;
    const alone = `${purpose}.${runtime.instanceId}.${randomUUID()}`;
    this.#groupId = consumer.mode === 'group' ? purpose : alone;
    this.joined = new Promise((resolve) => {
      this.#resolveJoined = resolve;
    });
    this.#started = this.#start();
    this.#committing = this.#commitNowAndThen();
  }

  status(): ConsumerStatus {
    const { group, topic } = this.#consumer;
    const partitions = [...this.#partitions.values()];
    return {
      group,
      topic,
      joined: this.#isJoined,
      refusedBecause: this.#parts.door.refusal,
      lag: partitions.reduce((sum, partition) => sum + partition.lag, 0),
      pausedBecause: partitions.find((partition) => partition.pausedBecause !== null)?.pausedBecause ?? null,
      parkedStreams: Math.max(0, ...partitions.map((partition) => partition.runner.parkedStreams)),
      failed: this.#unreadable + partitions.reduce((sum, partition) => sum + partition.runner.failed, 0),
    };
  }

  async refresh(): Promise<void> {
    for (const { runner } of this.#partitions.values()) await runner.refresh();
    await this.#measurePaused();
  }

  async close(): Promise<void> {
    await this.#committing;
    await this.#started;
    await this.#commitOffsets();
    await this.#client?.disconnect();
  }

  /** Tries until it runs; a broker that is away only delays it. */
  async #start(): Promise<void> {
    const { signal, topicsReady } = this.#parts;
    const backoff = new Backoff();
    await topicsReady;
    while (!signal.aborted) {
      try {
        await this.#run();
        return;
      } catch (error) {
        if (!this.#parts.door.failed(error)) {
          this.#runtime.logger.warn(`${this.#groupId} does not consume yet: ${String(error)}`);
        }
        await pause(backoff.nextMs(), signal);
      }
    }
  }

  async #run(): Promise<void> {
    const { kafka, topicName, sessionTimeoutMs } = this.#parts;
    const client = kafka.consumer({
      groupId: this.#groupId,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: HEARTBEAT_MS,
      // Heartbeats happen only between fetches: idle, the default of 5 s delays every join and leave by as much.
      maxWaitTimeInMs: 500,
      minBytes: 1,
      allowAutoTopicCreation: false,
      retry: RETRY_FOR_EVER,
    });
    this.#client = client;
    client.on(client.events.GROUP_JOIN, () => this.#onJoin(client));
    client.on(client.events.CRASH, ({ payload }) => {
      // kafkajs restarts by itself after errors it calls retriable; after any other it is dead for good.
      if (!payload.restart) this.#restart(payload.error);
    });
    const isGroup = this.#consumer.mode === 'group';
    if (!isGroup && this.#next.size === 0) await this.#findEnds();
    await client.connect();
    await client.subscribe({ topics: [topicName], fromBeginning: isGroup });
    await client.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (payload) => this.#onBatch(payload),
    });
  }

  /**
   * "From the moment it joined" has to be a place: kafkajs would ask for the end of each partition at its first fetch,
   * some time after the join, and again after each rejoin, skipping what came meanwhile.
   */
  async #findEnds(): Promise<void> {
    for (const [partition, end] of await this.#ends()) this.#next.set(partition, end);
  }

  /** Runs before the first fetch of the new generation: kafkajs emits it inside the join. */
  #onJoin(client: KafkaClient): void {
    const topic = this.#parts.topicName;
    if (this.#consumer.mode === 'group') {
      // Whoever had a partition meanwhile has moved its checkpoint: it is taken anew at its next batch.
      for (const partition of this.#partitions.values()) partition.giveUp();
    } else {
      for (const [partition, offset] of this.#next) client.seek({ topic, partition, offset: String(offset) });
    }
    this.#isJoined = true;
    this.#parts.door.opened();
    this.#resolveJoined();
  }

  #restart(error: unknown): void {
    this.#runtime.logger.warn(`${this.#groupId} died and is started again: ${String(error)}`);
    this.#started = pause(1_000, this.#parts.signal).then(() => this.#start());
  }

  /** Never throws anything but kafkajs' own errors: a TypeError in here would end the consumer for good. */
  async #onBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const partition = this.#partition(batch.partition);
    partition.lag = Number(batch.offsetLag()) + batch.messages.length;
    partition.next = BigInt(batch.firstOffset() ?? batch.messages[0]?.offset ?? 0);
    const work = new AbortController();
    const onStop = (): void => work.abort();
    this.#parts.signal.addEventListener('abort', onStop, { once: true });
    const beat = this.#heartbeats(payload, work);
    try {
      const messages = batch.messages.flatMap((message) => this.#read(batch.partition, message));
      const heartbeat = async (): Promise<void> => {
        if (this.#parts.signal.aborted) throw new PartitionLostError(this.#groupId, batch.topic, batch.partition);
        await payload.heartbeat();
      };
      await partition.apply(messages, BigInt(batch.highWatermark), { heartbeat, signal: work.signal });
      this.#resolve(payload, partition);
    } catch (error) {
      await this.#afterError(error, payload, partition);
    } finally {
      this.#parts.signal.removeEventListener('abort', onStop);
      beat.stop();
    }
    if (beat.error) throw beat.error;
  }

  #resolve(payload: EachBatchPayload, partition: KafkaPartition): void {
    const last = payload.batch.lastOffset();
    payload.resolveOffset(last);
    partition.lag = Number(payload.batch.offsetLag());
    partition.next = BigInt(last) + 1n;
    if (this.#consumer.mode === 'group') partition.uncommitted = BigInt(last) + 1n;
    else this.#next.set(payload.batch.partition, BigInt(last) + 1n);
  }

  async #afterError(error: unknown, payload: EachBatchPayload, partition: KafkaPartition): Promise<void> {
    if (isKafkaError(error)) throw error;
    if (this.#parts.signal.aborted) return;
    if (error instanceof PartitionLostError) {
      partition.giveUp();
      // Throws when the group is rebalancing; otherwise we are still the owner and take the partition back.
      await payload.heartbeat();
      await pause(50, this.#parts.signal);
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    const { group, topic } = this.#consumer;
    if (partition.pausedBecause === null) this.#runtime.logger.warn(`${group} pauses on ${topic}: ${message}`);
    if (!(error instanceof PausedError))
      this.#runtime.logger.warn(String(error instanceof Error ? error.stack : error));
    // The batch stays unresolved: after the pause it is fetched again, while the other partitions go on.
    partition.pause(message, payload.pause(), this.#parts.signal);
  }

  /** Keeps the membership while a handler works, but not for ever: a handler that hangs loses its partition. */
  #heartbeats(payload: EachBatchPayload, work: AbortController): { error: unknown; stop(): void } {
    const beat: { error: unknown; stop(): void } = { error: null, stop: () => clearInterval(timer) };
    const until = Date.now() + LONGEST_SILENT_HANDLER_MS;
    const timer = setInterval(() => {
      if (Date.now() > until) return clearInterval(timer);
      payload.heartbeat().catch((error: unknown) => {
        clearInterval(timer);
        beat.error = isKafkaError(error) ? error : new Error(String(error), { cause: error });
        work.abort();
      });
    }, HEARTBEAT_MS);
    return beat;
  }

  #partition(number: number): KafkaPartition {
    let partition = this.#partitions.get(number);
    if (!partition) {
      partition = new KafkaPartition(this.#consumer, number, this.#bound, this.#runtime);
      this.#partitions.set(number, partition);
    }
    return partition;
  }

  #read(partition: number, message: KafkaMessage): Message[] {
    const { topic, foreign } = this.#consumer;
    if (foreign) return [foreignOf(topic, partition, message)];
    try {
      return [eventOf(topic as Topic, message)];
    } catch (error) {
      // Only our relays write these topics. Whatever this is, it is not an event: nothing is lost by passing it over.
      this.#unreadable++;
      this.#runtime.logger.error(`foreign message at ${topic}/${partition}@${message.offset}: ${String(error)}`);
      return [];
    }
  }

  /** A paused partition fetches nothing, so nothing tells how far it falls behind. */
  async #measurePaused(): Promise<void> {
    const paused = [...this.#partitions].filter(([, partition]) => partition.pausedBecause !== null);
    if (paused.length === 0) return;
    const ends = await this.#ends();
    for (const [number, partition] of paused) {
      const end = ends.get(number);
      if (end !== undefined) partition.lag = Number(end - partition.next);
    }
  }

  async #ends(): Promise<Map<number, bigint>> {
    const admin = this.#parts.kafka.admin();
    await admin.connect();
    try {
      const ends = await admin.fetchTopicOffsets(this.#parts.topicName);
      return new Map(ends.map(({ partition, high }) => [partition, BigInt(high)]));
    } finally {
      await admin.disconnect();
    }
  }

  async #commitNowAndThen(): Promise<void> {
    if (this.#consumer.mode !== 'group') return;
    while (!this.#parts.signal.aborted) {
      await pause(COMMIT_EVERY_MS, this.#parts.signal);
      if (!this.#parts.signal.aborted) await this.#commitOffsets();
    }
  }

  async #commitOffsets(): Promise<void> {
    const topic = this.#parts.topicName;
    const dirty = [...this.#partitions].filter(([, { uncommitted }]) => uncommitted !== null);
    if (dirty.length === 0 || !this.#client) return;
    const offsets = dirty.map(([partition, { uncommitted }]) => ({ topic, partition, offset: String(uncommitted) }));
    for (const [, partition] of dirty) partition.uncommitted = null;
    try {
      await this.#client.commitOffsets(offsets);
    } catch (error) {
      // The checkpoint is in Postgres: whoever gets the partition drops what is repeated.
      this.#runtime.logger.warn(`offsets of ${this.#groupId} were not committed: ${String(error)}`);
    }
  }
}
