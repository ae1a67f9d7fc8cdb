import { Injectable } from '@nestjs/common';
import { isUuid, type RunError, type RunStatus } from '@sluice/contracts';
import { readableJson } from '@sluice/event-store';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import type { PendingStart } from '../starting/pending-start.ts';
import { between, type RunSummary } from './run-resource.ts';
import type { RunsQuery } from './runs.requests.ts';

interface RunRow {
  id: string;
  app_id: string;
  number: string;
  flow_id: string;
  flow_version: number;
  trigger_id: string | null;
  mode: 'live' | 'draft';
  status: RunStatus;
  error: string | null;
  retry_of: string | null;
  queued_at: Date;
  started_at: Date;
  finished_at: Date | null;
}

const DEFAULT_LIMIT = 50;
/** An id is made a moment after the time that a run counts as queued. */
const ID_SLACK_MS = 60_000;

/** The least id of that millisecond: bounds the part of the index that a search by time has to read. */
function idAround(ms: number): string {
  const hex = Math.max(0, Math.trunc(ms)).toString(16).padStart(12, '0').slice(-12);
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** Conditions of a statement, and the values that they speak of. */
class Conditions {
  readonly values: unknown[] = [];
  private readonly texts: string[] = [];

  /** @param sql each `?` is the value. */
  add(sql: string, value: unknown): void {
    this.values.push(value);
    this.texts.push(sql.replaceAll('?', `$${this.values.length}`));
  }

  get sql(): string {
    return this.texts.join(' and ');
  }
}

/** Columns that the two tables have under names of their own. */
interface Columns {
  id: string;
  flowId: string;
  triggerId: string;
  retryOf: string;
  queuedAt: string;
}

const STARTED: Columns = {
  id: 'id',
  flowId: 'flow_id',
  triggerId: 'trigger_id',
  retryOf: 'retry_of',
  queuedAt: 'queued_at',
};
const PENDING = readableJson('pending');
const WAITING: Columns = {
  id: 'run_id',
  flowId: `(${PENDING} ->> 'flowId')::uuid`,
  triggerId: `(${PENDING} ->> 'triggerId')::uuid`,
  retryOf: `(${PENDING} ->> 'retryOf')::uuid`,
  queuedAt: `(${PENDING} ->> 'queuedAt')::timestamptz`,
};

/** An app's runs, newest first: those that have begun, and those that wait for their turn. */
@Injectable()
export class RunListQuery {
  constructor(@InjectPool('runner') private readonly pool: Pool) {}

  async list(appId: string, query: RunsQuery): Promise<{ items: RunSummary[]; nextCursor: string | null }> {
    const limit = query.limit ?? DEFAULT_LIMIT;
    const { status } = query;
    // The queue first: a run that begins between the two looks is then in both, and never in neither.
    const waiting = status === undefined || status === 'queued' ? await this.waiting(appId, query, limit + 1) : [];
    const started = status === 'queued' ? [] : await this.started(appId, query, limit + 1);
    const begun = new Set(started.map(({ id }) => id));
    const all = [...started, ...waiting.filter(({ id }) => !begun.has(id))].sort((a, b) => (a.id < b.id ? 1 : -1));
    const items = all.slice(0, limit);
    return { items, nextCursor: all.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  private async started(appId: string, query: RunsQuery, most: number): Promise<RunSummary[]> {
    const where = new Conditions();
    where.add('app_id = ?', appId);
    bounds(where, query, STARTED);
    if (query.status !== undefined) where.add('status = ?', query.status);
    if (query.q !== undefined) sought(where, query.q.trim());
    const { rows } = await this.pool.query<RunRow>(
      `select * from runner.runs where ${where.sql} order by id desc limit ${most}`,
      where.values,
    );
    return rows.map(startedSummary);
  }

  private async waiting(appId: string, query: RunsQuery, most: number): Promise<RunSummary[]> {
    const where = new Conditions();
    where.add('"left"(ordering_key, 36) = ?', appId);
    bounds(where, query, WAITING);
    if (query.q !== undefined) {
      const text = query.q.trim().toLowerCase();
      // What has not begun has neither number nor error.
      if (!isUuid(text)) return [];
      where.add(`(run_id = ? or ${PENDING} -> 'meta' ->> 'correlationId' = ?::text)`, text);
    }
    const { rows } = await this.pool.query<{ pending: string }>(
      `select pending from runner.ordered_runs where ${where.sql} order by run_id desc limit ${most}`,
      where.values,
    );
    return rows.map(({ pending }) => waitingSummary(JSON.parse(pending) as PendingStart));
  }
}

const ERROR = readableJson('error');
const ERROR_CONTAINS = `error is not null and
  position(lower(?) in lower(concat_ws(' ', ${ERROR} ->> 'code', ${ERROR} ->> 'message', ${ERROR} ->> 'ref'))) > 0`;

function sought(where: Conditions, text: string): void {
  const number = /^#?([1-9]\d{0,17})$/.exec(text)?.[1];
  if (number !== undefined) where.add('number = ?', number);
  else if (isUuid(text)) where.add('(id = ? or correlation_id = ?)', text.toLowerCase());
  else where.add(ERROR_CONTAINS, text);
}

function bounds(where: Conditions, query: RunsQuery, { id, flowId, triggerId, retryOf, queuedAt }: Columns): void {
  if (query.flowId !== undefined) where.add(`${flowId} = ?`, query.flowId);
  if (query.triggerId !== undefined) where.add(`${triggerId} = ?`, query.triggerId);
  if (query.retryOf !== undefined) where.add(`${retryOf} = ?`, query.retryOf);
  if (query.since !== undefined) {
    where.add(`${queuedAt} >= ?`, new Date(query.since));
    where.add(`${id} >= ?`, idAround(Date.parse(query.since) - ID_SLACK_MS));
  }
  if (query.until !== undefined) {
    where.add(`${queuedAt} < ?`, new Date(query.until));
    where.add(`${id} < ?`, idAround(Date.parse(query.until) + ID_SLACK_MS));
  }
  if (query.cursor !== undefined) where.add(`${id} < ?`, query.cursor);
}

function startedSummary(row: RunRow): RunSummary {
  const queuedAt = row.queued_at.toISOString();
  const startedAt = row.started_at.toISOString();
  const finishedAt = row.finished_at?.toISOString() ?? null;
  return {
    id: row.id,
    number: Number(row.number),
    flowId: row.flow_id,
    flowVersion: row.flow_version,
    triggerId: row.trigger_id,
    appId: row.app_id,
    mode: row.mode,
    status: row.status,
    error: row.error === null ? null : (JSON.parse(row.error) as RunError),
    retryOf: row.retry_of,
    queuedAt,
    startedAt,
    finishedAt,
    queueMs: between(queuedAt, startedAt),
    runMs: between(startedAt, finishedAt),
  };
}

function waitingSummary({ runId, appId, flowId, triggerId, mode, queuedAt, retryOf }: PendingStart): RunSummary {
  return {
    id: runId,
    number: null,
    flowId,
    flowVersion: null,
    triggerId,
    appId,
    mode,
    status: 'queued',
    error: null,
    retryOf: retryOf ?? null,
    queuedAt,
    startedAt: null,
    finishedAt: null,
    queueMs: null,
    runMs: null,
  };
}
