import type { Pool } from 'pg';

const LIVE = 'delivery_log';
const ROWS_PER_STATEMENT = 2_000;

/** A table whose rows stay longer than the events that they come from. */
interface Kept {
  table: string;
  key: string;
  /** Of a live row `l`: whether it stays, although no event tells of it any more. */
  stays: string;
  /** What the new row gets from the live one where both are there. */
  taken?: string;
}

/** What came within the hour is on its way into the new one by itself. */
const isOld = (column: string): string => `l.${column} < now() - interval '1 hour'`;

/** The last 100 deliveries of each endpoint are many more rows, and kept by EndpointRing. */
const KEPT: readonly Kept[] = [
  {
    table: 'whole_bodies',
    key: 'payload_id',
    stays: 'exists (select 1 from payloads.payloads p where p.id = l.payload_id)',
    taken: 'recorded_at',
  },
  { table: 'samples', key: 'id', stays: isOld('captured_at') },
  { table: 'dead_letter_list', key: 'id', stays: isOld('parked_at') },
];

/**
 * Before a model that was built again takes the place of the live one: what no event tells of any more, but stays whatever
 * its age. A long body of an endpoint's last 100 deliveries that `whole_bodies` does not name is taken away by the next
 * retention (ET-09).
 * @param tables those that are built again
 * @param shadow the schema of the new ones
 */
export async function keepRows(pool: Pool, shadow: string, tables: ReadonlySet<string>): Promise<void> {
  for (const kept of KEPT) if (tables.has(kept.table)) await copyMissing(pool, shadow, kept);
  if (tables.has('whole_bodies')) await forgetBodies(pool, shadow);
}

/** In short statements: a long one delays every reader of events. */
async function copyMissing(pool: Pool, shadow: string, { table, key, stays, taken }: Kept): Promise<void> {
  const both = taken === undefined ? 'nothing' : `update set ${taken} = excluded.${taken}`;
  for (let last: string | null = null; ; ) {
    const { rows }: { rows: { key: string }[] } = await pool.query(
      `with l as (select * from ${LIVE}.${table} where $1::uuid is null or ${key} > $1 order by ${key} limit ${ROWS_PER_STATEMENT}),
       copied as (insert into ${shadow}.${table} select l.* from l where ${stays} on conflict (${key}) do ${both})
       select ${key} as key from l order by ${key} desc limit 1`,
      [last],
    );
    if (!rows[0]) return;
    last = rows[0].key;
  }
}

/** Bodies that left the ring long ago: their attempts still name them. */
async function forgetBodies(pool: Pool, shadow: string): Promise<void> {
  for (;;) {
    const { rowCount } = await pool.query(
      `delete from ${shadow}.whole_bodies where payload_id in (
         select b.payload_id from ${shadow}.whole_bodies b
         where not exists (select 1 from payloads.payloads p where p.id = b.payload_id) limit ${ROWS_PER_STATEMENT})`,
    );
    if ((rowCount ?? 0) < ROWS_PER_STATEMENT) return;
  }
}
