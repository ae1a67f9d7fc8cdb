import type { AlongsideStatement } from '@sluice/event-store';

/** What can have become of an event at an endpoint. `missing`: it was never for it. */
export const REPLAYABLE = ['succeeded', 'failed', 'discarded', 'missing'] as const;
export type Replayable = (typeof REPLAYABLE)[number];

/** Which events are sent again, and where to. Times are RFC 3339; what is null does not narrow. */
export interface ReplayQuery {
  /** One endpoint; null: all that are enabled when the event comes to its turn. */
  endpointUuid: string | null;
  since: string | null;
  until: string | null;
  status: Replayable[] | null;
  /** Patterns as in subscriptions. */
  eventTypes: string[] | null;
  /** An expression over the event as in endpoints' filters. */
  filter: string | null;
  /** These and no others. */
  eventIds: string[] | null;
}

export type ReplayState = 'running' | 'finished' | 'cancelled';

/** What the due row of a replay holds; its id is the replay's, and so is its key. */
export interface ReplayJob {
  replayId: string;
  job: 'replay';
}

/** The table of replays, for a migration. */
export function replayTableSql(): string[] {
  return [
    `create table dispatcher.replays (
      id uuid primary key, app_id uuid not null, query text not null, state text not null default 'running',
      cursor text, scanned bigint not null default 0, planned bigint not null default 0,
      succeeded bigint not null default 0, failed bigint not null default 0, discarded bigint not null default 0,
      created_at timestamptz not null, created_by text, finished_at timestamptz
    ) with (fillfactor = 50)`,
    'create index replays_of_app on dispatcher.replays (app_id, id desc)',
  ];
}

/** Counts deliveries of replays that have ended; goes into the commit that ends them. */
export const COUNT_ENDED: AlongsideStatement = {
  name: 'dispatcher_replay_ended',
  columns: ['uuid', 'text'],
  sql: (arrays) => `update dispatcher.replays r set succeeded = r.succeeded + w.succeeded,
      failed = r.failed + w.failed, discarded = r.discarded + w.discarded
    from (select id, count(*) filter (where outcome = 'succeeded') as succeeded,
            count(*) filter (where outcome = 'failed') as failed,
            count(*) filter (where outcome = 'discarded') as discarded
          from unnest(${arrays.join(', ')}) as u(id, outcome) group by id) w
    where r.id = w.id`,
};
