import {
  AlongsideConflictError,
  type Alongside,
  isTransientError,
  type NewEvent,
  type StoredEvent,
  VersionConflictError,
} from '@sluice/event-store';
import type { EventRedriven, Topic } from '@sluice/contracts';
import type { ClientBase } from 'pg';
import { type Bound, type BusBindings, serviceOfGroup } from '../bus-bindings.ts';
import type { Checkpoint, EventBatch, ForeignMessage } from '../bus.contract.ts';
import type { Consumer, Message } from '../consuming/consumer.ts';
import type { GroupTables } from '../consuming/group-tables.ts';
import type { DeadLetter, DeadLetterFilter } from './dead-letter.ts';
import { described, firstTopicOf, parkedData } from './parking.ts';

/** What became of a stream that was driven again. */
export type RedriveOutcome = 'handled' | 'failed' | 'unknown';

/** Finished letters are kept this long, so that a slow rival redrive still finds its letter taken. */
const KEEP_FINISHED_SECONDS = 3_600;
const MOST_CONFLICTS = 5;

/** The checkpoint of a redriven event: its letter becomes `handled` in the handler's own transaction. */
class LetterCheckpoint implements Checkpoint {
  taken = false;
  readonly #tables: GroupTables;
  readonly #id: string;

  constructor(tables: GroupTables, id: string) {
    this.#tables = tables;
    this.#id = id;
  }

  alongside(): Alongside {
    this.taken = true;
    return this.#tables.handled(this.#id);
  }

  async saveWith(client: ClientBase): Promise<void> {
    this.taken = true;
    await this.#tables.handledWith(client, this.#id);
  }
}

/**
 * The dead letters of the services in this process. Works in every wiring, from any process of the service: the state
 * of each letter changes in the transaction of the handler that handles it, so rivals and crashes repeat nothing.
 */
export class DeadLetters {
  readonly #bindings: BusBindings;

  constructor(bindings: BusBindings) {
    this.#bindings = bindings;
  }

  /** The parked events of all services here (or of one group), oldest first. */
  async list(filter: DeadLetterFilter = {}): Promise<DeadLetter[]> {
    const bounds = filter.group ? [this.#bindings.of(serviceOfGroup(filter.group))] : this.#bindings.all();
    const lists = await Promise.all(bounds.map((bound) => bound.tables.list(filter)));
    return lists.flat().slice(0, filter.limit ?? 100);
  }

  /**
   * Hands the parked events of the letter's stream to their handler again, in order from the first, until one fails
   * again or none is left.
   * @throws a transient error when something is away; then the same call may be made again.
   */
  async redrive(id: string): Promise<RedriveOutcome> {
    const found = await this.#find(id);
    if (!found) return 'unknown';
    const { bound, letter } = found;
    await this.#announce(bound, letter);
    return this.#redriveStream(bound, letter.group, letter.topic, letter.streamId);
  }

  /** Gives a parked event up for good; what waited behind it is driven again. */
  async discard(id: string): Promise<RedriveOutcome> {
    const found = await this.#find(id);
    if (!found) return 'unknown';
    const { bound } = found;
    await bound.tables.discard(id);
    const letter = await bound.tables.letter(id);
    if (letter) await this.#announce(bound, letter);
    const { group, topic, streamId } = found.letter;
    const next = await bound.tables.firstParked(group, topic, streamId);
    return next?.reason === 'behind' ? this.#redriveStream(bound, group, topic, streamId) : 'handled';
  }

  /** Finishes what a crash left: announces what was handled, goes on with streams that lost their first letter. */
  async recover(): Promise<void> {
    for (const bound of this.#bindings.all()) {
      for (const letter of await bound.tables.unannounced(100)) await this.#announce(bound, letter);
      for (const { group, topic, streamId } of await bound.tables.orphanedStreams(100)) {
        if (this.#bindings.consumer(group, topic)) await this.#redriveStream(bound, group, topic, streamId);
      }
      await bound.tables.sweep(KEEP_FINISHED_SECONDS);
    }
  }

  async #find(id: string): Promise<{ bound: Bound; letter: DeadLetter } | null> {
    for (const bound of this.#bindings.all()) {
      const letter = await bound.tables.letter(id);
      if (letter) return { bound, letter };
    }
    return null;
  }

  async #redriveStream(bound: Bound, group: string, topic: string, streamId: string): Promise<RedriveOutcome> {
    const consumer = this.#bindings.consumer(group, topic);
    if (!consumer) throw new Error(`no consumer of group ${group} on ${topic} runs here`);
    for (;;) {
      const letter = await bound.tables.firstParked(group, topic, streamId);
      if (!letter) return 'handled';
      const outcome = await this.#redriveOne(bound, consumer, letter);
      if (outcome === 'failed') return 'failed';
    }
  }

