import type { Alongside, Position } from '@sluice/event-store';
import type { ClientBase } from 'pg';
import type { DeadLetter, DeadLetterFilter, NewDeadLetter } from '../dead-letters/dead-letter.ts';

/** One checkpoint: a consumer group's progress in one partition of a topic. */
export interface CheckpointKey {
  group: string;
  topic: string;
  partition: number;
}

/** What the table says now. `fence` grows each time somebody takes the partition over. */
export interface CheckpointState {
  fence: bigint;
  /** The last applied event, or BEGINNING. */
  position: Position;
}

/** A move of a checkpoint: refused unless the row still has this fence and this `from`. */
export interface CheckpointMove {
  key: CheckpointKey;
  fence: bigint;
  from: Position;
  to: Position;
}

/** Before every event. */
export const BEGINNING: Position = { epoch: 0, transactionId: 0n, position: 0n };

/** Somebody else moved the checkpoint or took the partition; nothing of the transaction may be committed. */
export class CheckpointMovedError extends Error {
  constructor(key: CheckpointKey) {
    super(`the checkpoint of ${key.group} on ${key.topic}/${key.partition} was moved by somebody else`);
    this.name = 'CheckpointMovedError';
  }
}

export interface LeaseRequest {
  owner: string;
  leaseMs: number;
  /** Takes it although another owner's lease still runs (this process is known to be alone). */
  force?: boolean;
}

/**
 * The bookkeeping of a service's consumer groups: checkpoints and dead letters. Two implementations, Postgres tables
 * in the service's schema and memory, under one contract suite (the bus' own).
 */
export interface GroupTables {
  /** Takes a partition over: creates its row when there is none, raises the fence, returns where to go on. */
  take(key: CheckpointKey): Promise<CheckpointState>;
  /** As `take`, but only if the lease is free, expired or the owner's own; null otherwise. */
  takeLeased(key: CheckpointKey, lease: LeaseRequest): Promise<CheckpointState | null>;
  /** Extends the leases that this owner still holds, and tells which those are. */
  renewLeases(lease: LeaseRequest): Promise<CheckpointKey[]>;
  /** Gives up the leases of this owner, so that another instance goes on at once. */
  releaseLeases(owner: string): Promise<void>;
  current(key: CheckpointKey): Promise<CheckpointState | null>;
  move(move: CheckpointMove): Alongside;
  /** @throws CheckpointMovedError */
  moveWith(client: ClientBase, move: CheckpointMove): Promise<void>;
  /** @throws CheckpointMovedError */
  moveAlone(move: CheckpointMove): Promise<void>;

  /** Back to BEGINNING, for a topic that begins anew. @throws CheckpointMovedError */
  rewind(key: CheckpointKey, fence: bigint): Promise<void>;

  parkedStreams(group: string, topic: string): Promise<Set<string>>;
  isParked(group: string, topic: string, streamId: string): Promise<boolean>;
  /** Refused (a broken constraint) for reason `behind` when no earlier event of the stream is parked any more. */
  park(letters: readonly NewDeadLetter[]): Alongside;
  /** Parked -> handled; refused (a broken constraint) when it is not parked any more. */
  handled(id: string): Alongside;
  handledWith(client: ClientBase, id: string): Promise<void>;
  handledAlone(id: string): Promise<void>;
  /** Another failed try of a parked event; refused when it is not parked any more. */
  failedAgain(id: string, error: { name: string; message: string }, announced: number): Alongside;
  /** Parked -> discarded; false when it was not parked. */
  discard(id: string): Promise<boolean>;
  /** Handled or discarded -> done: its last event has been appended. */
  done(id: string): Alongside;
  letter(id: string): Promise<DeadLetter | null>;
  list(filter: DeadLetterFilter): Promise<DeadLetter[]>;
  /** The first parked event of a stream, by version. */
  firstParked(group: string, topic: string, streamId: string): Promise<DeadLetter | null>;
  /** Handled or discarded but not yet announced: what a crash left behind. */
  unannounced(limit: number): Promise<DeadLetter[]>;
  /** Streams whose first parked event only waits for one that is no longer there. */
  orphanedStreams(limit: number): Promise<{ group: string; topic: string; streamId: string }[]>;
  /** Forgets finished letters older than this many seconds. */
  sweep(olderThanSeconds: number): Promise<void>;
}
