import type { Bound } from '../bus-bindings.ts';
import { Backoff, type BusRuntime, PausedError, pause } from '../consuming/bus-runtime.ts';
import type { Consumer, Message } from '../consuming/consumer.ts';
import { InstanceRunner } from '../consuming/instance-runner.ts';
import { PartitionRunner, type Session } from '../consuming/partition-runner.ts';

/** One partition that this consumer was given: its runner, its pause and its offsets. */
export class KafkaPartition {
  readonly runner: PartitionRunner | InstanceRunner;
  lag = 0;
  pausedBecause: string | null = null;
  /** The offset that comes next. */
  next = 0n;
  /** The offset to commit, or null when the broker knows it. */
  uncommitted: bigint | null = null;
  readonly #consumer: Consumer;
  readonly #runtime: BusRuntime;
  readonly #backoff = new Backoff();
  #taken = false;

  constructor(consumer: Consumer, partition: number, bound: Bound, runtime: BusRuntime) {
    this.#consumer = consumer;
    this.#runtime = runtime;
    const isGroup = consumer.mode === 'group';
    this.runner = isGroup
      ? new PartitionRunner(consumer, partition, bound, runtime)
      : new InstanceRunner(consumer, partition, runtime);
  }

  /** Somebody else may have it now: take it again before the next batch. */
  giveUp(): void {
    this.#taken = false;
    this.uncommitted = null;
    // If it comes back, its next batch says so; if not, it is not ours to report.
    this.lag = 0;
    this.pausedBecause = null;
  }

  /**
   * `end`: the offset at which the partition ends now.
   * @throws PausedError, PartitionLostError
   */
  async apply(messages: readonly Message[], end: bigint, session: Session): Promise<void> {
    if (this.runner instanceof PartitionRunner && !this.#taken) {
      await this.#take(this.runner, end);
      this.#taken = true;
    }
    await this.runner.apply(messages, session);
    this.#backoff.reset();
    this.pausedBecause = null;
  }

  async #take(runner: PartitionRunner, end: bigint): Promise<void> {
    const { foreign, group, topic } = this.#consumer;
    try {
      await runner.take();
      // Foreign messages have nothing but their offset. Beyond the end of the log it can only be another log's.
      if (!foreign || runner.position.position <= end) return;
      this.#runtime.logger.warn(`${topic} was created anew: ${group} begins at its start`);
      await runner.rewind();
    } catch (error) {
      throw new PausedError(error);
    }
  }

  /** Stops fetching this partition for a while; heartbeats and the other partitions go on. */
  pause(because: string, resume: () => void, signal: AbortSignal): void {
    this.pausedBecause = because;
    void pause(this.#backoff.nextMs(), signal).then(() => {
      // kafkajs throws when the consumer has stopped meanwhile; a new generation begins unpaused anyway.
      if (!signal.aborted) resume();
    });
  }
}
