import type { PendingUnit } from './pending-unit.ts';

/** Answered units that are let go of together. */
const COMPACT_AT = 64;

/**
 * The units whose callers wait. An array and not a Set: one that units come to and go from is built anew by V8 with every
 * hundred of them.
 */
export class Unanswered {
  readonly #units: PendingUnit[] = [];
  #answered = 0;

  get size(): number {
    return this.#units.length - this.#answered;
  }

  add(unit: PendingUnit): void {
    this.#units.push(unit);
  }

  /** To be told of each unit once, when it is marked as settled. @returns how many are left. */
  settled(): number {
    this.#answered++;
    if (this.#answered >= COMPACT_AT && 2 * this.#answered >= this.#units.length) this.#compact();
    return this.size;
  }

  /** Those that wait, as of now. */
  all(): PendingUnit[] {
    return this.#units.filter((unit) => !unit.settled);
  }

  /** In place: a copy would leave the old array behind with its pointers. */
  #compact(): void {
    let kept = 0;
    for (const unit of this.#units) {
      if (!unit.settled) this.#units[kept++] = unit;
    }
    this.#units.length = kept;
    this.#answered = 0;
  }
}
