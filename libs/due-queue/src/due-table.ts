/** Constraint named by the error of a write whose lease was lost (an `AlongsideConflictError` at the event store). */
export const LEASE_LOST = 'due_lease_lost';

/**
 * The DDL of a service's due-queue, for its first migration.
 *
 * - Indexes hold only id, key and due_at, which claiming and heartbeats never change, and pages are half empty: so
 *   every claim is a HOT update (a partial index `where lease_until is null` would make none of them HOT: measured in
 *   the spike of hot-path.md, 0 of 39,989).
 * - The table is mostly dead rows by nature, so vacuum starts by count, not by share, and does not pause.
 * - `due_fence` is how a set-based statement fails when one of its leases is gone; a delete that finds nothing would
 *   pass in silence. It looks like a check constraint to the caller.
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
    `create function ${schema}.due_fence(held uuid, wanted uuid) returns boolean language plpgsql volatile as $$
      begin
        if held is null then
          raise exception 'the lease of % was lost', wanted using errcode = 'check_violation', constraint = '${LEASE_LOST}';
        end if;
        return true;
      end $$`,
  ];
}
