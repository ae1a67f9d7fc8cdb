import { derivedId, stepKeyOf } from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import type { RunEvent, RunState } from '../runs/run-state.ts';

const OPEN: AlongsideStatement = {
  name: 'runner_approvals_open',
  columns: ['uuid', 'uuid', 'uuid', 'text', 'uuid', 'text', 'timestamptz', 'timestamptz'],
  // A step that is tried again asks again.
  sql: (arrays) => `insert into runner.open_approvals (id, app_id, run_id, key, flow_id, asked, asked_at, until)
    select * from unnest(${arrays.join(', ')})
    on conflict (id) do update set asked = excluded.asked, asked_at = excluded.asked_at, until = excluded.until`,
};

const CLOSE: AlongsideStatement = {
  name: 'runner_approvals_close',
  columns: ['uuid'],
  sql: ([ids]) => `delete from runner.open_approvals where id = any(${ids})`,
};

/** The id of an approval: the same for whoever asks, in the order of the runs. */
export function approvalId(runId: string, key: string): string {
  return derivedId('approval', runId, key);
}

/** Steps whose approval began or ended to wait by these events; true: it waits. */
function moved(run: RunState, events: readonly RunEvent[]): Map<string, boolean> {
  const waits = new Map<string, boolean>();
  for (const { type, data } of events) {
    if (type === 'RunWaiting' && data.type === 'approval') waits.set(stepKeyOf(data), true);
    if ((type === 'StepCompleted' || type === 'StepFailed') && data.type === 'approval') {
      waits.set(stepKeyOf(data), false);
    }
    if (type === 'StepAnswered' && run.steps.get(stepKeyOf(data))?.type === 'approval') {
      waits.set(stepKeyOf(data), false);
    }
    if (type === 'RunFinished') {
      for (const [key, step] of run.steps) if (step.type === 'approval') waits.set(key, false);
    }
  }
  return waits;
}

/** The rows that the list of open approvals reads, kept in the commit of the events they follow from. @param run after them. */
export function approvalRows(appId: string | null, run: RunState, events: readonly RunEvent[]): Alongside[] {
  const waits = moved(run, events);
  if (waits.size === 0 || appId === null) return [];
  const opened: unknown[][] = [];
  const closed: unknown[][] = [];
  for (const [key, isWaiting] of waits) {
    const step = run.steps.get(key);
    const id = approvalId(run.id, key);
    // A decision that came before the step waits is there already.
    if (!isWaiting || !step || run.answers.has(key)) {
      closed.push([id]);
      continue;
    }
    const until = new Date(step.dueMs ?? 0).toISOString();
    const asked = JSON.stringify(step.output);
    opened.push([id, appId, run.id, key, run.started?.flowId, asked, step.startedAt, until]);
  }
  return [
    ...(opened.length === 0 ? [] : [{ statement: OPEN, rows: opened }]),
    ...(closed.length === 0 ? [] : [{ statement: CLOSE, rows: closed }]),
  ];
}
