import type { ClientBase } from 'pg';
import { quoted } from './event-tables.ts';
import { TransientError } from './transient-error.ts';

/**
 * Which history of transaction ids a connection writes into: the cluster and its timeline. Restoring a dump changes
 * the first, a point-in-time recovery or a promoted standby the second; after either, transaction ids may repeat.
 * Neither can change under a live connection, so asking once per connection is enough. (The timeline is taken from the
 * name of the current WAL file: pg_control_checkpoint() lags behind a promotion until the next checkpoint.)
 */
const CLUSTER = `(select system_identifier::text from pg_control_system())
  || '/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)`;

async function newest(client: ClientBase, table: string): Promise<{ epoch: number; isCurrent: boolean }> {
  const { rows: servers } = await client.query<{ recovers: boolean }>('select pg_is_in_recovery() as recovers');
  if (servers[0]?.recovers) throw new TransientError('the PostgreSQL server is a standby, or still recovering');
  const { rows } = await client.query<{ epoch: number; current: boolean }>(
    `select e.epoch, e.cluster = ${CLUSTER} as current from ${table} e order by e.epoch desc limit 1`,
  );
  return { epoch: rows[0]?.epoch ?? 0, isCurrent: rows[0]?.current ?? false };
}

/**
 * The epoch that this connection appends with; raises it when the rows come from another cluster (compared with the
 * newest epoch only: rows that moved away and back again need a new epoch, too).
 * @throws TransientError on a server that takes no writes yet.
 */
export async function currentEpoch(client: ClientBase, schema: string): Promise<number> {
  const table = `${quoted(schema)}.epochs`;
  const before = await newest(client, table);
  if (before.isCurrent) return before.epoch;
  await client.query('begin');
  try {
    await client.query(`lock table ${table} in share row exclusive mode`);
    const { epoch, isCurrent } = await newest(client, table);
    if (!isCurrent) await client.query(`insert into ${table} (epoch, cluster) values ($1, ${CLUSTER})`, [epoch + 1]);
    await client.query('commit');
    return isCurrent ? epoch : epoch + 1;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}
