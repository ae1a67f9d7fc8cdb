import { timeOfId } from '@sluice/contracts';
import type { Pool, PoolClient } from 'pg';
import { dayOf } from './log-tables.ts';

interface DroppedRow {
  table: string;
  first: number;
  last: number;
  at: Date;
}

/** Where a row of a table says its day, and what takes it away: by itself its key, which is an id, in the first place. */
const DAY_OF_ROW: Readonly<Record<string, (row: readonly unknown[]) => number>> = {
  stats: (row) => dayOf(Date.parse(String(row[4]))),
  app_bytes: (row) => Number(row[1]),
};
/** What an app's rows of a day take is forgotten with the day's requests. */
const GOES_WITH: Readonly<Record<string, string>> = { app_bytes: 'requests' };

/**
 * The days of the log that retention has taken away. Their events may still be there: a model that is built again leaves out
 * what was in those days when they went, and holds what came for them later, as the live one does.
 */
export class DroppedDays {
  private constructor(private readonly days: readonly DroppedRow[]) {}

  static async read(db: Pool | PoolClient): Promise<DroppedDays> {
    const { rows } = await db.query<DroppedRow>(
      'select table_name as table, first_day as first, last_day as last, dropped_at as at from delivery_log.dropped_days',
    );
    return new DroppedDays(rows);
  }

  /** Before they go, so that nothing that runs meanwhile brings them back. */
  static async note(db: Pool, table: string, firstDay: number, lastDay: number): Promise<void> {
    await db.query(
      `insert into delivery_log.dropped_days as d (table_name, first_day, last_day, dropped_at) values ($1, $2, $3, now())
       on conflict (table_name, last_day) do update
       set dropped_at = excluded.dropped_at, first_day = least(d.first_day, excluded.first_day)`,
      [table, firstDay, lastDay],
    );
  }

  /** Events in their order, cut where something was dropped meanwhile. */
  parts<T extends { occurredAt: Date }>(events: readonly T[]): T[][] {
    const parts: T[][] = [];
    let known = -1;
    for (const event of events) {
      const later = this.days.reduce((count, { at }) => count + (at > event.occurredAt ? 1 : 0), 0);
      if (later === known) parts.at(-1)?.push(event);
      else parts.push([event]);
      known = later;
    }
    return parts;
  }

  /**
   * Tells the rows of a table that went with their day; null when there are none.
   * @param at when the events came that write the rows; of one of the `parts`, the first
   */
  of(table: string, at: Date): ((row: readonly unknown[]) => boolean) | null {
    const own = this.days.filter((each) => each.table === (GOES_WITH[table] ?? table) && each.at > at);
    if (own.length === 0) return null;
    const dayOfRow = DAY_OF_ROW[table] ?? ((row) => dayOf(timeOfId(String(row[0]))));
    return (row) => {
      const day = dayOfRow(row);
      return own.some(({ first, last }) => first <= day && day <= last);
    };
  }
}
