import type { AlongsideStatement } from '@sluice/event-store';

/** What a statement means to a store without SQL: all checks of a unit run first, then all changes. */
export interface MemoryEffect {
  /** @throws to refuse the unit. */
  check(row: readonly unknown[]): void;
  apply(row: readonly unknown[]): void;
}

/** An alongside statement that also works in memory; SQL stores never see it. */
export class MemoryStatement implements AlongsideStatement {
  readonly columns: readonly string[] = ['value'];
  readonly name: string;
  readonly effect: MemoryEffect;

  constructor(name: string, effect: MemoryEffect) {
    this.name = name;
    this.effect = effect;
  }

  sql(): string {
    throw new Error(`${this.name} lives in memory: bind the service with a pool to use it with Postgres`);
  }
}
