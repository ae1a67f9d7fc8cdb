/** Constraint named by the error of a write whose lease was lost (an `AlongsideConflictError` at the event store). */
export const LEASE_LOST = 'due_lease_lost';

/**
 * The DDL of a service's due-queue, for its first migration.
 *
 * - Indexes hold only id, key and due_at, which claiming and heartbeats never change, and pages are half empty: so
 *   every claim is a HOT update (a partial index `where lease_until is null` would make none of them HOT: measured in
 *   the spike of hot-path.md, 0 of 39,989).
 * - The table is mostly dead rows by nature, so vacuum starts by count, not by share, and does not pause.
 */
export function dueTableSql(schema: string): string[] {
  return [
    `create table ${schema}.due (
      id uuid primary key,
      key text not null,
      due_at timestamptz not null,
      lease_owner text,
      lease_until timestamptz,
      token bigint not null default 0,
      attempts int not null default 0,
      payload text not null
    ) with (
      fillfactor = 50,
      autovacuum_vacuum_scale_factor = 0,
      autovacuum_vacuum_threshold = 2000,
      autovacuum_vacuum_insert_threshold = -1,
      autovacuum_vacuum_cost_delay = 0,
      autovacuum_analyze_scale_factor = 0,
      autovacuum_analyze_threshold = 20000,
      vacuum_truncate = off
    )`,
    `create index due_by_key on ${schema}.due (key, due_at, id)`,
    // Functions, because a row that is not there must be an error: a set-based delete that joins may skip reading the
    // list of leases altogether (it did, with an empty table), and passes over what it does not find in silence. To the
    // caller the error looks like a check constraint. enable_seqscan off: a plan cached while the table was empty
    // would read all of it later.
    `create function ${schema}.due_complete(wanted uuid, held bigint) returns boolean
      language plpgsql volatile set enable_seqscan = off as $$
      begin
        delete from ${schema}.due d where d.id = wanted and d.token = held;
        if not found then
          raise exception 'the lease of % was lost', wanted using errcode = 'check_violation', constraint = '${LEASE_LOST}';
        end if;
        return true;
      end $$`,
    `create function ${schema}.due_move(wanted uuid, held bigint, new_due_at timestamptz, new_payload text) returns boolean
      language plpgsql volatile set enable_seqscan = off as $$
      begin
        update ${schema}.due d set due_at = new_due_at, payload = coalesce(new_payload, d.payload),
          lease_owner = null, lease_until = null
        where d.id = wanted and d.token = held;
        if not found then
          raise exception 'the lease of % was lost', wanted using errcode = 'check_violation', constraint = '${LEASE_LOST}';
        end if;
        return true;
      end $$`,
  ];
}
