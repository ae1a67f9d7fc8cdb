import type { AlongsideStatement } from '@sluice/event-store';

export interface DueStatements {
  schedule: AlongsideStatement;
  complete: AlongsideStatement;
  reschedule: AlongsideStatement;
  claim: string;
  next: string;
  heartbeat: string;
  release: string;
  sweep: string;
}

const FREE = '(d.lease_until is null or d.lease_until < clock_timestamp())';

/** Leases are timed by the database's clock alone; due times are the callers'. */
export function dueStatements(schema: string, leaseMs: number): DueStatements {
  const lease = `clock_timestamp() + interval '${Math.round(leaseMs)} milliseconds'`;
  return {
    schedule: {
      name: `due_schedule_${schema}_${leaseMs}`,
      columns: ['uuid', 'text', 'timestamptz', 'text', 'text'],
      sql: (arrays) =>
        `insert into ${schema}.due (id, key, due_at, lease_owner, lease_until, token, attempts, payload)
         select w.id, w.key, w.due_at, w.owner, case when w.owner is null then null else ${lease} end,
           (w.owner is not null)::int, (w.owner is not null)::int, w.payload
         from unnest(${arrays.join(', ')}) as w(id, key, due_at, owner, payload)`,
    },
    complete: {
      name: `due_complete_${schema}`,
      columns: ['uuid', 'int8'],
      // Inserts nothing: the function returns true or fails. An insert's select is always read to its end.
      sql: (arrays) =>
        `insert into ${schema}.due (id) select w.id from unnest(${arrays.join(', ')}) as w(id, token)
         where not ${schema}.due_complete(w.id, w.token)`,
    },
    reschedule: {
      name: `due_reschedule_${schema}`,
      columns: ['uuid', 'int8', 'timestamptz', 'text'],
      sql: (arrays) =>
        `insert into ${schema}.due (id) select w.id from unnest(${arrays.join(', ')}) as w(id, token, due_at, payload)
         where not ${schema}.due_move(w.id, w.token, w.due_at, w.payload)`,
    },
    claim: `with picked as (
        select p.id from unnest($1::text[], $2::timestamptz[], $3::uuid[], $4::int[]) as w(key, since, since_id, wanted)
        cross join lateral (
          select d.id from ${schema}.due d
          where d.key = w.key and (d.due_at, d.id) > (w.since, w.since_id) and d.due_at <= $5::timestamptz and ${FREE}
          order by d.due_at, d.id limit w.wanted for update skip locked
        ) p
      )
      update ${schema}.due d set lease_owner = $6, lease_until = ${lease}, token = d.token + 1, attempts = d.attempts + 1
      from picked where d.id = picked.id
      returning d.id, d.key, d.due_at, d.token::text as token, d.attempts, d.payload`,
    next: `select w.key, n.due_at from unnest($1::text[], $2::timestamptz[], $3::uuid[]) as w(key, since, since_id)
      left join lateral (
        select d.due_at from ${schema}.due d where d.key = w.key and (d.due_at, d.id) > (w.since, w.since_id) and ${FREE}
        order by d.due_at, d.id limit 1
      ) n on true`,
    heartbeat: `update ${schema}.due d set lease_until = ${lease} from unnest($1::uuid[], $2::int8[]) as w(id, token)
      where d.id = w.id and d.token = w.token returning d.id`,
    release: `update ${schema}.due d set lease_owner = null, lease_until = null, attempts = d.attempts - 1
      from unnest($1::uuid[], $2::int8[]) as w(id, token) where d.id = w.id and d.token = w.token returning d.key, d.due_at`,
    sweep: `with recursive k as (
        (select d.key from ${schema}.due d where d.key > $1 order by d.key limit 1)
        union all
        select (select d.key from ${schema}.due d where d.key > k.key order by d.key limit 1) from k where k.key is not null
      )
      select k.key, f.due_at from k
      left join lateral (
        select d.due_at from ${schema}.due d where d.key = k.key and ${FREE} order by d.due_at, d.id limit 1
      ) f on true
      where k.key is not null limit $2`,
  };
}
