import type { Alongside } from '@sluice/event-store';

/** A prepared statement of node-pg. */
export interface PreparedQuery {
  name: string;
  text: string;
  values: unknown[][];
}

const texts = new Map<string, string>();

/** All writes as one statement, each a CTE of its own, so that they commit together in one round trip; null for none. */
export function oneStatement(writes: readonly Alongside[]): PreparedQuery | null {
  const wanted = writes.filter(({ rows }) => rows.length > 0);
  if (wanted.length === 0) return null;
  const name = wanted.map(({ statement }) => statement.name.replace('delivery_log.', '')).join('+');
  const values = wanted.flatMap(({ statement, rows }) =>
    statement.columns.map((_type, index) => rows.map((row) => row[index] ?? null)),
  );
  const text = texts.get(name) ?? textOf(wanted);
  texts.set(name, text);
  return { name, text, values };
}

function textOf(writes: readonly Alongside[]): string {
  let parameter = 0;
  const parts = writes.map(({ statement }, index) => {
    const arrays = statement.columns.map((type) => `$${++parameter}::${type}[]`);
    return `w${index} as (${statement.sql(arrays)})`;
  });
  return `with ${parts.join(', ')} select`;
}
