import { firstIdAt } from '@sluice/contracts';
import { readableJson } from '@sluice/event-store';
import type { Pool } from 'pg';

/** What the delivery log shows whatever its age: bodies of an endpoint's last deliveries (ET-09), and captured samples. */
const HOLDERS: readonly { table: string; ids: string }[] = [
  { table: 'delivery_log.whole_bodies', ids: 'select payload_id as id from delivery_log.whole_bodies' },
  {
    table: 'delivery_log.samples',
    ids: `select (${readableJson('data')} ->> 'bodyPayloadId')::uuid as id from delivery_log.samples`,
  },
];

/** The payloads stored before a time (Unix milliseconds) that are held all the same. */
export async function heldPayloads(pool: Pool, beforeMs: number): Promise<string[]> {
  const held: string[] = [];
  for (const { table, ids } of HOLDERS) {
    const { rows: there } = await pool.query('select 1 where to_regclass($1) is not null', [table]);
    if (there.length === 0) continue;
    const { rows } = await pool.query<{ id: string }>(`select id from (${ids}) as h where id < $1::uuid`, [
      firstIdAt(beforeMs),
    ]);
    held.push(...rows.map(({ id }) => id));
  }
  return held;
}
