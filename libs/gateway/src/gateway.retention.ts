import type { RetentionRules } from '@sluice/platform';

const ROWS = 5_000;

/**
 * What keeps the days of accepted requests besides consumers: a run goes by the id of its request, and the answer that
 * it waits for (a callback, an approval) is a stream of its day. Rows of the runner's due-queue are its unfinished runs
 * (docs/architecture.md, "Who may read whose tables"); a schedule's have the id of the schedule.
 */
export const GATEWAY_RETENTION: RetentionRules = {
  needs: [
    {
      name: 'unfinished_runs',
      tables: ['runner.due', 'runner.schedules'],
      sql: `select exists (select from runner.due d where d.id >= $1 and d.id < $2
        and not exists (select from runner.schedules s where s.id = d.id)) as needed`,
    },
    {
      name: 'queued_runs',
      tables: ['runner.ordered_runs'],
      sql: 'select exists (select from runner.ordered_runs where run_id >= $1 and run_id < $2) as needed',
    },
  ],
  prunes: [
    {
      table: 'gateway.published_events',
      batchRows: ROWS,
      sql: `delete from gateway.published_events where key in (
        select key from gateway.published_events where accepted_at < $1
        order by accepted_at limit ${ROWS} for update skip locked)`,
    },
  ],
};
