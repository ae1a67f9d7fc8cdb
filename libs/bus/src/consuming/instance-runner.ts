import { comparePositions, isTransientError, type Position } from '@sluice/event-store';
import type { EventBatch } from '../bus.contract.ts';
import { NoCheckpoint } from './batch-checkpoint.ts';
import { type BusRuntime, PausedError } from './bus-runtime.ts';
import type { Consumer, Message } from './consumer.ts';
import { BEGINNING } from './group-tables.ts';
import { isForeign, positionOf, typeOf } from './message.ts';
import type { Runner, Session } from './partition-runner.ts';

/**
 * Applies the events of one partition in this process only (`everyInstance`): no checkpoint, no dead letters. An event
 * that fails for good is logged, counted and passed over, because nobody else could ever take it over.
 */
export class InstanceRunner implements Runner {
  readonly parkedStreams = 0;
  failed = 0;
  position: Position = BEGINNING;
  readonly #consumer: Consumer;
  readonly #partition: number;
  readonly #runtime: BusRuntime;

  constructor(consumer: Consumer, partition: number, runtime: BusRuntime) {
    this.#consumer = consumer;
    this.#partition = partition;
    this.#runtime = runtime;
  }

  async refresh(): Promise<void> {}

  /** @throws PausedError when something is away: call it again later with the same events. */
  async apply(events: readonly Message[], session: Session): Promise<void> {
    const { maxBatch } = this.#consumer;
    let chunk: Message[] = [];
    let highest = this.position;
    for (const event of events) {
      const position = positionOf(event);
      if (comparePositions(position, highest) <= 0) continue;
      highest = position;
      if (this.#wants(event)) chunk.push(event);
      if (chunk.length < maxBatch) continue;
      await this.#deliver(chunk, session);
      chunk = [];
    }
    if (chunk.length > 0) await this.#deliver(chunk, session);
    this.position = highest;
  }

  #wants(event: Message): boolean {
    const { types } = this.#consumer;
    return !types || isForeign(event) || types.has(event.type);
  }

  async #deliver(events: readonly Message[], session: Session): Promise<void> {
    const { topic, group } = this.#consumer;
    const checkpoint = new NoCheckpoint();
    const batch: EventBatch<Message> = { topic, group, partition: this.#partition, events, checkpoint, ...session };
    try {
      await this.#consumer.handle(batch);
    } catch (error) {
      if (session.signal.aborted || isTransientError(error)) throw new PausedError(error);
      if (events.length === 1) this.#giveUp(events[0] as Message, error);
      else for (const event of events) await this.#deliver([event], session);
    }
    this.position = positionOf(events.at(-1) as Message);
  }

  #giveUp(event: Message, error: unknown): void {
    this.failed++;
    const { topic, group } = this.#consumer;
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#runtime.logger.error(`${group} could not handle ${typeOf(event)} of ${topic} in this process: ${why}`);
  }
}
