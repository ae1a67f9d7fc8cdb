import type { Committed } from './event-store.contract.ts';
import type { PendingUnit, PreparedUnit } from './pending-unit.ts';

/** Answers the caller of a commit. */
export interface Answer {
  resolve(committed: Committed): void;
  reject(error: unknown): void;
}

/** A unit from the moment its caller waits for it. A class, because as a copy with two closures it is twice as big. */
export class WaitingUnit implements PendingUnit {
  readonly events: PendingUnit['events'];
  readonly alongside: PendingUnit['alongside'];
  readonly alone: PendingUnit['alone'];
  readonly streams: PendingUnit['streams'];
  readonly alongsideRows: number;
  readonly bytes: number;
  readonly dueAt: number;
  readonly deadlineAt: number;
  losses = 0;
  settled = false;
  readonly #caller: Answer;
  readonly #onSettled: (unit: WaitingUnit) => void;

  /** @param onSettled called once, before its caller is answered. */
  constructor(
    unit: PreparedUnit,
    times: { dueAt: number; deadlineAt: number },
    caller: Answer,
    onSettled: (unit: WaitingUnit) => void,
  ) {
    this.events = unit.events;
    this.alongside = unit.alongside;
    this.alone = unit.alone;
    this.streams = unit.streams;
    this.alongsideRows = unit.alongsideRows;
    this.bytes = unit.bytes;
    this.dueAt = times.dueAt;
    this.deadlineAt = times.deadlineAt;
    this.#caller = caller;
    this.#onSettled = onSettled;
  }

  resolve(committed: Committed): void {
    if (this.#settle()) this.#caller.resolve(committed);
  }

  reject(error: unknown): void {
    if (this.#settle()) this.#caller.reject(error);
  }

  #settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.#onSettled(this);
    return true;
  }
}
