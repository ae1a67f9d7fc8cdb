/** Constraint named by the error of a write whose lease was lost (an `AlongsideConflictError` at the event store). */
export const LEASE_LOST = 'due_lease_lost';

/** Free to be claimed. */
const FREE = '(d.lease_until is null or d.lease_until < clock_timestamp())';
const LEASE = 'clock_timestamp() + make_interval(secs => lease_ms / 1000.0)';

/**
 * The table is empty most of the time and may hold a million rows a minute later, while sessions keep the plans they
 * made when it was empty: read it all, or read a whole index. Measured with such plans and 200,000 rows: 1,000 ms for a
 * claim and 6 ms for each completed row, instead of 2 ms and 0.01 ms. So every statement is a function that may only
 * use an index, no two indexes can serve the same lookup (which is why `number` breaks ties, not `id`), and nothing joins
 * the table with a list (which may read all of it once more, index or not: 4,700 ms). Test: due-plans.int.spec.ts.
 */
const BY_INDEX = 'set enable_seqscan = off';
const NESTED = `${BY_INDEX} set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off`;

/**
 * The DDL of a service's due-queue, for its first migration.
 *
 * - Indexes hold only id, key, due_at and number, which claiming and heartbeats never change, and pages are half empty:
 *   so every claim is a HOT update (a partial index `where lease_until is null` would make none of them HOT: measured in
 *   the spike of hot-path.md, 0 of 39,989).
 * - The table is mostly dead rows by nature, so vacuum starts by count, not by share, and does not pause.
 */
