import type { AlongsideStatement } from '@sluice/event-store';

export interface DueStatements {
  schedule: AlongsideStatement;
  complete: AlongsideStatement;
  reschedule: AlongsideStatement;
  hasten: AlongsideStatement;
  claim: string;
  claimHead: string;
  next: string;
  extend: string;
  release: string;
  sweep: string;
}

/** Leases are timed by the database's clock alone; due times are the callers'. What the functions do: `dueTableSql`. */
export function dueStatements(schema: string, leaseMs: number): DueStatements {
  return {
    schedule: {
      name: `due_schedule_${schema}_${leaseMs}`,
      columns: ['uuid', 'text', 'timestamptz', 'text', 'text'],
      sql: (arrays) =>
        `insert into ${schema}.due (id, key, due_at, lease_owner, lease_until, token, attempts, payload)
         select w.id, w.key, w.due_at, w.owner,
           case when w.owner is null then null else clock_timestamp() + interval '${Math.round(leaseMs)} milliseconds' end,
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
    hasten: {
      name: `due_hasten_${schema}`,
      columns: ['uuid', 'timestamptz'],
      sql: (arrays) =>
        `insert into ${schema}.due (id) select w.id from unnest(${arrays.join(', ')}) as w(id, due_at)
         where not ${schema}.due_hasten(w.id, w.due_at)`,
    },
    claim: `select id, key, due_at, number::text as number, token::text as token, attempts, payload
      from ${schema}.due_claim($1, $2, $3, $4, $5, $6, $7)`,
    claimHead: `select id, key, due_at, number::text as number, token::text as token, attempts, payload
      from ${schema}.due_claim_head($1, $2, $3, $4, $5, $6, $7)`,
    next: `select key, due_at from ${schema}.due_next($1, $2, $3)`,
    extend: `select id from ${schema}.due_extend($1, $2, $3) as e(id)`,
    release: `select key, due_at from ${schema}.due_release($1, $2)`,
    sweep: `select key, due_at from ${schema}.due_sweep($1, $2)`,
  };
}
