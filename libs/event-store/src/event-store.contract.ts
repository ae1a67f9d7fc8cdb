import type { PoolClient } from 'pg';
import type { Topic } from '@sluice/contracts';

/** Where an event stands in the one order every reader follows. `epoch` changes when the cluster does. */
export interface Position {
  epoch: number;
  transactionId: bigint;
  position: bigint;
}

export interface EventMeta {
  /** The request or change everything else follows from. */
  correlationId: string;
  /** The event or request that directly caused this one. */
  causationId: string | null;
  /** W3C trace context of the span that appended it. */
  traceparent?: string;
  /** DL-11: how many webhooks of Sluice stand before it, by the header `Sluice-Hops`; absent: none. */
  hops?: number;
  /** Who asked for it, whence, and for a user by which token: `{type: 'token' | 'user' | 'system' | 'trigger', id}`. */
  actor?: { type: string; id: string; address?: string; tokenId?: string };
}

export interface NewEvent {
  type: string;
  /** 1 unless given. */
  typeVersion?: number;
  appId: string | null;
  /** Any JSON value; stored as text, exactly as JSON.stringify writes it. */
  data: unknown;
  meta: EventMeta;
  /** The Kafka key and the unit of order between services; the stream id unless given. */
  partitionKey?: string;
  occurredAt?: Date;
  /** Raw bytes stored in a row of their own beside the event and joined in for every consumer. */
  body?: Uint8Array;
}

export interface StoredEvent {
  topic: Topic;
  position: Position;
  streamId: string;
  version: number;
  partitionKey: string;
  type: string;
  typeVersion: number;
  appId: string | null;
  /** JSON text; `data` parses it (once). */
  dataJson: string;
  readonly data: unknown;
  meta: EventMeta;
  occurredAt: Date;
  body: Buffer | null;
}

/**
 * A set-based write that commits with an append: one data-modifying SQL statement over arrays. The rows of every unit
 * in a batch that uses the same statement are merged and it runs once, as a CTE beside the insert of the events.
 * It must not update one row twice for different units of a batch (appends to one stream are never in one batch).
 */
export interface AlongsideStatement {
  /** Unique within the service; part of the prepared statement's name. */
  name: string;
  /**
   * PostgreSQL element types of the columns, e.g. `['uuid', 'text', 'timestamptz', 'jsonb', 'bytea', 'int8']`. Values are
   * given as node-pg takes them: Date or text for times, bigint or number for int8, Uint8Array for bytea; a string in a
   * json column is JSON text already.
   */
  columns: readonly string[];
  /** Text of the statement; `arrays[i]` is the SQL of the array of column i, e.g. `$7::uuid[]`. Without RETURNING. */
  sql(arrays: readonly string[]): string;
}
export interface Alongside {
  statement: AlongsideStatement;
  rows: readonly (readonly unknown[])[];
}

export interface StreamAppend {
  /** The service's first topic unless given. */
  topic?: Topic;
  streamId: string;
  /** Version of the stream's last event, 0 for a new stream. */
  expectedVersion: number;
  events: readonly NewEvent[];
}

/** What commits together or not at all. `appends` may be empty when only `alongside` has to be durable. */
export interface CommitUnit {
  appends: readonly StreamAppend[];
  alongside?: readonly Alongside[];
  /**
   * Free SQL in the same transaction, after the events; such a unit goes alone, so keep it off hot paths. What it throws
   * reaches the caller as it is. It runs once at most.
   */
  alone?: (client: PoolClient) => Promise<void>;
  /** How long the batcher may wait for company, in milliseconds; 0 (natural batching) unless given. */
  lingerMs?: number;
}

export interface Committed {
  /** The stored events of the unit, in order. */
  events: readonly StoredEvent[];
}

/** Which events of a stream are read. */
export interface StreamRange {
  topic?: Topic;
  /** 1 unless given. */
  fromVersion?: number;
  /** So many events at most. */
  limit?: number;
}

export interface EventStorePort {
  readonly topics: readonly Topic[];
  /**
   * Resolves after the commit is durable.
   * @throws VersionConflictError when a stream is not at its expected version (another append came first, or a gap).
   * @throws AlongsideConflictError when an alongside statement breaks a constraint (unique, not null, check).
   * @throws a transient error (see `isTransientError`) when the database is away: nothing was committed or, when the
   *   connection broke during the commit, the outcome is unknown and the same append may be tried again.
   */
  append(
    streamId: string,
    expectedVersion: number,
    events: readonly NewEvent[],
    options?: { topic?: Topic; alongside?: readonly Alongside[]; lingerMs?: number },
  ): Promise<Committed>;
  commit(unit: CommitUnit): Promise<Committed>;
  /** One stream in version order, all of it unless `limit` says less; empty when it does not exist. */
  read(streamId: string, options?: StreamRange): Promise<StoredEvent[]>;
  /**
   * Events after a position (null: from the beginning) in reading order, never past the oldest running transaction.
   * Big events come in smaller batches than `limit`; only an empty answer means that nothing more is readable now.
   */
  readAfter(topic: Topic, after: Position | null, limit: number): Promise<StoredEvent[]>;
  /** The position of the newest readable event, or null when there is none. */
  head(topic: Topic): Promise<Position | null>;
  /** Called after each commit of this process with its events, in the order of the table. Returns the unsubscriber. */
  onCommitted(listener: (events: readonly StoredEvent[]) => void): () => void;
}
