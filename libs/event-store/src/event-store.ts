import { type ServiceName, schemaOf, type Topic } from '@sluice/contracts';
import type { ClientConfig } from 'pg';
import { AppendQueue } from './append-queue.ts';
import { Company } from './company.ts';
import { BatchQueue } from './batch-queue.ts';
import { BatchWriter, type WrittenBatch } from './batch-writer.ts';
import { type Blocker, findBlockers } from './blockers.ts';
import { EventReader } from './event-reader.ts';
import type {
  Alongside,
  CommitUnit,
  Committed,
  EventStorePort,
  NewEvent,
  Position,
  StoredEvent,
  StreamRange,
} from './event-store.contract.ts';
import { InvalidAppendError } from './event-store.errors.ts';
import { Lane } from './lane.ts';
import { type PartitionRange, Partitions } from './partitions.ts';
import { type PendingUnit, prepareUnit } from './pending-unit.ts';
import { Separation } from './separation.ts';
import { READER_SESSION, StoreConnections, type StoreLogger } from './store-connections.ts';
import { TransientError } from './transient-error.ts';

export interface EventStoreSettings {
  service: ServiceName;
  topics: readonly Topic[];
  connection: ClientConfig;
  /** By day of the time in stream ids; false for streams that live for ever. */
  partitioned: boolean;
  /** Most events in one batch; 128 unless given. */
  maxRows?: number;
  /** Most bytes in one batch; 1 MiB unless given. A unit that is bigger goes alone. */
  maxBytes?: number;
  /**
   * Connections that append; 1 unless given. With more than one, the order in which commits are handed to
   * `onCommitted` is not the order of the table: treat the hand-over as a wake-up and read.
   */
  lanes?: number;
  /** The server ends a transaction that takes longer, in milliseconds; 5000 unless given. */
  transactionTimeoutMs?: number;
  /** A commit that is not durable by then fails with a transient error, in milliseconds; 5000 unless given. */
  maxWaitMs?: number;
  /** Events that may wait; 20,000 unless given. Past it commits fail with a transient error at once. */
  maxQueuedEvents?: number;
  /** Bytes that may wait; 64 MiB unless given. */
  maxQueuedBytes?: number;
  /** Most bytes of data and bodies that one readAfter returns (but always one event); 8 MiB unless given. */
  maxReadBytes?: number;
  /** Connections that read; 2 unless given. */
  readers?: number;
  /** Partitions are made this many days ahead; 2 unless given. */
  daysAhead?: number;
  /** A late id of this many days ago still gets a partition, unless it was dropped; 35 unless given. */
  daysBack?: number;
  /** Milliseconds of Unix time, for partitions. */
  now?: () => number;
  logger?: StoreLogger;
  /** Told of every durable batch, synchronously, on the way to the callers' answers: it must be quick and not throw. */
  onBatch?: (batch: WrittenBatchFacts) => void;
  /** How long a commit waits at most for others to go with, while many come (milliseconds); 0 unless given. */
  companyMs?: number;
}

/** One commit, for metrics. */
export interface WrittenBatchFacts {
  events: number;
  /** From sending it to its commit; null when the answer was lost and the batch was found written. */
  durationMs: number | null;
}

export interface EventStoreStats {
  batches: number;
  events: number;
  /** Batches the database refused, and how many of them had to be halved to find the culprit. */
  refused: number;
  halved: number;
  /** Lost append connections. */
  losses: number;
  /** Batches that PostgreSQL ended to resolve a deadlock; they were sent again. */
  deadlocks: number;
}

const HOUR_MS = 3_600_000;
const SILENT: StoreLogger = { log: () => undefined, warn: () => undefined };

/** Appends and reads the events of one service. See event-store.contract.ts for what its methods promise. */
export class EventStore implements EventStorePort {
  readonly topics: readonly Topic[];
  readonly #settings: EventStoreSettings;
  readonly #logger: StoreLogger;
  readonly #appendConnections: StoreConnections;
  readonly #readConnections: StoreConnections;
  readonly #partitionConnections: StoreConnections;
  readonly #queue: AppendQueue;
  readonly #reader: EventReader;
  readonly #partitions: Partitions | null;
  readonly #separation: Separation;
  readonly #lanes: readonly Lane[];
  readonly #listeners = new Set<(events: readonly StoredEvent[]) => void>();
  #hourly: NodeJS.Timeout | null = null;
  #state: 'new' | 'open' | 'closed' = 'new';
  #committedEvents = 0;

