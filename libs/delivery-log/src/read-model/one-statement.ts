import { hash } from 'node:crypto';
import type { Alongside } from '@sluice/event-store';

/** A prepared statement of node-pg. */
export interface PreparedQuery {
  name: string;
  text: string;
  values: unknown[][];
}

const MAX_NAME_BYTES = 63;
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
  return { name: shortName(name), text, values };
}

/** PostgreSQL looks at 63 bytes of a statement's name: longer ones that begin alike would be taken for one another. */
function shortName(name: string): string {
  return name.length <= MAX_NAME_BYTES ? name : hash('sha256', name, 'hex').slice(0, 40);
}

function textOf(writes: readonly Alongside[]): string {
  let parameter = 0;
  const parts = writes.map(({ statement }, index) => {
    const arrays = statement.columns.map((type) => `$${++parameter}::${type}[]`);
    return `w${index} as (${statement.sql(arrays)})`;
  });
  return `with ${parts.join(', ')} select`;
}
