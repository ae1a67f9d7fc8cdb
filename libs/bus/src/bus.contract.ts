import type { ClientBase } from 'pg';
import type { Alongside, Position, StoredEvent } from '@sluice/event-store';

/** An event as a handler sees it, the same in every wiring. */
export type BusEvent = StoredEvent;

/** A message of a topic without a table of ours (`domain.events`), as the broker gave it. */
export interface ForeignMessage {
  topic: string;
  partition: number;
  offset: bigint;
  key: string | null;
  headers: Record<string, string>;
  value: Buffer;
  timestamp: Date;
}

/**
 * How far a consumer group has come. A handler that writes to Postgres commits it with its writes: as an alongside of
 * its append, or through the client of its own transaction. A handler that does neither leaves it to the bus, which
 * saves it after the handler has resolved. A checkpoint that somebody else moved on (a rebalance) refuses the commit.
 * Take it only for a unit that is then committed: the bus trusts a handler that took it.
 */
export interface Checkpoint {
  alongside(): Alongside;
  saveWith(client: ClientBase): Promise<void>;
}

export interface EventBatch<E = BusEvent> {
  topic: string;
  group: string;
  /** Kafka partition; 0 on the other buses. */
  partition: number;
  /** At least one; in order per partition key; never one that this group has applied already. */
  events: readonly E[];
  checkpoint: Checkpoint;
  /** Call it at least every second in a handler that takes long; throws when the partition was taken away. */
  heartbeat(): Promise<void>;
  /** Aborted when the consumer stops: finish or throw soon. */
  signal: AbortSignal;
}

export type BatchHandler<E = BusEvent> = (batch: EventBatch<E>) => Promise<void>;

export interface FarBehind {
  /** Events. */
  from: number;
  maxBatch: number;
}

export interface ConsumeOptions {
  /**
   * `group`: each event goes to one member, from the earliest event when the group is new. `everyInstance`: each
   * process gets all, from the moment it joined, without a checkpoint; the process is ready only once joined.
   */
  mode?: 'group' | 'everyInstance';
  /** `<service>` or `<service>:<purpose>`; the service says whose schema holds checkpoints and dead letters. */
  group: string;
  /** Only these event types reach the handler; the others are passed over and count as applied. */
  types?: readonly string[];
  /** Most events in a batch; 500 unless given. */
  maxBatch?: number;
  /**
   * Larger batches while so many events or more wait (Postgres bus): one commit follows another, so that their size bounds
   * the rate of a stage whatever the processors have left.
   */
  behind?: FarBehind;
  /** The messages are ForeignMessage; exists in the Kafka wiring only. */
  foreign?: boolean;
}

/** What a running bus tells health and metrics. */
export interface ConsumerStatus {
  group: string;
  topic: string;
  joined: boolean;
  /** Why it cannot join until a person mends it; absent or null when waiting may help. */
  refusedBecause?: string | null;
  /** Events (Kafka: messages) not yet applied, as last measured. */
  lag: number;
  /** Why it is pausing, or null when it flows. */
  pausedBecause: string | null;
  parkedStreams: number;
  /** Since the start: events that were parked (group) or given up with a log line (everyInstance). */
  failed: number;
}

export type { Position };
