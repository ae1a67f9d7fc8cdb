import { derivedId } from '@sluice/contracts';
import type { PendingStart } from '../starting/pending-start.ts';
import type { ScheduleRow } from './schedule-copy.ts';

const DAY_MS = 86_400_000;

/**
 * The id of the run of a tick: the same whoever starts it. It carries the tick's time, which decides the partition that
 * the run lives in; one that was missed long ago belongs to yesterday, because its own partition may be gone.
 */
export function runIdOf(scheduleId: string, tickMs: number, nowMs: number): string {
  const yesterdayMs = Math.floor(nowMs / DAY_MS) * DAY_MS - DAY_MS;
  const hex = Math.max(tickMs, yesterdayMs).toString(16).padStart(12, '0');
  const cause = `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
  return derivedId('tick', cause, JSON.stringify([scheduleId, tickMs]));
}

/** The run that a tick starts. A listener's is in line with the other events of its app (LN-08). */
export function startOf(schedule: ScheduleRow, tickMs: number, nowMs: number): PendingStart {
  const runId = runIdOf(schedule.id, tickMs, nowMs);
  const at = new Date(tickMs).toISOString();
  const data = JSON.parse(schedule.data) as unknown;
  return {
    runId,
    appId: schedule.app_id,
    flowId: schedule.flow_id,
    mode: 'live',
    input: { value: schedule.listener ? {} : data },
    inputPayload: null,
    trigger: {
      profile: schedule.listener ? 'listener' : 'native',
      method: 'SCHEDULE',
      query: {},
      headers: {},
      receivedAt: at,
      props: schedule.listener ? data : null,
      replyTo: null,
    },
    triggerId: null,
    requestId: null,
    orderingKey: schedule.listener ? `${schedule.app_id}/live/app` : null,
    queuedAt: at,
    inputBytes: schedule.data.length,
    meta: { correlationId: runId, causationId: null, actor: { type: 'schedule', id: schedule.id } },
  };
}