  constructor(settings: EventStoreSettings) {
    this.#settings = settings;
    this.topics = settings.topics;
    this.#logger = settings.logger ?? SILENT;
    const transactionTimeoutMs = settings.transactionTimeoutMs ?? 5000;
    this.#appendConnections = this.#connections('append', settings.lanes ?? 1, transactionTimeoutMs);
    this.#readConnections = this.#connections('read', settings.readers ?? 2, transactionTimeoutMs, 0, READER_SESSION);
    // Detaching a partition waits for readers as long as they take; a second connection makes partitions meanwhile.
    this.#partitionConnections = this.#connections('partitions', 2, 0, 10_000);
    this.#reader = new EventReader(this.#readConnections, settings.maxReadBytes ?? 8 * 1024 * 1024);
    this.#partitions = settings.partitioned ? this.#newPartitions() : null;
    this.#separation = new Separation(settings.topics, this.#partitions);
    this.#queue = new AppendQueue({
      company: new Company(settings.companyMs ?? 0),
      queue: new BatchQueue({ maxRows: settings.maxRows ?? 128, maxBytes: settings.maxBytes ?? 1024 * 1024 }),
      maxWaitMs: settings.maxWaitMs ?? 5000,
      maxQueuedEvents: settings.maxQueuedEvents ?? 20_000,
      maxQueuedBytes: settings.maxQueuedBytes ?? 64 * 1024 * 1024,
    });
    this.#lanes = Array.from({ length: settings.lanes ?? 1 }, () => this.#newLane(transactionTimeoutMs));
    this.#queue.use(this.#lanes);
  }

  #connections(purpose: string, size: number, transactionTimeoutMs: number, idleTimeoutMs = 0, session = {}) {
    const { connection, service } = this.#settings;
    const common = { schema: schemaOf(service), connection, logger: this.#logger };
    return new StoreConnections({ ...common, purpose, size, transactionTimeoutMs, idleTimeoutMs, session });
  }

  #newPartitions(): Partitions {
    const { topics, daysAhead = 2, daysBack = 35, now = Date.now } = this.#settings;
    const connections = this.#partitionConnections;
    return new Partitions({ topics, connections, logger: this.#logger, daysAhead, daysBack, now });
  }

  #newLane(transactionTimeoutMs: number): Lane {
    return new Lane({
      connections: this.#appendConnections,
      writer: new BatchWriter(this.topics),
      separation: this.#separation,
      logger: this.#logger,
      batchTimeoutMs: transactionTimeoutMs + 1000,
      onWritten: (units, batch, durationMs) => this.#onWritten(units, batch, durationMs),
      putBack: (units) => this.#queue.putBack(units),
      onIdle: () => this.#queue.schedule(),
    });
  }

  /** Connects, determines the epoch and makes the partitions. The tables exist already. @throws when it cannot. */
  async start(): Promise<void> {
    if (this.#state !== 'new') throw new Error('an event store starts once');
    await this.#partitions?.keep();
    for (const lane of this.#lanes) await lane.open();
    this.#state = 'open';
    if (this.#partitions) this.#hourly = setInterval(() => void this.#keepPartitions(), HOUR_MS).unref();
  }

  async #keepPartitions(): Promise<void> {
    try {
      await this.#partitions?.keep();
    } catch (error) {
      this.#logger.warn(`partitions could not be made, next try in an hour: ${String(error)}`);
    }
  }

  /** Commits what waits (bounded by `maxWaitMs`), then lets go of the database. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    if (this.#hourly) clearInterval(this.#hourly);
    await this.#queue.drain();
    for (const lane of this.#lanes) lane.close();
    const pools = [this.#appendConnections, this.#readConnections, this.#partitionConnections];
    await Promise.all(pools.map((pool) => pool.end()));
  }

  /** Events that wait for the database; consumers yield while accepts queue. */
  get queued(): number {
    return this.#queue.events;
  }

  /** Why the database takes no events although it answers (a full disk); null when it does. */
  get writesRefusedBecause(): string | null {
    return this.#separation.writeRefusal.reason;
  }

  get stats(): EventStoreStats {
    const sum = (count: (lane: Lane) => number) => this.#lanes.reduce((total, lane) => total + count(lane), 0);
    const lanes = { losses: sum((lane) => lane.losses), deadlocks: sum((lane) => lane.deadlocks) };
    return { ...this.#queue.stats, ...this.#separation.stats, ...lanes, events: this.#committedEvents };
  }

  append(
    streamId: string,
    expectedVersion: number,
    events: readonly NewEvent[],
    options: { topic?: Topic; alongside?: readonly Alongside[]; lingerMs?: number } = {},
  ): Promise<Committed> {
    const { topic, alongside, lingerMs } = options;
    const append = topic ? { topic, streamId, expectedVersion, events } : { streamId, expectedVersion, events };
    return this.commit({ appends: [append], alongside: alongside ?? [], lingerMs: lingerMs ?? 0 });
  }

  /** Without a promise of its own on the way: each costs every accept half a microsecond. */
  commit(unit: CommitUnit): Promise<Committed> {
    try {
      if (this.#state === 'new') throw new Error('the event store is not started');
      if (this.#state === 'closed') throw new TransientError('the event store is closed');
      const prepared = prepareUnit(unit, this.topics);
      const isEmpty = prepared.events.length === 0 && prepared.alongside.length === 0 && !prepared.alone;
      return isEmpty ? Promise.resolve({ events: [] }) : this.#queue.add(prepared, unit.lingerMs ?? 0);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #onWritten(units: readonly PendingUnit[], { stored }: WrittenBatch, durationMs: number | null): void {
    this.#committedEvents += stored.size;
    if (stored.size > 0) this.#separation.writeRefusal.written();
    this.#settings.onBatch?.({ events: stored.size, durationMs });
    if (stored.size > 0) {
      const events = [...stored.values()];
      for (const listener of this.#listeners) this.#tell(listener, events);
    }
    for (const unit of units) unit.resolve({ events: unit.events.map((event) => stored.get(event) as StoredEvent) });
  }

  #tell(listener: (events: readonly StoredEvent[]) => void, events: readonly StoredEvent[]): void {
    try {
      listener(events);
    } catch (error) {
      this.#logger.warn(`a listener for committed events failed: ${String(error)}`);
    }
  }

  onCommitted(listener: (events: readonly StoredEvent[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async read(streamId: string, { topic, fromVersion = 1, limit }: StreamRange = {}): Promise<StoredEvent[]> {
    return await this.#reader.read(this.#topic(topic), streamId, fromVersion, limit ?? null);
  }

  async readAfter(topic: Topic, after: Position | null, limit: number): Promise<StoredEvent[]> {
    return await this.#reader.readAfter(this.#topic(topic), after, limit);
  }

  async head(topic: Topic): Promise<Position | null> {
    return await this.#reader.head(this.#topic(topic));
  }

  #topic(topic: Topic | undefined): Topic {
    const chosen = topic ?? this.topics[0];
    if (!chosen || !this.topics.includes(chosen)) throw new InvalidAppendError(`not a topic of this store: ${chosen}`);
    return chosen;
  }

  /** What holds readers back: transactions with an id that are older than `olderThanMs`, the oldest first. */
  async blockers(olderThanMs = 1000): Promise<Blocker[]> {
    return await this.#readConnections.use(({ client }) => findBlockers(client, olderThanMs));
  }

  /**
   * Drops the partitions wholly before a time, with whole streams, unless `keep` answers true for one (unfinished
   * runs). Readers that run are not disturbed. Returns what was dropped; nothing when the store is not partitioned.
   */
  async dropPartitionsBefore(
    before: Date,
    options: { keep?: (range: PartitionRange) => Promise<boolean> } = {},
  ): Promise<PartitionRange[]> {
    return (await this.#partitions?.dropBefore(before, options.keep)) ?? [];
  }
}
