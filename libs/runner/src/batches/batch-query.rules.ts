import type { BatchKind } from './batch-resource.ts';
import { ENDED, GOING_ON } from './batch.requests.ts';

export interface BatchQuery {
  flowId?: string;
  status?: string;
  since?: string;
  until?: string;
  ids?: string[];
}

/** Runs are looked at from the newest to the oldest; what a batch itself starts is newer than it. */
const PART = {
  app: 'app_id = ?',
  statuses: 'status = any(?)',
  before: 'queued_at < ?',
  flowId: 'flow_id = ?',
  since: 'queued_at >= ?',
  until: 'queued_at < ?',
  ids: 'id = any(?::uuid[])',
  cursor: 'id < ?',
} as const;

/** The conditions of a batch as SQL, with their values. @param cursor of the last run that was dealt with. */
export function conditionsOf(
  { app_id, kind, created_at }: { app_id: string; kind: BatchKind; created_at: Date },
  query: BatchQuery,
  cursor: string | null,
): { sql: string; values: unknown[] } {
  const { flowId, since, until, ids } = query;
  const statuses = query.status ? [query.status] : kind === 'retry' ? [ENDED[0]] : GOING_ON;
  const given: [string, unknown][] = [
    [PART.app, app_id],
    [PART.statuses, statuses],
    [PART.before, created_at],
    ...(flowId === undefined ? [] : [[PART.flowId, flowId] as [string, unknown]]),
    ...(since === undefined ? [] : [[PART.since, new Date(since)] as [string, unknown]]),
    ...(until === undefined ? [] : [[PART.until, new Date(until)] as [string, unknown]]),
    ...(ids === undefined ? [] : [[PART.ids, ids] as [string, unknown]]),
    ...(cursor === null ? [] : [[PART.cursor, cursor] as [string, unknown]]),
  ];
  const sql = given.map(([part], index) => part.replace('?', `$${index + 1}`)).join(' and ');
  return { sql, values: given.map(([, value]) => value) };
}
