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
