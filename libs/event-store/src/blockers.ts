import type { ClientBase } from 'pg';

/** A transaction that readers of events wait for. */
export interface Blocker {
  /** Null for a prepared transaction, which has no process. */
  pid: number | null;
  /** Application name of the session, or the name of the prepared transaction. */
  name: string;
  database: string;
  /** Age of the transaction in milliseconds. */
  ageMs: number;
  queryStartedAt: Date | null;
  /** The last statement; empty when it belongs to another role and may not be seen. */
  query: string;
}

/** Every database of the cluster counts: transaction ids are handed out cluster-wide. */
export async function findBlockers(client: ClientBase, olderThanMs: number): Promise<Blocker[]> {
  const { rows } = await client.query<Blocker>(
    `select pid, coalesce(application_name, '') as name, coalesce(datname, '') as database,
        extract(epoch from now() - xact_start)::float8 * 1000 as "ageMs", query_start as "queryStartedAt",
        coalesce(left(query, 200), '') as query
      from pg_stat_activity
      where backend_xid is not null and pid <> pg_backend_pid() and xact_start < now() - $1::float8 * interval '1 ms'
     union all
     select null, gid, database, extract(epoch from now() - prepared)::float8 * 1000, null, 'prepared transaction'
      from pg_prepared_xacts where prepared < now() - $1::float8 * interval '1 ms'
     order by "ageMs" desc`,
    [olderThanMs],
  );
  return rows;
}
