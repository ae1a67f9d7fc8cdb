import { Injectable } from '@nestjs/common';
import type { RunError, RunStatus, TriggerAccepted } from '@sluice/contracts';
import type { EventMeta } from '@sluice/event-store';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import type { RunOrigin } from '../runs/run-appends.ts';
import { RunInputs } from '../runs/run-input.ts';
import { RunReader } from '../runs/run-reader.ts';
import { emptyRun, type RunState } from '../runs/run-state.ts';
import { between, type QueuedRun, type RunSummary } from './run-resource.ts';
import type { RunsQuery } from './runs.requests.ts';
import { WaitingStarts } from './waiting-starts.ts';

/** A run with what its first event, or its request, says about it. */
export interface FoundRun {
  run: RunState;
  origin: RunOrigin;
  queued: QueuedRun | null;
}

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

/** The trigger that started a run, or null for one that a person started. */
export function triggerIdOf(found: FoundRun): string | null {
  return found.run.started?.triggerId ?? found.queued?.triggerId ?? null;
}

@Injectable()
export class RunsQueries {
  constructor(
    @InjectPool('runner') private readonly pool: Pool,
    private readonly reader: RunReader,
    private readonly inputs: RunInputs,
    private readonly waiting: WaitingStarts,
  ) {}

  /** Also a run that was accepted and has not begun; null when there is neither. */
  async find(runId: string): Promise<FoundRun | null> {
    const loaded = await this.reader.load(runId);
    if (loaded?.run.started) return { ...loaded, queued: null };
    const accepted = (await this.findAccepted(runId)) ?? (await this.waiting.find(runId));
    if (accepted) return { ...accepted, run: loaded?.run ?? accepted.run };
    // It may have begun between the two looks only if it was accepted, which it was not.
    return null;
  }

  /** Runs that have begun, newest first. */
  async list(appId: string, query: RunsQuery): Promise<{ items: RunSummary[]; nextCursor: string | null }> {
    const limit = query.limit ?? DEFAULT_LIMIT;
    const values: unknown[] = [appId, limit + 1];
    const conditions = ['app_id = $1'];
    const where = (sql: string, value: unknown): void => {
      values.push(value);
      conditions.push(sql.replace('?', `$${values.length}`));
    };
    if (query.flowId !== undefined) where('flow_id = ?', query.flowId);
    if (query.status !== undefined) where('status = ?', query.status);
    if (query.since !== undefined) {
      where('queued_at >= ?', new Date(query.since));
      where('id >= ?', idAround(Date.parse(query.since) - ID_SLACK_MS));
    }
    if (query.until !== undefined) {
      where('queued_at < ?', new Date(query.until));
      where('id < ?', idAround(Date.parse(query.until) + ID_SLACK_MS));
    }
    if (query.cursor !== undefined) where('id < ?', query.cursor);
    const { rows } = await this.pool.query<RunRow>(
      `select * from runner.runs where ${conditions.join(' and ')} order by id desc limit $2`,
      values,
    );
    const items = rows.slice(0, limit).map(summaryOf);
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  private async findAccepted(runId: string): Promise<FoundRun | null> {
    const { rows } = await this.pool.query<{ app_id: string | null; data: string; meta: string; body: Buffer | null }>({
      name: 'runner_accepted',
      text: `select e.app_id, e.data, e.meta, b.bytes as body from gateway.events e
        left join gateway.events_bodies b on b.stream_id = e.stream_id and b.version = e.version
        where e.stream_id = $1 and e.version = 1 and e.type = 'TriggerAccepted'`,
      values: [runId],
    });
    const row = rows[0];
    if (!row) return null;
    const data = JSON.parse(row.data) as TriggerAccepted;
    const input = await this.inputs.ofTrigger(data, row.body);
    return {
      run: emptyRun(runId),
      origin: { appId: row.app_id, meta: JSON.parse(row.meta) as EventMeta },
      queued: {
        flowId: data.flowId,
        triggerId: data.triggerId,
        mode: data.mode,
        queuedAt: data.receivedAt,
        input: 'value' in input ? input.value : null,
      },
    };
  }
}

function summaryOf(row: RunRow): RunSummary {
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
    queuedAt,
    startedAt,
    finishedAt,
    queueMs: between(queuedAt, startedAt),
    runMs: between(startedAt, finishedAt),
  };
}
