import { AlongsideConflictError, comparePositions, isTransientError, VersionConflictError } from '@sluice/event-store';
import type { Position } from '@sluice/event-store';
import type { Bound } from '../bus-bindings.ts';
import type { EventBatch } from '../bus.contract.ts';
import { Parking } from '../dead-letters/parking.ts';
import { BatchCheckpoint } from './batch-checkpoint.ts';
import { type BusRuntime, PartitionLostError, pause, PausedError } from './bus-runtime.ts';
import type { Consumer, Message } from './consumer.ts';
import { BEGINNING, type CheckpointKey, CheckpointMovedError, type CheckpointState } from './group-tables.ts';
import { isForeign, positionOf, typeOf } from './message.ts';

/** What the driver of a partition lends to the handler while a batch is applied. */
export interface Session {
  heartbeat(): Promise<void>;
  signal: AbortSignal;
}

/** Applies the messages of one partition; the two modes differ in what they do about failure and progress. */
export interface Runner {
  readonly position: Position;
  readonly parkedStreams: number;
  readonly failed: number;
  /** Brings `parkedStreams` up to date with what was redriven elsewhere. */
  refresh(): Promise<void>;
  apply(events: readonly Message[], session: Session): Promise<void>;
}

/** A rival append may win a few times; after so many tries in a row the conflict is the event's own fault. */
const MOST_CONFLICTS = 5;
/** Positions of events that no handler wanted are saved at most this often: they cost nothing when repeated. */
const PASS_OVER_SAVE_MS = 1_000;

/**
 * Applies the events of one partition for one consumer group, in order and each once: drops what the checkpoint says is
 * applied, calls the handler with batches, isolates and parks what fails for good. Everything that is the same on
 * every bus lives here; the buses only bring events.
 */
export class PartitionRunner implements Runner {
  readonly #consumer: Consumer;
  readonly #bound: Bound;
  readonly #runtime: BusRuntime;
  readonly #key: CheckpointKey;
  readonly #parking: Parking;
  #fence = 0n;
  /** What the table says. */
  #saved: Position = BEGINNING;
  /** How far we are: past `#saved` only by events that no handler wanted. */
  #applied: Position = BEGINNING;
  #savedAtMs = 0;
  /** The table has to be asked before we go on: the last batch ended in an error. */
  #uncertain = false;
  failed = 0;

  constructor(consumer: Consumer, partition: number, bound: Bound, runtime: BusRuntime) {
    this.#consumer = consumer;
    this.#bound = bound;
    this.#runtime = runtime;
    this.#key = { group: consumer.group, topic: consumer.topic, partition };
    this.#parking = new Parking(consumer, partition, bound);
  }

  /** The last event that needs no further work here. */
  get position(): Position {
    return this.#applied;
  }

  get parkedStreams(): number {
    return this.#parking.streams.size;
  }

  async refresh(): Promise<void> {
    await this.#parking.prune();
  }

