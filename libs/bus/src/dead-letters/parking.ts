import { derivedId, type EventParked, serviceOf, type ServiceName, type Topic, TOPICS } from '@sluice/contracts';
import type { NewEvent, StoredEvent } from '@sluice/event-store';
import type { Bound } from '../bus-bindings.ts';
import type { ForeignMessage } from '../bus.contract.ts';
import type { Consumer, Message } from '../consuming/consumer.ts';
import type { CheckpointMove } from '../consuming/group-tables.ts';
import { isForeign, typeOf } from '../consuming/message.ts';
import type { NewDeadLetter, StoredMessage } from './dead-letter.ts';

/** Parks the events of one consumer in one partition, and knows which streams wait. */
export class Parking {
  /** Streams with a parked event, as far as this consumer knows. */
  streams: Set<string> = new Set();
  readonly #consumer: Consumer;
  readonly #partition: number;
  readonly #bound: Bound;
  #parkings = 0;

  constructor(consumer: Consumer, partition: number, bound: Bound) {
    this.#consumer = consumer;
    this.#partition = partition;
    this.#bound = bound;
  }

  async load(): Promise<void> {
    this.streams = await this.#bound.tables.parkedStreams(this.#consumer.group, this.#consumer.topic);
  }

  /** Asks the table, since a redrive anywhere may have emptied the stream. */
  async stillParked(streamId: string): Promise<boolean> {
    const parked = await this.#bound.tables.isParked(this.#consumer.group, this.#consumer.topic, streamId);
    if (!parked) this.streams.delete(streamId);
    return parked;
  }

  /** Forgets streams that a redrive has emptied, so that what is counted is true. Safe beside the runner. */
  async prune(): Promise<void> {
    const { group, topic } = this.#consumer;
    for (const streamId of this.streams) {
      const before = this.#parkings;
      const parked = await this.#bound.tables.isParked(group, topic, streamId);
      // The stream may have been parked anew since we asked.
      if (!parked && before === this.#parkings) this.streams.delete(streamId);
    }
  }

  async failed(message: Message, error: unknown, move: CheckpointMove): Promise<void> {
    const letter = await this.#write(message, 'failed', described(error), move);
    this.#parkings++;
    if (!isForeign(message)) this.streams.add(letter.streamId);
  }

  async behind(event: StoredEvent, move: CheckpointMove): Promise<void> {
    await this.#write(event, 'behind', null, move);
  }

  async #write(
    message: Message,
    reason: 'failed' | 'behind',
    error: { name: string; message: string } | null,
    move: CheckpointMove,
  ): Promise<NewDeadLetter> {
    const { store, tables, service } = this.#bound;
    const letter = this.#letter(message, reason, error);
    const event: NewEvent = {
      type: 'EventParked',
      appId: isForeign(message) ? null : message.appId,
      data: parkedData(letter),
      meta: isForeign(message)
        ? { correlationId: letter.id, causationId: null }
        : { correlationId: message.meta.correlationId, causationId: message.streamId },
    };
    await store.commit({
      appends: [{ topic: firstTopicOf(service), streamId: letter.id, expectedVersion: 0, events: [event] }],
      alongside: [tables.park([letter]), tables.move(move)],
    });
    return letter;
  }

  #letter(
    message: Message,
    reason: 'failed' | 'behind',
    error: { name: string; message: string } | null,
  ): NewDeadLetter {
    const { group, topic } = this.#consumer;
    const parkedAt = new Date();
    const streamId = isForeign(message) ? foreignStream(message, parkedAt) : message.streamId;
    const version = isForeign(message) ? 1 : message.version;
    return {
      id: derivedId('dead-letter', atTime(streamId, parkedAt), `${group}/${topic}/${version}`),
      group,
      topic,
      partition: this.#partition,
      streamId,
      version,
      type: typeOf(message),
      reason,
      error,
      announced: 1,
      parkedAt,
      message: stored(message),
    };
  }
}

/** The topic that a service announces its dead letters on. */
export function firstTopicOf(service: ServiceName): Topic {
  return TOPICS.find((topic) => serviceOf(topic) === service) as Topic;
}

export function parkedData(letter: NewDeadLetter): EventParked {
  const { id, group, topic, streamId, version, type, reason, error, parkedAt } = letter;
  return { deadLetterId: id, group, topic, streamId, version, type, reason, error, parkedAt: parkedAt.toISOString() };
}

/**
 * The id with its 48 bits of time replaced. A dead letter's stream carries the time of parking, not its event's: a
 * registry stream may be years old, and no partition of the consumer's own table would take an id from then.
 */
function atTime(id: string, at: Date): string {
  const time = at.getTime().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}${id.slice(13)}`;
}

/** A foreign message has no stream: it gets one of its own, so nothing ever waits behind it. */
function foreignStream(message: ForeignMessage, at: Date): string {
  const base = atTime('00000000-0000-0000-0000-000000000000', at);
  return derivedId('foreign', base, `${message.topic}/${message.partition}/${message.offset}`);
}

export function described(error: unknown): { name: string; message: string } {
  const clean = (text: string): string => text.replaceAll('\0', '�').slice(0, 4_000);
  if (error instanceof Error) return { name: clean(error.name), message: clean(error.message) };
  return { name: 'Error', message: clean(String(error)) };
}

function stored(message: Message): StoredMessage {
  if (isForeign(message)) {
    const { offset, key, headers, value, timestamp } = message;
    return { kind: 'foreign', offset, key, headersJson: JSON.stringify(headers), value, timestamp };
  }
  const { position, partitionKey, typeVersion, appId, dataJson, occurredAt, body } = message;
  const metaJson = JSON.stringify(message.meta);
  return { kind: 'event', position, partitionKey, typeVersion, appId, dataJson, metaJson, occurredAt, body };
}
