import type { Alongside, AlongsideStatement } from '@sluice/event-store';

/** A table's columns with their PostgreSQL types, in the order of the rows; the first is the key or begins it. */
export interface BulkTable {
  table: string;
  columns: Readonly<Record<string, string>>;
  /** What follows the insert: `on conflict …`. */
  onConflict: string;
  /** Rows that come once, unless events are read again: see `FirstTimeStatement`. */
  comesOnce?: true;
}

/**
 * A statement that can also be written for rows that are not there yet: it fails (23505) where one is. `on conflict` makes
 * PostgreSQL look first, lock the row that may come, and confirm it in a WAL record of its own.
 */
export interface FirstTimeStatement extends AlongsideStatement {
  firstTime?: AlongsideStatement['sql'];
}

/**
 * Rows to write with one statement, in the order of their key: two processes that write the same deliveries in
 * different orders would deadlock (measured: both wait the second until PostgreSQL looks, and their transactions hold up
 * every reader of events meanwhile). Rows of the same key must have been merged before: one statement cannot update a
 * row twice.
 */
export function bulkWrite(target: BulkTable, rows: readonly (readonly unknown[])[]): Alongside {
  const { table, columns, onConflict, comesOnce } = target;
  const names = Object.keys(columns);
  const insert = (arrays: readonly string[]): string =>
    `insert into ${table} (${names.join(', ')}) select * from unnest(${arrays.join(', ')})`;
  const statement: FirstTimeStatement = {
    name: table,
    columns: Object.values(columns),
    sql: (arrays) => `${insert(arrays)} ${onConflict}`,
    ...(comesOnce ? { firstTime: insert } : {}),
  };
  return {
    statement,
    rows: rows.toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)),
  };
}

const KEPT_BODY_BYTES = 65_536;

/** LG-02: bodies are kept up to 64 KiB here and marked when they were longer. */
export function keptBody(body: Buffer | null): { body: Buffer | null; truncated: boolean } {
  if (!body || body.length <= KEPT_BODY_BYTES) return { body, truncated: false };
  return { body: body.subarray(0, KEPT_BODY_BYTES), truncated: true };
}
