import { hash } from 'node:crypto';
import { type Alongside, arrayParameter, elementType } from '@sluice/event-store';
import type { FirstTimeStatement } from './bulk-write.ts';

/** A prepared statement of node-pg. */
export interface PreparedQuery {
  name: string;
  text: string;
  values: unknown[];
}

const MAX_NAME_BYTES = 63;
const texts = new Map<string, string>();

/**
 * Arrays go in PostgreSQL's binary format: as text, node-pg escapes every value into one long literal, twice the size of
 * a body, and PostgreSQL takes it apart again (5 % of the whole process at 1,000 triggers/s).
 */
function valuesOf({ statement, rows }: Alongside): unknown[] {
  return statement.columns.map((type, index) =>
    arrayParameter(
      type,
      rows.map((row) => row[index]),
    ),
  );
}

/**
 * All writes as one statement, each a CTE of its own, so that they commit together in one round trip; null for none.
 * @param firstTime as if nothing of it were there: the whole statement fails (23505) where something is.
 */
export function oneStatement(writes: readonly Alongside[], firstTime = false): PreparedQuery | null {
  const wanted = writes.filter(({ rows }) => rows.length > 0);
  if (wanted.length === 0) return null;
  const names = wanted.map(({ statement }) => statement.name.replace('delivery_log.', '')).join('+');
  const name = firstTime ? `first ${names}` : names;
  const values = wanted.flatMap(valuesOf);
  const text = texts.get(name) ?? textOf(wanted, firstTime);
  texts.set(name, text);
  return { name: shortName(name), text, values };
}

/** PostgreSQL looks at 63 bytes of a statement's name: longer ones that begin alike would be taken for one another. */
function shortName(name: string): string {
  return name.length <= MAX_NAME_BYTES ? name : hash('sha256', name, 'hex').slice(0, 40);
}

function textOf(writes: readonly Alongside[], firstTime: boolean): string {
  let parameter = 0;
  const parts = writes.map(({ statement }: { statement: FirstTimeStatement }, index) => {
    const arrays = statement.columns.map((type) => `$${++parameter}::${elementType(type)}[]`);
    const sql = firstTime && statement.firstTime ? statement.firstTime(arrays) : statement.sql(arrays);
    return `w${index} as (${sql})`;
  });
  return `with ${parts.join(', ')} select`;
}
