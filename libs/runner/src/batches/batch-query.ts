import { readableJson } from '@sluice/event-store';
import type { BatchKind } from './batch-resource.ts';
import { ENDED, GOING_ON } from './batch.requests.ts';

export interface BatchQuery {
  flowId?: string;
  status?: string;
  since?: string;
  until?: string;
  ids?: string[];
}

/** Columns by what a batch asks for: of the runs that have begun, and of those that wait for their turn. */
const BEGUN = { table: 'runner.runs', id: 'id', app: 'app_id', flowId: 'flow_id', queuedAt: 'queued_at' };
const QUEUED = {
  table: 'runner.ordered_runs',
  id: 'run_id',
  app: '"left"(ordering_key, 36)',
  flowId: `(${readableJson('pending')} ->> 'flowId')::uuid`,
  queuedAt: `(${readableJson('pending')} ->> 'queuedAt')::timestamptz`,
};

class Values {
  readonly all: unknown[] = [];

  add(value: unknown): string {
    this.all.push(value);
    return `$${this.all.length}`;
  }
}

/**
 * The ids of the runs of a batch as SQL, with its values: newest first, as what a batch itself starts is newer than it.
 * @param cursor of the last run that was dealt with.
 */
export function runsOf(
  { app_id, kind, created_at }: { app_id: string; kind: BatchKind; created_at: Date },
  query: BatchQuery,
  cursor: string | null,
  most: number,
): { sql: string; values: unknown[] } {
  const values = new Values();
  const statuses: readonly string[] = query.status ? [query.status] : kind === 'retry' ? [ENDED[0]] : GOING_ON;
  const idsOf = ({ table, id, app, flowId, queuedAt }: typeof BEGUN, more: readonly string[]) => {
    const where = [...more, `${app} = ${values.add(app_id)}`, `${queuedAt} < ${values.add(created_at)}`];
    if (query.flowId !== undefined) where.push(`${flowId} = ${values.add(query.flowId)}`);
    if (query.since !== undefined) where.push(`${queuedAt} >= ${values.add(new Date(query.since))}`);
    if (query.until !== undefined) where.push(`${queuedAt} < ${values.add(new Date(query.until))}`);
    if (query.ids !== undefined) where.push(`${id} = any(${values.add(query.ids)}::uuid[])`);
    if (cursor !== null) where.push(`${id} < ${values.add(cursor)}`);
    return `(select ${id} as id from ${table} where ${where.join(' and ')} order by ${id} desc limit ${most})`;
  };
  const begun = statuses.filter((status) => status !== 'queued');
  const parts = begun.length === 0 ? [] : [idsOf(BEGUN, [`status = any(${values.add(begun)})`])];
  if (statuses.includes('queued')) parts.push(idsOf(QUEUED, []));
  // One that begins between the two looks is in both.
  return {
    sql: `select id from (${parts.join(' union ')}) as found order by id desc limit ${most}`,
    values: values.all,
  };
}
