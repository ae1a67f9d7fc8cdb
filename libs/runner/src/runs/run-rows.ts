import type { RunError } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import type { RunState } from './run-state.ts';

/** Runs of events without an app have a row too. */
const NO_APP = '00000000-0000-0000-0000-000000000000';

const INSERT: AlongsideStatement = {
  name: 'runner_runs_insert',
  columns: [
    'uuid',
    'uuid',
    'int8',
    'uuid',
    'int4',
    'uuid',
    'text',
    'text',
    'text',
    'timestamptz',
    'timestamptz',
    'timestamptz',
    'uuid',
    'uuid',
  ],
  sql: (arrays) => `insert into runner.runs
      (app_id, id, number, flow_id, flow_version, trigger_id, mode, status, error, queued_at, started_at, finished_at,
       correlation_id, retry_of)
    select * from unnest(${arrays.join(', ')})`,
};

const UPDATE: AlongsideStatement = {
  name: 'runner_runs_update',
  columns: ['uuid', 'uuid', 'text', 'text', 'timestamptz'],
  sql: (arrays) => `update runner.runs r set status = u.status, error = u.error, finished_at = u.finished_at
    from unnest(${arrays.join(', ')}) as u(app_id, id, status, error, finished_at)
    where r.app_id = u.app_id and r.id = u.id`,
};

const UNSCHEDULE: AlongsideStatement = {
  name: 'runner_runs_unschedule',
  columns: ['uuid'],
  sql: ([ids]) => `delete from runner.due where id = any(${ids})`,
};

/** The status of a run as its row and its resource show it. One whose steps all wait, for their next attempt too, waits. */
export function statusOf(run: RunState): 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled' | 'timed_out' {
  if (run.finished) return run.finished.status;
  let waits = false;
  for (const { status } of run.steps.values()) {
    if (status === 'running') return 'running';
    if (status === 'waiting' || status === 'retrying') waits = true;
  }
  return waits ? 'waiting' : 'running';
}

const errorText = (error: RunError | null | undefined): string | null => (error ? JSON.stringify(error) : null);

/** The rows that lists read; written with the events they follow from. */
export function insertRuns(runs: readonly { appId: string | null; correlationId: string; run: RunState }[]): Alongside {
  return {
    statement: INSERT,
    rows: runs.flatMap(({ appId, correlationId, run }) => {
      const { started, finished } = run;
      if (!started) return [];
      return [
        [
          appId ?? NO_APP,
          run.id,
          started.number,
          started.flowId,
          started.flowVersion,
          started.triggerId,
          started.mode,
          statusOf(run),
          errorText(finished?.error),
          started.queuedAt,
          started.startedAt,
          finished?.finishedAt ?? null,
          correlationId === run.id ? null : correlationId,
          started.retryOf ?? null,
        ],
      ];
    }),
  };
}

export function updateRun(appId: string | null, run: RunState): Alongside {
  const { finished } = run;
  return {
    statement: UPDATE,
    rows: [[appId ?? NO_APP, run.id, statusOf(run), errorText(finished?.error), finished?.finishedAt ?? null]],
  };
}

/** Nobody has to come back to these runs. A worker that holds one finds its stream moved on. */
export function unschedule(runIds: readonly string[]): Alongside {
  return { statement: UNSCHEDULE, rows: runIds.map((id) => [id]) };
}
