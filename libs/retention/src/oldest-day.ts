import { schemaOf, SERVICES } from '@sluice/contracts';
import type { Pool } from 'pg';

/** The day (Unix milliseconds) of the oldest partition of any service's events; null where none is partitioned. */
export async function oldestDayMs(pool: Pool): Promise<number | null> {
  const { rows } = await pool.query<{ day: string | null }>(
    `select min(right(c.relname, 8)) as day from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = any($1::text[]) and c.relkind = 'r' and c.relname ~ '^(events|answers)_p[0-9]{8}$'`,
    [SERVICES.map(schemaOf)],
  );
  const day = rows[0]?.day;
  return day ? Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00Z`) : null;
}