  async #redriveOne(bound: Bound, consumer: Consumer, letter: DeadLetter): Promise<'handled' | 'failed'> {
    let failure: unknown = null;
    for (let tries = 0; tries < MOST_CONFLICTS; tries++) {
      try {
        await this.#handle(bound, consumer, letter);
        failure = null;
      } catch (error) {
        if (isTransientError(error)) throw error;
        failure = error;
      }
      const now = await bound.tables.letter(letter.id);
      if (now && now.state !== 'parked') {
        await this.#announce(bound, now);
        return 'handled';
      }
      if (failure !== null && !isConflict(failure)) break;
    }
    failure ??= new Error('the handler took the checkpoint without committing it');
    await this.#failAgain(bound, letter, failure);
    return 'failed';
  }

  async #handle(bound: Bound, consumer: Consumer, letter: DeadLetter): Promise<void> {
    const checkpoint = new LetterCheckpoint(bound.tables, letter.id);
    const { topic, group, partition } = letter;
    const batch: EventBatch<Message> = {
      topic,
      group,
      partition,
      events: [messageOf(letter)],
      checkpoint,
      heartbeat: async () => {},
      signal: new AbortController().signal,
    };
    await consumer.handle(batch);
    if (!checkpoint.taken) await bound.tables.handledAlone(letter.id);
  }

  async #failAgain(bound: Bound, letter: DeadLetter, failure: unknown): Promise<void> {
    const error = described(failure);
    const data = parkedData({ ...letter, reason: 'failed', error, parkedAt: new Date() });
    const alongside = bound.tables.failedAgain(letter.id, error, letter.announced + 1);
    await this.#append(bound, letter, { type: 'EventParked', data }, alongside);
  }

  async #announce(bound: Bound, letter: DeadLetter): Promise<void> {
    if (letter.state !== 'handled' && letter.state !== 'discarded') return;
    const { id, group, topic, streamId, version, state } = letter;
    const at = new Date().toISOString();
    const data: EventRedriven = { deadLetterId: id, group, topic, streamId, version, outcome: state, at };
    await this.#append(bound, letter, { type: 'EventRedriven', data }, bound.tables.done(id));
  }

  /** A conflict means that a rival has announced the same already. */
  async #append(
    bound: Bound,
    letter: DeadLetter,
    event: { type: string; data: unknown },
    alongside: Alongside,
  ): Promise<void> {
    const appended: NewEvent = { ...event, appId: appOf(letter), meta: metaOf(letter) };
    const topic = firstTopicOf(bound.service);
    const append = { topic, streamId: letter.id, expectedVersion: letter.announced, events: [appended] };
    try {
      await bound.store.commit({ appends: [append], alongside: [alongside] });
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof AlongsideConflictError || error instanceof VersionConflictError;
}

function appOf(letter: DeadLetter): string | null {
  return letter.message.kind === 'event' ? letter.message.appId : null;
}

function metaOf(letter: DeadLetter): NewEvent['meta'] {
  if (letter.message.kind === 'foreign') return { correlationId: letter.id, causationId: null };
  const meta = JSON.parse(letter.message.metaJson) as StoredEvent['meta'];
  return { correlationId: meta.correlationId, causationId: letter.streamId };
}

function messageOf(letter: DeadLetter): Message {
  const { message, topic, partition } = letter;
  if (message.kind === 'foreign') {
    const { offset, key, headersJson, value, timestamp } = message;
    const headers = JSON.parse(headersJson) as Record<string, string>;
    return { topic, partition, offset, key, headers, value, timestamp } satisfies ForeignMessage;
  }
  const { position, partitionKey, typeVersion, appId, dataJson, metaJson, occurredAt, body } = message;
  const meta = JSON.parse(metaJson) as StoredEvent['meta'];
  const { streamId, version, type } = letter;
  return {
    topic: topic as Topic,
    position,
    streamId,
    version,
    partitionKey,
    type,
    typeVersion,
    appId,
    dataJson,
    get data() {
      return JSON.parse(dataJson) as unknown;
    },
    meta,
    occurredAt,
    body,
  };
}
