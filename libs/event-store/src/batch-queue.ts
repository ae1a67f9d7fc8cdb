import type { PendingUnit } from './pending-unit.ts';

export interface BatchLimits {
  /** Events in a batch. */
  maxRows: number;
  maxBytes: number;
}

/** Rows that ride along may outnumber the events, but not without bound. */
const ALONGSIDE_ROWS_PER_EVENT = 8;

/** Units that wait for a lane, first in first out, at most one append per stream in a batch. No clock, no I/O. */
export class BatchQueue {
  readonly #limits: BatchLimits;
  #units: PendingUnit[] = [];
  #events = 0;
  #bytes = 0;
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** Events that wait. */
  get events(): number {
    return this.#events;
  }
  get bytes(): number {
    return this.#bytes;
  }
  get units(): number {
    return this.#units.length;
  }

  push(unit: PendingUnit): void {
    this.#units.push(unit);
    this.#count(unit);
  }

  /** Puts units back that were taken, before everything else. */
  putBack(units: readonly PendingUnit[]): void {
    this.#units = [...units, ...this.#units];
    for (const unit of units) this.#count(unit);
  }

  /** When the next batch should leave: at once when one is full, else when the most urgent unit is due. */
  get dueAt(): number {
    if (this.#events >= this.#limits.maxRows || this.#bytes >= this.#limits.maxBytes) return 0;
    return this.#dueAt;
  }

  #count(unit: PendingUnit): void {
    this.#events += unit.events.length;
    this.#bytes += unit.bytes;
    this.#dueAt = Math.min(this.#dueAt, unit.dueAt);
  }

  #recount(): void {
    this.#events = 0;
    this.#bytes = 0;
    this.#dueAt = Number.POSITIVE_INFINITY;
    for (const unit of this.#units) this.#count(unit);
  }

  /** Forgets units that were answered while they waited. */
  dropSettled(): void {
    this.#units = this.#units.filter((unit) => !unit.settled);
    this.#recount();
  }

  /** The next batch; empty when every unit waits for a stream that is on its way already. */
  take(streamsOnTheirWay: ReadonlySet<string>): PendingUnit[] {
    const batch: PendingUnit[] = [];
    const passed: PendingUnit[] = [];
    const taken = new Set<string>();
    const room = {
      rows: this.#limits.maxRows,
      alongside: this.#limits.maxRows * ALONGSIDE_ROWS_PER_EVENT,
      bytes: this.#limits.maxBytes,
    };
    let index = 0;
    for (; index < this.#units.length; index++) {
      const unit = this.#units[index] as PendingUnit;
      if (unit.settled) continue;
      const isBlocked = unit.streams.some((stream) => taken.has(stream) || streamsOnTheirWay.has(stream));
      if (isBlocked) {
        passed.push(unit);
      } else {
        if (batch.length > 0 && (unit.alone || !fits(unit, room))) break;
        batch.push(unit);
        room.rows -= unit.events.length;
        room.alongside -= unit.alongsideRows;
        room.bytes -= unit.bytes;
      }
      // A later unit of the same stream must not overtake this one.
      for (const stream of unit.streams) taken.add(stream);
      if (unit.alone && !isBlocked) {
        index++;
        break;
      }
    }
    this.#units = passed.length > 0 ? [...passed, ...this.#units.slice(index)] : this.#units.slice(index);
    this.#recount();
    return batch;
  }
}

function fits(unit: PendingUnit, room: { rows: number; alongside: number; bytes: number }): boolean {
  return unit.events.length <= room.rows && unit.alongsideRows <= room.alongside && unit.bytes <= room.bytes;
}
