import type { RetentionRules } from '@sluice/platform';

const ROWS = 5_000;

/**
 * A delivery's stream, and a replayed one's, is of its event's day, and while either is not over it has a row in the
 * due-queue. A replay that is still looking for its events may want any day.
 */
export const DISPATCHER_RETENTION: RetentionRules = {
  needs: [
    {
      name: 'pending_deliveries',
      sql: 'select exists (select from dispatcher.due where id >= $1 and id < $2) as needed',
    },
    {
      name: 'running_replays',
      sql: `select exists (select from dispatcher.replays where state = 'running') and $1::uuid < $2::uuid as needed`,
    },
  ],
  prunes: [
    {
      table: 'dispatcher.event_keys',
      batchRows: ROWS,
      sql: `delete from dispatcher.event_keys where (app_id, key) in (
        select app_id, key from dispatcher.event_keys where recorded_at < $1
        order by recorded_at limit ${ROWS} for update skip locked)`,
    },
    {
      table: 'dispatcher.replays',
      batchRows: ROWS,
      sql: `delete from dispatcher.replays where id in (
        select id from dispatcher.replays where finished_at < $1 limit ${ROWS} for update skip locked)`,
    },
  ],
};
