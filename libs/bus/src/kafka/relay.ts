import { randomUUID } from 'node:crypto';
import type { Topic } from '@sluice/contracts';
import { comparePositions, type Position, type StoredEvent } from '@sluice/event-store';
import kafkajs, { type Kafka, type Message } from 'kafkajs';
import type { Bound } from '../bus-bindings.ts';
import { Backoff, type BusRuntime, pause, pauseWhile } from '../consuming/bus-runtime.ts';
import { BEGINNING } from '../consuming/group-tables.ts';
import { TopicSource } from '../postgres/topic-source.ts';
import { messageOf, sizeOf } from './envelope.ts';
import { RelayProducer } from './relay-producer.ts';
import { RelayTable, type RelayTenure } from './relay-table.ts';

export interface RelayOptions {
  topicName: (topic: Topic) => string;
  signal: AbortSignal;
  /** Whether nothing was ever written to the topic on the broker. */
  isEmpty: (topic: Topic) => Promise<boolean>;
  /** Resolves once the topics exist. */
  topicsReady: Promise<void>;
  /** A dead relay is replaced at most this long (and one look of another) after its last renewal; 6 s unless given. */
  leaseMs?: number;
  /**
   * While it returns true, batches wait, a bounded time each: accepting goes before carrying, and whoever consumes has
   * nothing to do meanwhile.
   */
  yieldWhile?: () => boolean;
  /** Stands between reading a batch and sending it, for tests of a relay that wakes up late. */
  beforeSend?: () => Promise<void>;
}

export interface RelayStatus {
  service: string;
  active: boolean;
  /** Events committed but not yet on Kafka, as last seen. */
  lag: number;
  problem: string | null;
}

const LOOK_FOR_LEASE_MS = 1_000;
const READ_EVENTS = 1_000;
/** Well below the megabyte that brokers accept by default for one partition. */
const BATCH_BYTES = 900_000;
/**
 * Larger batches shrink to a fifth (JSON, zstd level 1). For smaller ones the trip to the thread pool and back, at the
 * relay and at every consumer, cost more than the bytes: about a tenth of all CPU at 300 events/s.
 */
const COMPRESS_FROM_BYTES = 65_536;
/**
 * A batch leaves at once after a pause, and otherwise some time after the one before: four times as long as the broker
 * took for that one, within these bounds. A batch of one event costs the broker and every consumer nearly as much as one
 * of fifty, so a machine that has become slow gets fewer and larger ones.
 */
const LINGER_MS = { shortest: 5, longest: 60, perSend: 4 } as const;
/** How long one batch waits at most for `yieldWhile`: topics become slow in a burst of accepts, never silent. */
const MOST_YIELD_MS = 1_000;
/** Positions are saved so often; what a successor repeats meanwhile, consumers drop. Each save is an fsync. */
const SAVE_EVERY_MS = 200;
const POLL_MS = [5, 50] as const;

interface Batch {
  events: StoredEvent[];
  bytes: number;
}

interface Reading {
  topic: Topic;
  source: TopicSource;
  position: Position;
  queue: StoredEvent[];
}

/** One stretch of being the active relay; ends when the lease is lost or the bus stops. */
interface Tenure {
  token: bigint;
  validUntil: number;
  lost: boolean;
  readings: Reading[];
  unsaved: Map<Topic, Position>;
  saving: Promise<void>;
  saveDue: boolean;
}

/**
 * Carries a service's event tables to the Kafka topics of the same names, in the order of the tables. One relay per
 * service is active; the others wait for its lease to end. One that wakes up late can only repeat what its successor
 * has sent, never put anything before it, because each begins at the saved position.
 */
export class Relay {
  readonly #bound: Bound;
  readonly #runtime: BusRuntime;
  readonly #options: RelayOptions;
  readonly #table: RelayTable;
  readonly #producer: RelayProducer;
  readonly #owner: string;
  readonly #ended: Promise<void>;
  #tenure: Tenure | null = null;
  #problem: string | null = null;
  #unsubscribe: (() => void) | null = null;

  constructor(bound: Bound, kafka: Kafka, runtime: BusRuntime, options: RelayOptions) {
    if (!bound.pool) throw new Error(`the relay of ${bound.service} needs the service's pool`);
    this.#bound = bound;
    this.#runtime = runtime;
    this.#options = options;
    this.#table = new RelayTable(bound.service, bound.pool);
    this.#producer = new RelayProducer(kafka, runtime.logger);
    this.#owner = `${runtime.instanceId}/${randomUUID()}`;
    this.#ended = this.#live();
  }