  /** Takes the partition over: from here on whoever had it before is refused. */
  async take(): Promise<void> {
    await this.adopt(await this.#bound.tables.take(this.#key));
  }

  /** Begins anew: the topic was created again and counts from the start. */
  async rewind(): Promise<void> {
    await this.#bound.tables.rewind(this.#key, this.#fence);
    this.#saved = BEGINNING;
    this.#applied = BEGINNING;
  }

  /** Goes on from a checkpoint that the driver has taken itself (with a lease). */
  async adopt(state: CheckpointState): Promise<void> {
    await this.#parking.load();
    this.#fence = state.fence;
    this.#saved = state.position;
    this.#applied = state.position;
    this.#uncertain = false;
  }

  /**
   * Applies events, given in the order of the partition; those at or below the checkpoint are dropped.
   * @param maxBatch most events that the handler gets at once.
   * @throws PausedError when something is away: call it again later with the same events.
   * @throws PartitionLostError when another consumer has taken the partition.
   */
  async apply(events: readonly Message[], session: Session, maxBatch = this.#consumer.maxBatch): Promise<void> {
    if (this.#uncertain) await this.#resync();
    let rest = this.#news(events);
    while (rest.length > 0) {
      await this.#applyChunk(rest.slice(0, maxBatch), session, maxBatch);
      rest = this.#news(rest.slice(maxBatch));
    }
  }

  /** Saves how far events were passed over: at most once a second unless the partition is given up (`now`). */
  async savePassedOver(now = false): Promise<void> {
    if (this.#uncertain || comparePositions(this.#applied, this.#saved) <= 0) return;
    if (!now && Date.now() - this.#savedAtMs < PASS_OVER_SAVE_MS) return;
    const to = this.#applied;
    try {
      await this.#bound.tables.moveAlone({ key: this.#key, fence: this.#fence, from: this.#saved, to });
    } catch (error) {
      this.#uncertain = true;
      if (error instanceof CheckpointMovedError) throw this.#lost();
      throw new PausedError(error);
    }
    this.#saved = to;
    this.#savedAtMs = Date.now();
  }

  #news(events: readonly Message[]): readonly Message[] {
    const first = events.findIndex((event) => comparePositions(positionOf(event), this.#applied) > 0);
    if (first < 0) return [];
    // A relay that woke up late repeats older events in between: keep only what rises.
    let highest = this.#applied;
    return events.slice(first).filter((event) => {
      const position = positionOf(event);
      if (comparePositions(position, highest) <= 0) return false;
      highest = position;
      return true;
    });
  }

  /** One stretch of the partition: wanted events go to the handler, those of parked streams are parked in between. */
  async #applyChunk(chunk: readonly Message[], session: Session, mostAtOnce: number): Promise<void> {
    let waiting: Message[] = [];
    let through = this.#applied;
    const flush = async (): Promise<void> => {
      const batch = this.#news(waiting);
      waiting = [];
      if (batch.length > 0) await this.#deliver(batch, through, session);
      else if (comparePositions(through, this.#applied) > 0) await this.#passOver(through);
    };
    for (const event of chunk) {
      const position = positionOf(event);
      const wanted = !this.#consumer.types || isForeign(event) || this.#consumer.types.has(event.type);
      if (wanted && !isForeign(event) && this.#parking.streams.has(event.streamId)) {
        await flush();
        if (await this.#parkBehind(event)) {
          through = position;
          continue;
        }
      }
      if (wanted) waiting.push(event);
      through = position;
      if (waiting.length >= mostAtOnce) await flush();
    }
    await flush();
  }

  async #deliver(batch: readonly Message[], through: Position, session: Session): Promise<void> {
    let rest = batch;
    for (let conflicts = 0; ; ) {
      try {
        await this.#call(rest, through, session);
        return;
      } catch (error) {
        const before = this.#applied;
        await this.#afterError(error, session);
        rest = this.#news(rest);
        if (rest.length === 0) return this.#catchUp(through);
        if (comparePositions(this.#applied, before) > 0) continue;
        if (isConflict(error) && ++conflicts < MOST_CONFLICTS) {
          await pause(5 + conflicts * 10 * this.#random(), session.signal);
          continue;
        }
        if (rest.length === 1) await this.#parkFailed(rest[0] as Message, error, through);
        else await this.#applyChunk(rest, session, 1);
        return this.#catchUp(through);
      }
    }
  }

  async #call(events: readonly Message[], through: Position, session: Session): Promise<void> {
    const move = { key: this.#key, fence: this.#fence, from: this.#saved, to: through };
    const checkpoint = new BatchCheckpoint(this.#bound.tables, move);
    const { topic, group, partition } = this.#key;
    const batch: EventBatch<Message> = { topic, group, partition, events, checkpoint, ...session };
    const { failpoint } = this.#runtime;
    failpoint?.('bus.before-handler');
    await this.#consumer.handle(batch);
    failpoint?.('bus.after-handler');
    if (!checkpoint.taken) await checkpoint.saveAlone();
    failpoint?.('bus.after-checkpoint');
    this.#saved = through;
    this.#applied = through;
    this.#savedAtMs = Date.now();
  }

  /** What the error means for us: somebody else's partition, a pause, or an event that is to blame (returns). */
  async #afterError(error: unknown, session: Session): Promise<void> {
    this.#uncertain = true;
    if (session.signal.aborted) throw this.#lost();
    if (error instanceof PartitionLostError) throw error;
    if (isTransientError(error)) throw new PausedError(error);
    await this.#resync();
  }

  /** Asks the table where we are: a commit whose outcome was unknown may have happened. */
  async #resync(): Promise<void> {
    let state: CheckpointState | null;
    try {
      state = await this.#bound.tables.current(this.#key);
    } catch (error) {
      throw new PausedError(error);
    }
    if (!state || state.fence !== this.#fence) throw this.#lost();
    this.#saved = state.position;
    if (comparePositions(state.position, this.#applied) > 0) this.#applied = state.position;
    this.#uncertain = false;
  }

  async #parkFailed(event: Message, error: unknown, through: Position): Promise<void> {
    const position = positionOf(event);
    const parked = await this.#park(() => this.#parking.failed(event, error, this.#move(position)), position);
    if (!parked) throw new PausedError(new Error(`cannot park ${typeOf(event)}, which failed`, { cause: error }));
    this.failed++;
    const { group, topic } = this.#key;
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#runtime.logger.error(`${group} could not handle ${typeOf(event)} of ${topic} and parked it: ${why}`);
    await this.#catchUp(through);
  }

  /** False when its stream is not parked any more, so that the handler gets the event after all. */
  async #parkBehind(event: Message): Promise<boolean> {
    if (isForeign(event)) return false;
    for (let tries = 0; tries < MOST_CONFLICTS; tries++) {
      try {
        if (!(await this.#parking.stillParked(event.streamId))) return false;
      } catch (error) {
        throw new PausedError(error);
      }
      const parked = await this.#park(() => this.#parking.behind(event, this.#move(event.position)), event.position);
      if (parked) {
        this.failed++;
        return true;
      }
    }
    throw new PausedError(new Error(`cannot park ${event.type} behind the parked events of its stream`));
  }

  async #park(write: () => Promise<void>, position: Position): Promise<boolean> {
    try {
      await write();
    } catch (error) {
      this.#uncertain = true;
      if (isTransientError(error)) throw new PausedError(error);
      if (!isConflict(error)) throw error;
      await this.#resync();
      return comparePositions(this.#applied, position) >= 0;
    }
    this.#saved = position;
    this.#applied = position;
    return true;
  }

  #move(to: Position) {
    return { key: this.#key, fence: this.#fence, from: this.#saved, to };
  }

  /** After the wanted events, the unwanted ones that followed them. */
  async #catchUp(through: Position): Promise<void> {
    if (comparePositions(through, this.#applied) > 0) await this.#passOver(through);
  }

  async #passOver(through: Position): Promise<void> {
    this.#applied = through;
    await this.savePassedOver();
  }

  #lost(): PartitionLostError {
    return new PartitionLostError(this.#key.group, this.#key.topic, this.#key.partition);
  }

  #random(): number {
    return (this.#runtime.random ?? Math.random)();
  }
}

function isConflict(error: unknown): boolean {
  return (
    error instanceof AlongsideConflictError ||
    error instanceof VersionConflictError ||
    error instanceof CheckpointMovedError
  );
}
