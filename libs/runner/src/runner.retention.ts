import type { RetentionRules } from '@sluice/platform';

const ROWS = 5_000;

/** The ids of the apps that have runs, one look at the primary key each. */
const APPS = `with recursive apps as (
    (select app_id from runner.runs order by app_id limit 1)
    union all
    select (select r.app_id from runner.runs r where r.app_id > a.app_id order by r.app_id limit 1)
    from apps a where a.app_id is not null
  )`;

/** The smallest id of a time, as `firstIdAt`. */
const FIRST_ID = `(lpad(to_hex((extract(epoch from $1::timestamptz) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid`;

/**
 * A run is listed until so long after its end, and a day is kept while one of its runs is listed: so a run that waits
 * keeps its history, and one that waited for months can be looked at for as long as any other. Before it is started, a
 * run stands in its queue.
 */
export const RUNNER_RETENTION: RetentionRules = {
  needs: [
    {
      name: 'queued_runs',
      sql: 'select exists (select from runner.ordered_runs where run_id >= $1 and run_id < $2) as needed',
    },
    {
      name: 'unfinished_runs',
      sql: `select exists (select from runner.due d where d.id >= $1 and d.id < $2
        and not exists (select from runner.schedules s where s.id = d.id)) as needed`,
    },
    {
      name: 'listed_runs',
      sql: `${APPS} select exists (select from apps a where exists (
        select from runner.runs r where r.app_id = a.app_id and r.id >= $1 and r.id < $2)) as needed`,
    },
  ],
  prunes: [
    {
      table: 'runner.runs',
      batchRows: ROWS,
      sql: `${APPS} delete from runner.runs where (app_id, id) in (
        select o.app_id, o.id from apps a cross join lateral (
          select r.app_id, r.id from runner.runs r
          where r.app_id = a.app_id and r.id < ${FIRST_ID} and r.finished_at < $1
          order by r.id limit ${ROWS} for update skip locked) o
        limit ${ROWS})`,
    },
    {
      table: 'runner.batches',
      batchRows: ROWS,
      sql: `delete from runner.batches where id in (
        select id from runner.batches where finished_at < $1 limit ${ROWS} for update skip locked)`,
    },
  ],
};