  status(): RelayStatus {
    const tenure = this.#tenure;
    const lag = tenure?.readings.reduce((sum, { source, position, queue }) => {
      const ahead = source.newest ? Number(source.newest.position - position.position) : 0;
      return sum + queue.length + Math.max(0, ahead);
    }, 0);
    return { service: this.#bound.service, active: tenure !== null, lag: lag ?? 0, problem: this.#problem };
  }

  async close(): Promise<void> {
    await this.#ended;
    await this.#producer.close();
  }

  async #live(): Promise<void> {
    const { signal, leaseMs = 6_000 } = this.#options;
    const backoff = new Backoff();
    await this.#options.topicsReady;
    while (!signal.aborted) {
      try {
        const asked = performance.now();
        const tenure = await this.#table.acquire(this.#owner, leaseMs, this.#bound.store.topics);
        backoff.reset();
        if (tenure) await this.#serve(tenure, asked + leaseMs);
        else await pause(LOOK_FOR_LEASE_MS, signal);
        this.#problem = null;
      } catch (error) {
        this.#say(error);
        await pause(backoff.nextMs(), signal);
      }
    }
  }

  #say(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (this.#problem !== message) this.#runtime.logger.warn(`the relay of ${this.#bound.service} waits: ${message}`);
    this.#problem = message;
  }

  async #serve({ token, positions }: RelayTenure, validUntil: number): Promise<void> {
    const { service, store } = this.#bound;
    const readings = await Promise.all(store.topics.map((topic) => this.#reading(token, topic, positions)));
    const saving = Promise.resolve();
    const tenure: Tenure = { token, validUntil, lost: false, readings, unsaved: new Map(), saving, saveDue: false };
    this.#tenure = tenure;
    this.#unsubscribe = store.onCommitted((events) => wake(readings, events));
    const over = new AbortController();
    const renewing = this.#renew(tenure, over.signal);
    this.#runtime.logger.log(`relays the events of ${service} (tenure ${token})`);
    try {
      await this.#carry(tenure);
    } finally {
      over.abort();
      this.#unsubscribe();
      this.#tenure = null;
      await renewing;
      await this.#leave(tenure);
    }
  }

  /**
   * Kafka only moves events, the tables keep them: a topic that is empty although we have relayed to it was lost or
   * created anew, and is filled again from the table. Consumers drop what they have applied.
   */
  async #reading(token: bigint, topic: Topic, positions: ReadonlyMap<Topic, Position>): Promise<Reading> {
    let position = positions.get(topic) ?? BEGINNING;
    if (comparePositions(position, BEGINNING) > 0 && (await this.#options.isEmpty(topic))) {
      this.#runtime.logger.warn(`${topic} is empty on Kafka: it is filled again from its table`);
      position = BEGINNING;
      // Before anything is sent: from the first message on, the topic no longer looks lost.
      await this.#table.save(token, topic, position);
    }
    const { store } = this.#bound;
    return { topic, source: new TopicSource(topic, store, false, 0), position, queue: [] };
  }

  async #leave(tenure: Tenure): Promise<void> {
    try {
      await tenure.saving;
      await this.#save(tenure);
      if (!tenure.lost) await this.#table.release(tenure.token);
    } catch (error) {
      this.#runtime.logger.warn(`the relay of ${this.#bound.service} left without a word: ${String(error)}`);
    }
    this.#runtime.logger.log(`no longer relays the events of ${this.#bound.service}`);
  }

  #holds(tenure: Tenure): boolean {
    return !tenure.lost && performance.now() < tenure.validUntil && !this.#options.signal.aborted;
  }

  async #renew(tenure: Tenure, signal: AbortSignal): Promise<void> {
    const { leaseMs = 6_000 } = this.#options;
    while (!signal.aborted) {
      await pause(leaseMs / 4, signal);
      if (signal.aborted) return;
      const asked = performance.now();
      try {
        if (await this.#table.renew(tenure.token, leaseMs)) tenure.validUntil = asked + leaseMs;
        else tenure.lost = true;
      } catch (error) {
        this.#say(error);
      }
    }
  }

  /** Reads the next batch while the one before is on its way. */
  async #carry(tenure: Tenure): Promise<void> {
    let batch = await this.#next(tenure);
    let idleMs: number = POLL_MS[0];
    let sentAt = 0;
    let lingerMs = 0;
    while (this.#holds(tenure)) {
      if (!batch) {
        const seen = commitsOf(tenure);
        batch = await this.#next(tenure);
        if (batch) continue;
        await this.#idle(tenure, seen, idleMs);
        idleMs = heldBack(tenure) ? POLL_MS[0] * 2 : Math.min(POLL_MS[1], idleMs * 2);
        continue;
      }
      idleMs = POLL_MS[0];
      const early = lingerMs - (performance.now() - sentAt);
      const gathers = early > 1 && batch.bytes < BATCH_BYTES / 2;
      if (gathers) await pause(early, this.#options.signal);
      const yielded = await this.#yieldToAccepts();
      if (gathers || yielded) await this.#next(tenure, batch);
      sentAt = performance.now();
      const [next, sent] = await Promise.all([this.#next(tenure), this.#send(batch)]);
      if (!sent) return;
      lingerMs = lingerAfter(performance.now() - sentAt);
      for (const event of batch.events) tenure.unsaved.set(event.topic, event.position);
      this.#saveSoon(tenure);
      batch = next;
    }
  }

  async #yieldToAccepts(): Promise<boolean> {
    const { yieldWhile, signal } = this.#options;
    return yieldWhile !== undefined && (await pauseWhile(yieldWhile, MOST_YIELD_MS, signal)) > 0;
  }

  async #idle(tenure: Tenure, seen: readonly number[], ms: number): Promise<void> {
    const woken = new AbortController();
    const onStop = (): void => woken.abort();
    this.#options.signal.addEventListener('abort', onStop, { once: true });
    await Promise.race(tenure.readings.map(({ source }, at) => source.wait(seen[at] ?? 0, ms, woken.signal)));
    woken.abort();
    this.#options.signal.removeEventListener('abort', onStop);
  }

  /** The next events of all topics, in the order of each, added to a batch within its bounds; null when there are none. */
  async #next(tenure: Tenure, batch: Batch = { events: [], bytes: 0 }): Promise<Batch | null> {
    for (const reading of tenure.readings) {
      if (reading.queue.length === 0) await this.#read(reading);
      while (reading.queue.length > 0) {
        const event = reading.queue[0] as StoredEvent;
        const bytes = sizeOf(event);
        if (batch.events.length > 0 && batch.bytes + bytes > BATCH_BYTES) return batch;
        batch.events.push(event);
        batch.bytes += bytes;
        reading.queue.shift();
      }
    }
    return batch.events.length > 0 ? batch : null;
  }

  async #read(reading: Reading): Promise<void> {
    try {
      const events = await reading.source.next(reading.position, READ_EVENTS, true);
      const last = events.at(-1);
      if (!last) return;
      reading.queue = [...events];
      reading.position = last.position;
      this.#problem = null;
    } catch (error) {
      this.#say(error);
      await pause(100, this.#options.signal);
    }
  }

  async #send(batch: Batch): Promise<boolean> {
    await this.#options.beforeSend?.();
    this.#runtime.failpoint?.('relay.before-send');
    const byTopic = new Map<string, Message[]>();
    for (const event of batch.events) {
      const name = this.#options.topicName(event.topic);
      const messages = byTopic.get(name);
      if (messages) messages.push(messageOf(event));
      else byTopic.set(name, [messageOf(event)]);
    }
    const topicMessages = [...byTopic].map(([topic, messages]) => ({ topic, messages }));
    const { None, ZSTD } = kafkajs.CompressionTypes;
    const compression = batch.bytes >= COMPRESS_FROM_BYTES ? ZSTD : None;
    const sent = await this.#producer.send({ topicMessages, compression }, this.#options.signal);
    this.#runtime.failpoint?.('relay.after-send');
    return sent;
  }

  /** One save at a time, now and then, and always of the newest: losing one only means that events are repeated. */
  #saveSoon(tenure: Tenure): void {
    if (tenure.saveDue) return;
    tenure.saveDue = true;
    tenure.saving = pause(SAVE_EVERY_MS, this.#options.signal).then(async () => {
      tenure.saveDue = false;
      try {
        await this.#save(tenure);
      } catch (error) {
        this.#say(error);
      }
    });
  }

  async #save(tenure: Tenure): Promise<void> {
    for (const [topic, position] of tenure.unsaved) {
      if (!(await this.#table.save(tenure.token, topic, position))) tenure.lost = true;
      const newest = tenure.unsaved.get(topic);
      if (newest && comparePositions(newest, position) === 0) tenure.unsaved.delete(topic);
    }
  }
}

function lingerAfter(sendMs: number): number {
  const { shortest, longest, perSend } = LINGER_MS;
  return Math.min(longest, Math.max(shortest, perSend * sendMs));
}

function wake(readings: readonly Reading[], events: readonly StoredEvent[]): void {
  for (const { topic, source } of readings) {
    const ours = events.filter((event) => event.topic === topic);
    if (ours.length > 0) source.committed(ours);
  }
}

function commitsOf(tenure: Tenure): number[] {
  return tenure.readings.map(({ source }) => source.commits);
}

/** Committed here but not readable yet: an older transaction still runs somewhere. */
function heldBack(tenure: Tenure): boolean {
  return tenure.readings.some(
    ({ source, position }) => source.newest !== null && comparePositions(source.newest, position) > 0,
  );
}
