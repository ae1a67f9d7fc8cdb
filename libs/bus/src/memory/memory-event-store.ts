import type { Topic } from '@sluice/contracts';
import {
  type Alongside,
  comparePositions,
  type Committed,
  type CommitUnit,
  type EventStorePort,
  type NewEvent,
  type Position,
  type StoredEvent,
  type StreamRange,
  VersionConflictError,
} from '@sluice/event-store';
import { MemoryStatement } from './memory-statement.ts';

/**
 * An event store in memory with the port's semantics, for tests of consumers that need no database. Alongside
 * statements written in SQL are kept in `alongsides` for a test to look at; those of the bus take effect.
 */
export class MemoryEventStore implements EventStorePort {
  readonly topics: readonly Topic[];
  readonly alongsides: Alongside[] = [];
  /** Set it to make every call fail as if the database were away. */
  away: Error | null = null;
  readonly #events = new Map<Topic, StoredEvent[]>();
  readonly #listeners = new Set<(events: readonly StoredEvent[]) => void>();
  #transaction = 100n;

  constructor(topics: readonly Topic[]) {
    this.topics = topics;
    for (const topic of topics) this.#events.set(topic, []);
  }

  append(
    streamId: string,
    expectedVersion: number,
    events: readonly NewEvent[],
    options: { topic?: Topic; alongside?: readonly Alongside[] } = {},
  ): Promise<Committed> {
    const { topic, alongside } = options;
    const append = { streamId, expectedVersion, events, ...(topic ? { topic } : {}) };
    return this.commit({ appends: [append], ...(alongside ? { alongside } : {}) });
  }

  async commit(unit: CommitUnit): Promise<Committed> {
    await this.#reach();
    if (unit.alone) throw new Error('a store in memory has no client for `alone`');
    for (const append of unit.appends) {
      const table = this.#table(append.topic);
      const version = table.filter((event) => event.streamId === append.streamId).at(-1)?.version ?? 0;
      if (version !== append.expectedVersion) throw new VersionConflictError(append.streamId, append.expectedVersion);
    }
    for (const { statement, rows } of unit.alongside ?? []) {
      if (statement instanceof MemoryStatement) for (const row of rows) statement.effect.check(row);
    }
    const transactionId = ++this.#transaction;
    const events = unit.appends.flatMap((append) => this.#insert(append, transactionId));
    for (const alongside of unit.alongside ?? []) {
      const { statement, rows } = alongside;
      if (statement instanceof MemoryStatement) for (const row of rows) statement.effect.apply(row);
      else this.alongsides.push(alongside);
    }
    for (const listener of this.#listeners) listener(events);
    return { events };
  }

  async read(streamId: string, { topic, fromVersion = 1, limit }: StreamRange = {}): Promise<StoredEvent[]> {
    await this.#reach();
    const stream = this.#table(topic).filter((event) => event.streamId === streamId && event.version >= fromVersion);
    return limit === undefined ? stream : stream.slice(0, limit);
  }

  async readAfter(topic: Topic, after: Position | null, limit: number): Promise<StoredEvent[]> {
    await this.#reach();
    const table = this.#table(topic);
    const first = after ? table.findIndex((event) => comparePositions(event.position, after) > 0) : 0;
    return first < 0 ? [] : table.slice(first, first + limit);
  }

  async head(topic: Topic): Promise<Position | null> {
    await this.#reach();
    return this.#table(topic).at(-1)?.position ?? null;
  }

  onCommitted(listener: (events: readonly StoredEvent[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #reach(): Promise<void> {
    await Promise.resolve();
    if (this.away) throw this.away;
  }

  #table(topic: Topic | undefined): StoredEvent[] {
    const name = topic ?? this.topics[0];
    const table = name ? this.#events.get(name) : undefined;
    if (!table) throw new Error(`this store has no topic ${name}`);
    return table;
  }

  #insert(append: CommitUnit['appends'][number], transactionId: bigint): StoredEvent[] {
    const topic = append.topic ?? (this.topics[0] as Topic);
    const table = this.#table(topic);
    return append.events.map((event, index) => {
      const position = { epoch: 1, transactionId, position: BigInt(table.length + 1) };
      const stored = storedEvent(topic, append.streamId, append.expectedVersion + index + 1, event, position);
      table.push(stored);
      return stored;
    });
  }
}

function storedEvent(
  topic: Topic,
  streamId: string,
  version: number,
  event: NewEvent,
  position: Position,
): StoredEvent {
  const dataJson = JSON.stringify(event.data ?? null);
  return {
    topic,
    position,
    streamId,
    version,
    partitionKey: event.partitionKey ?? streamId,
    type: event.type,
    typeVersion: event.typeVersion ?? 1,
    appId: event.appId,
    dataJson,
    data: JSON.parse(dataJson) as unknown,
    meta: event.meta,
    occurredAt: event.occurredAt ?? new Date(),
    body: event.body ? Buffer.from(event.body) : null,
  };
}
