import { newId, type ServiceName } from '@sluice/contracts';
import type { Alongside, EventStorePort, NewEvent, StoredEvent } from '@sluice/event-store';
import type { BusBindings } from '../bus-bindings.ts';
import type { BusStrategy } from '../bus-strategy.ts';
import type { EventBatch } from '../bus.contract.ts';
import type { DeadLetters } from '../dead-letters/dead-letters.ts';
import type { BusChild } from './child-process.fixture.ts';

/** One handled event, as the handler wrote it in the transaction of its checkpoint. */
export interface Effect {
  streamId: string;
  version: number;
  type: string;
}

/** A process of a wiring under test: its stores, its bus, its consumers. */
export interface BusProcess {
  bus: BusStrategy;
  bindings: BusBindings;
  letters: DeadLetters;
  store(service: ServiceName): EventStorePort;
  /** The write of a handler's effects, to commit with its checkpoint. */
  effects(events: readonly StoredEvent[]): Alongside;
  close(): Promise<void>;
}

export interface ProcessSpec {
  /** Declares the consumers; called before the bus starts. */
  consumers?: (bus: BusStrategy, process: BusProcess) => void;
  failpoint?: (name: string) => void;
}

/** One wiring with empty tables. */
export interface BusWorld {
  start(spec?: ProcessSpec): Promise<BusProcess>;
  /** A process of its own that consumes `gateway.events` as group `runner`, to kill or freeze. */
  startChild?(): Promise<BusChild>;
  /** All effects, in the order of their commits. */
  effects(): Promise<Effect[]>;
  databaseAway(): Promise<void>;
  databaseBack(): Promise<void>;
  /** Only where there is a broker. */
  brokerAway?(): Promise<void>;
  brokerBack?(): Promise<void>;
  remove(): Promise<void>;
}

export function event(type: string, data: unknown = {}, more: Partial<NewEvent> = {}): NewEvent {
  return { type, appId: 'app', data, meta: { correlationId: newId(), causationId: null }, ...more };
}

/** Appends one event of each type to a stream of the gateway's, after `after`; returns the stream's id. */
export async function accept(
  process: BusProcess,
  types: readonly string[] = ['TriggerAccepted'],
  stream: { id?: string; after?: number } = {},
): Promise<string> {
  const { id = newId(), after = 0 } = stream;
  const events = types.map((type, index) => event(type, { number: after + index + 1 }));
  await process.store('gateway').append(id, after, events);
  return id;
}

/** The usual handler: its effects and its checkpoint in one unit. */
export function commits(process: BusProcess): (batch: EventBatch) => Promise<void> {
  return async (batch) => {
    const alongside = [process.effects(batch.events), batch.checkpoint.alongside()];
    await process.store('runner').commit({ appends: [], alongside });
  };
}

export function versionsOf(effects: readonly Effect[], streamId: string): number[] {
  return effects.filter((effect) => effect.streamId === streamId).map((effect) => effect.version);
}

/** A door that handlers wait at until the test opens it. */
export class Gate {
  /** How many came to it. */
  arrived = 0;
  #open: () => void = () => {};
  readonly #opened: Promise<void>;

  constructor() {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
  }

  async pass(): Promise<void> {
    this.arrived++;
    await this.#opened;
  }
}
