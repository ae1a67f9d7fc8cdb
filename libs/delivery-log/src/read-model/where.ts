import { firstIdAt } from '@sluice/contracts';

/** Clocks of several machines, and one that was set back. */
const SLACK_MS = 3_600_000;

/** Collects the conditions of a list with their numbered values. */
export class Where {
  private readonly parts: string[] = [];
  readonly values: unknown[] = [];

  /** `sql` has `?` where the value goes. */
  add(sql: string, value: unknown): this {
    this.values.push(value);
    this.parts.push(sql.replaceAll('?', `$${this.values.length}`));
    return this;
  }

  /** Where a value goes that stands outside of the conditions: `$3`. */
  value(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  addIf(sql: string, value: unknown): this {
    return value === undefined || value === null ? this : this.add(sql, value);
  }

  /** From `since` (included) to `until` (excluded), checked by IsInstant. */
  between(column: string, { since, until }: { since?: string; until?: string }): this {
    return this.addIf(`${column} >= ?`, since && new Date(since)).addIf(`${column} < ?`, until && new Date(until));
  }

  /**
   * Beside `between`: the ids that can be meant, so that an index ordered by id, and its partitions, are entered where the
   * range is and not at the newest row. @param laterMs how long after the time in its id a row's own time may be
   */
  idsBetween(column: string, { since, until }: { since?: string; until?: string }, laterMs = 0): this {
    return this.addIf(`${column} >= ?`, since && firstIdAt(Date.parse(since) - laterMs - SLACK_MS)).addIf(
      `${column} < ?`,
      until && firstIdAt(Date.parse(until) + SLACK_MS),
    );
  }

  /** `(a, b) < (…)` of the place where the last page ended, newest first. */
  before(columns: string, place: { at: string; id: string } | null, type = 'timestamptz'): this {
    if (!place) return this;
    this.values.push(place.at, place.id);
    const last = this.values.length;
    this.parts.push(`(${columns}) < ($${last - 1}::${type}, $${last}::uuid)`);
    return this;
  }

  get sql(): string {
    return this.parts.length > 0 ? `where ${this.parts.join(' and ')}` : '';
  }
}