export function dueTableSql(schema: string): string[] {
  return [
    `create table ${schema}.due (
      id uuid primary key,
      key text not null,
      due_at timestamptz not null,
      number bigint generated always as identity,
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
    `create index due_by_key on ${schema}.due (key, due_at, number)`,
    ...claimingSql(schema),
    ...leaseSql(schema),
    ...finishingSql(schema),
  ];
}

function claimingSql(schema: string): string[] {
  return [
    `create function ${schema}.due_claim(keys text[], sinces timestamptz[], numbers bigint[], wanteds int[],
        until timestamptz, new_owner text, lease_ms int)
      returns table (id uuid, key text, due_at timestamptz, number bigint, token bigint, attempts int, payload text)
      language plpgsql volatile ${NESTED} as $$
      declare picked record;
      begin
        for picked in
          select p.id from unnest(keys, sinces, numbers, wanteds) as w(key, since, since_number, wanted)
          cross join lateral (
            select d.id from ${schema}.due d
            where d.key = w.key and (d.due_at, d.number) > (w.since, w.since_number) and d.due_at <= until and ${FREE}
            order by d.due_at, d.number limit w.wanted for update skip locked
          ) p
        loop
          return query update ${schema}.due d
            set lease_owner = new_owner, lease_until = ${LEASE}, token = d.token + 1, attempts = d.attempts + 1
            where d.id = picked.id
            returning d.id, d.key, d.due_at, d.number, d.token, d.attempts, d.payload;
        end loop;
      end $$`,
    `create function ${schema}.due_next(keys text[], sinces timestamptz[], numbers bigint[])
      returns table (key text, due_at timestamptz) language plpgsql volatile ${NESTED} as $$
      begin
        return query select w.key, n.due_at from unnest(keys, sinces, numbers) as w(key, since, since_number)
        left join lateral (
          select d.due_at from ${schema}.due d
          where d.key = w.key and (d.due_at, d.number) > (w.since, w.since_number) and ${FREE}
          order by d.due_at, d.number limit 1
        ) n on true;
      end $$`,
    `create function ${schema}.due_sweep(after text, most int)
      returns table (key text, due_at timestamptz) language plpgsql volatile ${NESTED} as $$
      begin
        return query with recursive k as (
          (select d.key from ${schema}.due d where d.key > after order by d.key limit 1)
          union all
          select (select d.key from ${schema}.due d where d.key > k.key order by d.key limit 1) from k
          where k.key is not null
        )
        select k.key, f.due_at from k
        left join lateral (
          select d.due_at from ${schema}.due d where d.key = k.key and ${FREE} order by d.due_at, d.number limit 1
        ) f on true
        where k.key is not null limit most;
      end $$`,
  ];
}

/**
 * What claiming by strict order needs besides (`DueQueueOptions.isStrict`), for a later migration. It takes the same
 * arguments as due_claim and does without the watermark: a head whose lease was lost stands before it. A row that is
 * held, or due later, holds everything behind it back.
 */
export function headClaimSql(schema: string): string[] {
  return [
    `create function ${schema}.due_claim_head(keys text[], sinces timestamptz[], numbers bigint[], wanteds int[],
        until timestamptz, new_owner text, lease_ms int)
      returns table (id uuid, key text, due_at timestamptz, number bigint, token bigint, attempts int, payload text)
      language plpgsql volatile ${NESTED} as $$
      declare wanted text; head uuid;
      begin
        foreach wanted in array keys loop
          select d.id into head from ${schema}.due d where d.key = wanted order by d.due_at, d.number limit 1;
          return query update ${schema}.due d
            set lease_owner = new_owner, lease_until = ${LEASE}, token = d.token + 1, attempts = d.attempts + 1
            where d.id = head and d.due_at <= until and ${FREE}
            returning d.id, d.key, d.due_at, d.number, d.token, d.attempts, d.payload;
        end loop;
      end $$`,
  ];
}

function leaseSql(schema: string): string[] {
  return [
    `create function ${schema}.due_extend(ids uuid[], tokens bigint[], lease_ms int)
      returns setof uuid language plpgsql volatile ${BY_INDEX} as $$
      begin
        for i in 1 .. cardinality(ids) loop
          return query update ${schema}.due d set lease_until = ${LEASE}
            where d.id = ids[i] and d.token = tokens[i] returning d.id;
        end loop;
      end $$`,
    `create function ${schema}.due_release(ids uuid[], tokens bigint[])
      returns table (key text, due_at timestamptz) language plpgsql volatile ${BY_INDEX} as $$
      begin
        for i in 1 .. cardinality(ids) loop
          return query update ${schema}.due d
            set lease_owner = null, lease_until = null, attempts = d.attempts - 1
            where d.id = ids[i] and d.token = tokens[i] returning d.key, d.due_at;
        end loop;
      end $$`,
  ];
}

/**
 * One row each, because a row that is not there must be an error: a set-based delete that joins may skip reading the
 * list of leases altogether (it did, with an empty table), and passes over what it does not find in silence. To the
 * caller the error looks like a check constraint.
 */
function finishingSql(schema: string): string[] {
  const raise = `raise exception 'the lease of % was lost', wanted
            using errcode = 'check_violation', constraint = '${LEASE_LOST}'`;
  return [
    `create function ${schema}.due_complete(wanted uuid, held bigint) returns boolean
      language plpgsql volatile ${BY_INDEX} as $$
      begin
        delete from ${schema}.due d where d.id = wanted and d.token = held;
        if not found then
          ${raise};
        end if;
        return true;
      end $$`,
    `create function ${schema}.due_move(wanted uuid, held bigint, new_due_at timestamptz, new_payload text)
      returns boolean language plpgsql volatile ${BY_INDEX} as $$
      begin
        update ${schema}.due d set due_at = new_due_at, payload = coalesce(new_payload, d.payload),
          lease_owner = null, lease_until = null
        where d.id = wanted and d.token = held;
        if not found then
          ${raise};
        end if;
        return true;
      end $$`,
  ];
}

/** For `DueQueue.hasten`, in a migration of a service that uses it. */
export function hastenSql(schema: string): string[] {
  return [
    `create function ${schema}.due_hasten(wanted uuid, new_due_at timestamptz) returns boolean
      language plpgsql volatile ${BY_INDEX} as $$
      begin
        update ${schema}.due d set due_at = new_due_at where d.id = wanted and d.due_at > new_due_at;
        return true;
      end $$`,
  ];
}
