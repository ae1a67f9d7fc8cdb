import type { BusEvent } from '@sluice/bus';
import {
  type EventEmitted,
  type RunFinished,
  type RunStarted,
  stepKeyOf,
  type StepFailed,
  type StepPlace,
  type StepStarted,
} from '@sluice/contracts';
import type { Alongside } from '@sluice/event-store';
import { type BulkTable, bulkWrite } from '../read-model/bulk-write.ts';
import { ledToWrite } from '../timeline/led-to.projection.ts';
import { traceIdOf } from '../requests/requests.projection.ts';

const RUNS: BulkTable = {
  table: 'delivery_log.runs',
  columns: {
    id: 'uuid',
    app_id: 'uuid',
    number: 'int8',
    flow_id: 'uuid',
    flow_version: 'int4',
    trigger_id: 'uuid',
    request_id: 'uuid',
    status: 'text',
    queued_at: 'timestamptz',
    started_at: 'timestamptz',
    finished_at: 'timestamptz',
    result: 'text',
    error: 'text',
    trace_id: 'uuid',
  },
  onConflict: `on conflict (id) do update set
    number = coalesce(excluded.number, runs.number), flow_id = coalesce(excluded.flow_id, runs.flow_id),
    flow_version = coalesce(excluded.flow_version, runs.flow_version),
    trigger_id = coalesce(excluded.trigger_id, runs.trigger_id), request_id = coalesce(excluded.request_id, runs.request_id),
    status = case when runs.finished_at is null then excluded.status else runs.status end,
    queued_at = coalesce(excluded.queued_at, runs.queued_at), started_at = coalesce(runs.started_at, excluded.started_at),
    finished_at = coalesce(runs.finished_at, excluded.finished_at),
    result = coalesce(excluded.result, runs.result), error = coalesce(excluded.error, runs.error), trace_id = coalesce(runs.trace_id, excluded.trace_id)`,
};

const STEPS: BulkTable = {
  table: 'delivery_log.steps',
  columns: { run_id: 'uuid', version: 'int4', kind: 'text', ref: 'text', data: 'text' },
  onConflict: 'on conflict (run_id, version) do nothing',
  comesOnce: true,
};
const STEP_KINDS = new Set([
  'StepStarted',
  'StepCompleted',
  'StepFailed',
  'EventEmitted',
  'RunWaiting',
  'RunResumed',
  'BlockStarted',
]);

interface RunRow {
  id: string;
  appId: string | null;
  number: number | null;
  flowId: string | null;
  flowVersion: number | null;
  triggerId: string | null;
  requestId: string | null;
  status: string;
  queuedAt: string | null;
  startedAt: string | null;
  finishedAt: string | null;
  result: string | null;
  error: string | null;
  traceId: string | null;
}

/** 16 bytes instead of 33. */
function traceUuidOf(traceparent: string | undefined): string | null {
  const id = traceIdOf(traceparent);
  return id && id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function emptyRow(event: BusEvent): RunRow {
  return {
    id: event.streamId,
    appId: event.appId,
    number: null,
    flowId: null,
    flowVersion: null,
    triggerId: null,
    requestId: null,
    status: 'running',
    queuedAt: null,
    startedAt: null,
    finishedAt: null,
    result: null,
    error: null,
    traceId: traceUuidOf(event.meta.traceparent),
  };
}

function applyStarted(row: RunRow, data: RunStarted): void {
  row.number = data.number;
  row.flowId = data.flowId;
  row.flowVersion = data.flowVersion;
  row.triggerId = data.triggerId;
  row.requestId = data.requestId;
  row.queuedAt = data.queuedAt;
  row.startedAt = data.startedAt;
}

function applyFinished(row: RunRow, data: RunFinished): void {
  row.number = data.number;
  row.flowId = data.flowId;
  row.flowVersion = data.flowVersion;
  row.triggerId = data.triggerId;
  row.status = data.status;
  row.startedAt ??= data.startedAt;
  row.finishedAt = data.finishedAt;
  row.result = JSON.stringify(data.result ?? null);
  row.error = data.error ? JSON.stringify(data.error) : null;
}

/** Several events of one run in a batch become one row: a statement cannot update a row twice. */
function fold(events: readonly BusEvent[]): RunRow[] {
  const rows = new Map<string, RunRow>();
  for (const event of events) {
    const row = rows.get(event.streamId) ?? emptyRow(event);
    if (event.type === 'RunStarted') applyStarted(row, event.data as RunStarted);
    else if (event.type === 'RunFinished') applyFinished(row, event.data as RunFinished);
    else if (event.type === 'RunWaiting') row.status = 'waiting';
    else if (event.type === 'RunResumed') row.status = 'running';
    else if (event.type === 'StepFailed' && (event.data as StepFailed).nextAttemptAt !== null) row.status = 'waiting';
    else if (event.type === 'StepStarted' && (event.data as StepStarted).attempt > 1) row.status = 'running';
    else continue; // a step says nothing of the run's own state: it would undo that the run waits
    rows.set(event.streamId, row);
  }
  return [...rows.values()];
}

/** What an emitted event carries is kept with the event itself: here it would be kept twice (1 KB of every trigger). */
function stepJson(event: BusEvent): string {
  if (event.type !== 'EventEmitted') return event.dataJson;
  const { data: _, ...kept } = event.data as EventEmitted;
  return JSON.stringify(kept);
}

export function runWrites(events: readonly BusEvent[]): Alongside[] {
  const steps = events
    .filter((event) => STEP_KINDS.has(event.type))
    .map((event) => [event.streamId, event.version, event.type, stepKeyOf(event.data as StepPlace), stepJson(event)]);
  const runs = fold(events).map((row) => Object.values(row));
  const started = events.filter(({ type }) => type === 'RunStarted');
  const causes = started.map((event) => [(event.data as RunStarted).requestId, event.streamId] as const);
  return [bulkWrite(RUNS, runs), bulkWrite(STEPS, steps), ledToWrite(causes)];
}
