import type { ClientBase } from 'pg';

/** A table's columns with their PostgreSQL types, in the order of the rows. */
export interface BulkTable {
  table: string;
  columns: Readonly<Record<string, string>>;
  /** What follows the insert: `on conflict …`. */
  onConflict: string;
}

const statements = new Map<string, string>();

function statementOf(target: BulkTable): string {
  const known = statements.get(target.table + target.onConflict);
  if (known) return known;
  const names = Object.keys(target.columns);
  const arrays = Object.values(target.columns).map((type, index) => `$${index + 1}::${type}[]`);
  const text = `insert into ${target.table} (${names.join(', ')}) select * from unnest(${arrays.join(', ')}) ${target.onConflict}`;
  statements.set(target.table + target.onConflict, text);
  return text;
}

/**
 * Writes rows with one statement. Rows of the same key must have been merged before: one statement cannot update a row
 * twice.
 */
export async function bulkWrite(
  client: ClientBase,
  target: BulkTable,
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  if (rows.length === 0) return;
  const columns = Object.keys(target.columns).map((_name, index) => rows.map((row) => row[index] ?? null));
  await client.query({
    name: `bulk-${target.table}-${target.onConflict.length}`,
    text: statementOf(target),
    values: columns,
  });
}

const KEPT_BODY_BYTES = 65_536;

/** LG-02: bodies are kept up to 64 KiB here and marked when they were longer. */
export function keptBody(body: Buffer | null): { body: Buffer | null; truncated: boolean } {
  if (!body || body.length <= KEPT_BODY_BYTES) return { body, truncated: false };
  return { body: body.subarray(0, KEPT_BODY_BYTES), truncated: true };
}
