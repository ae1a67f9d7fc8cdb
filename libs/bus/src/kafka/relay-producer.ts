import kafkajs, { type Kafka, type Producer, type ProducerBatch } from 'kafkajs';
import { Backoff, type BusRuntime, pause } from '../consuming/bus-runtime.ts';
import { RETRY_FOR_EVER } from './kafka-client.ts';

/**
 * A relay's one producer, with exactly one batch pending at any time. After a rejection the same batch goes out again
 * before anything else, so the order per partition holds; a batch that the broker had taken although its answer was
 * lost arrives twice, which consumers see by its positions and drop. So does the rest of a batch of which the broker
 * refuses one partition for a moment (its leader is not known yet): kafkajs then sends the whole batch to it again.
 *
 * Not idempotent, on purpose (decision 0021): consumers have to drop repeated events anyway, because another relay may
 * repeat them, and kafkajs loses acknowledged messages in idempotent mode when ever two sends overlap.
 */
export class RelayProducer {
  readonly #producer: Producer;
  readonly #logger: BusRuntime['logger'];
  #connected: Promise<void> | undefined;
  #busy = false;

  constructor(kafka: Kafka, logger: BusRuntime['logger']) {
    this.#logger = logger;
    this.#producer = kafka.producer({
      idempotent: false,
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      maxInFlightRequests: 1,
      retry: RETRY_FOR_EVER,
    });
  }

  /** Resolves when every replica in sync has the batch; tries for ever. False when the signal was aborted first. */
  async send(batch: Pick<ProducerBatch, 'topicMessages' | 'compression'>, signal: AbortSignal): Promise<boolean> {
    if (this.#busy) throw new Error('a relay sends one batch at a time');
    this.#busy = true;
    const backoff = new Backoff();
    try {
      while (!signal.aborted) {
        try {
          this.#connected ??= this.#producer.connect();
          await this.#connected;
          await this.#producer.sendBatch({ ...batch, acks: -1, timeout: 10_000 });
          return true;
        } catch (error) {
          this.#connected = undefined;
          const waitMs = backoff.nextMs();
          this.#logger.warn(`a batch is sent again in ${waitMs} ms: ${String(error)}`);
          await pause(waitMs, signal);
        }
      }
      return false;
    } finally {
      this.#busy = false;
    }
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}
