import type {
  AttemptFinished,
  DomainEventRecorded,
  EventEmitted,
  RequestRejected,
  RunError,
  StepCompleted,
  StepFailed,
  StepStarted,
  TriggerAccepted,
} from '@sluice/contracts';
import { traceIdOf } from '../requests/requests.projection.ts';
import { durationOf, type TimelineNode } from './timeline-node.ts';
import type {
  AttemptRow,
  DeliveryRow,
  EventRow,
  RejectionRow,
  RequestRow,
  RunRow,
  StepRow,
  TimelineRows,
} from './timeline-rows.query.ts';

const iso = (date: Date | null): string | null => date?.toISOString() ?? null;

/** What the receiver was told, else the trace that this is a part of. */
function traceOfAttempt({ request }: AttemptFinished, trace: string | null): string | null {
  return traceIdOf(request.headers.traceparent) ?? trace;
}

/** @param dueAt since when it waited for its turn (RFC 3339) */
function attemptNode(row: AttemptRow, dueAt: string | null, trace: string | null): TimelineNode {
  const data = JSON.parse(row.data) as AttemptFinished;
  const at = iso(row.at) as string;
  return {
    kind: 'attempt',
    id: `${row.delivery_id}/${row.number}`,
    title: `Attempt ${row.number}`,
    status: data.outcome,
    at,
    endedAt: new Date(row.at.getTime() + data.durationMs).toISOString(),
    durationMs: data.durationMs,
    causedBy: row.delivery_id,
    detail: {
      queueMs: durationOf(dueAt, at),
      traceId: traceOfAttempt(data, trace),
      request: data.request,
      response: data.response,
      error: data.error,
      nextAttemptAt: data.nextAttemptAt,
    },
    children: [],
  };
}

/** An attempt waits since its delivery was planned, or since the time that the one before it named. */
function attemptNodes(row: DeliveryRow, attempts: readonly AttemptRow[], trace: string | null): TimelineNode[] {
  const nodes: TimelineNode[] = [];
  for (const attempt of attempts) {
    if (attempt.delivery_id !== row.id) continue;
    const before = nodes.at(-1);
    const dueAt = before ? (before.detail.nextAttemptAt as string | null) : iso(row.created_at);
    nodes.push(attemptNode(attempt, dueAt, trace));
  }
  return nodes;
}

function deliveryNode(row: DeliveryRow, attempts: readonly AttemptRow[], trace: string | null): TimelineNode {
  const children = attemptNodes(row, attempts, trace);
  const endedAt = row.status === 'pending' ? null : (children.at(-1)?.endedAt ?? null);
  return {
    kind: 'delivery',
    id: row.id,
    title: `Delivery to ${row.endpoint_name ?? `endpoint ${row.endpoint_id}`}`,
    status: row.status,
    at: iso(row.created_at),
    endedAt,
    durationMs: durationOf(iso(row.created_at), endedAt),
    causedBy: row.event_id,
    detail: {
      endpointId: row.endpoint_id,
      queueMs: children[0]?.detail.queueMs ?? null,
      attempts: row.attempts,
      nextAttemptAt: iso(row.next_attempt_at),
      reason: row.reason,
    },
    children,
  };
}

function eventNode(row: EventRow, rows: TimelineRows, trace: string | null): TimelineNode {
  const data = JSON.parse(row.data) as DomainEventRecorded;
  return {
    kind: 'event',
    id: row.id,
    title: row.type,
    status: data.deliveries.length === 0 ? 'unmatched' : 'matched',
    at: iso(row.recorded_at),
    endedAt: iso(row.recorded_at),
    durationMs: 0,
    causedBy: row.run_id,
    detail: { source: data.source, subject: data.subject, data: data.data },
    children: rows.deliveries
      .filter((delivery) => delivery.event_id === row.id)
      .map((delivery) => deliveryNode(delivery, rows.attempts, trace)),
  };
}

type StepData = Partial<StepStarted & StepCompleted & StepFailed & EventEmitted> & { until?: string; at?: string };
const STEP_STATUS: Record<string, string> = {
  StepStarted: 'running',
  StepCompleted: 'succeeded',
  StepFailed: 'failed',
  EventEmitted: 'succeeded',
  RunWaiting: 'waiting',
  RunResumed: 'running',
  BlockStarted: 'running',
};

const UNDER_WAY = new Set(['running', 'retrying', 'waiting']);

/** What was under way when its run ended did not end by itself. */
function cutOff(step: TimelineNode, runEndedAt: string | null): TimelineNode {
  if (runEndedAt === null || !UNDER_WAY.has(step.status)) return step;
  return { ...step, status: 'cancelled', endedAt: runEndedAt, durationMs: durationOf(step.at, runEndedAt) };
}

/** The events of one step (started, failed, tried again, completed) become one node that shows the last state. */
function stepNode(ref: string, rows: readonly StepRow[]): TimelineNode {
  const parsed = rows.map((row) => ({ kind: row.kind, data: JSON.parse(row.data) as StepData }));
  const last = parsed.at(-1) as { kind: string; data: StepData };
  const at = parsed.map(({ data }) => data.startedAt ?? data.emittedAt ?? null).find((each) => each !== null) ?? null;
  const endedAt = last.data.finishedAt ?? last.data.emittedAt ?? null;
  const error: RunError | null = last.data.error ?? null;
  return {
    kind: 'step',
    id: `${rows[0]?.run_id}/${ref}`,
    title: ref,
    status: last.kind === 'StepFailed' && last.data.nextAttemptAt ? 'retrying' : (STEP_STATUS[last.kind] ?? 'running'),
    at,
    endedAt,
    durationMs: durationOf(at, endedAt),
    causedBy: rows[0]?.run_id ?? null,
    detail: {
      type: last.kind === 'EventEmitted' ? 'emit' : (parsed.map(({ data }) => data.type).find(Boolean) ?? null),
      attempt: last.data.attempt ?? 1,
      input: last.data.input ?? null,
      output: last.kind === 'EventEmitted' ? { eventId: last.data.eventId } : (last.data.output ?? null),
      error,
      until: parsed.map(({ data }) => data.until).find(Boolean) ?? null,
    },
    children: [],
  };
}

function stepNodes(steps: readonly StepRow[]): TimelineNode[] {
  const byRef = new Map<string, StepRow[]>();
  for (const step of steps) byRef.set(step.ref, [...(byRef.get(step.ref) ?? []), step]);
  return [...byRef].map(([ref, rows]) => stepNode(ref, rows));
}

/** An event hangs below the step that emitted it; events without one (Flow.Executed) below the run. */
function placeEvents(run: TimelineNode, events: readonly TimelineNode[]): void {
  for (const event of events) {
    const step = run.children.find((node) => (node.detail.output as { eventId?: string } | null)?.eventId === event.id);
    event.causedBy = step?.id ?? run.id;
    (step ?? run).children.push(event);
  }
}

/** The calls of `call_webhook` steps hang below their steps. */
function placeCalls(run: TimelineNode, steps: readonly StepRow[], rows: TimelineRows, trace: string | null): void {
  const stepOfCall = new Map<string, string>();
  for (const { kind, ref, data } of steps) {
    if (kind === 'StepStarted') stepOfCall.set((JSON.parse(data) as StepStarted).idempotencyKey, ref);
  }
  for (const delivery of rows.deliveries) {
    const step = run.children.find((node) => node.title === stepOfCall.get(delivery.event_id));
    if (step) step.children.push({ ...deliveryNode(delivery, rows.attempts, trace), causedBy: step.id });
  }
}

/** The trace of a run that nobody traced by itself is that of its request. */
function traceOfRun(row: RunRow, { request }: TimelineRows): string | null {
  return row.trace_id?.replaceAll('-', '') ?? request?.trace_id ?? null;
}

function runNode(row: RunRow, rows: TimelineRows): TimelineNode {
  const trace = traceOfRun(row, rows);
  const steps = rows.steps.filter((step) => step.run_id === row.id);
  const startedAt = iso(row.started_at);
  const endedAt = iso(row.finished_at);
  const node: TimelineNode = {
    kind: 'run',
    id: row.id,
    title: row.number ? `Run ${row.number}` : 'Run',
    status: row.status,
    at: startedAt,
    endedAt,
    durationMs: durationOf(startedAt, endedAt),
    causedBy: row.request_id,
    detail: {
      flowId: row.flow_id,
      flowVersion: row.flow_version,
      queueMs: durationOf(iso(row.queued_at), startedAt),
      runMs: durationOf(startedAt, endedAt),
      traceId: trace,
      result: row.result === null ? null : JSON.parse(row.result),
      error: row.error === null ? null : JSON.parse(row.error),
    },
    children: stepNodes(steps).map((step) => cutOff(step, endedAt)),
  };
  placeEvents(
    node,
    rows.events.filter((event) => event.run_id === row.id).map((event) => eventNode(event, rows, trace)),
  );
  placeCalls(node, steps, rows, trace);
  return node;
}

function requestNode(row: RequestRow, children: TimelineNode[]): TimelineNode {
  const data = JSON.parse(row.data) as TriggerAccepted;
  const at = iso(row.received_at);
  return {
    kind: 'request',
    id: row.id,
    title: `${data.method} /t/${data.triggerId}`,
    status: 'accepted',
    at,
    endedAt: null,
    durationMs: null,
    causedBy: null,
    detail: {
      triggerId: data.triggerId,
      flowId: data.flowId,
      mode: data.mode,
      headers: data.headers,
      query: data.query,
      contentType: data.contentType,
      remoteAddress: data.remoteAddress,
      bodySize: data.bodySize,
      bodySha256: data.bodySha256,
      body: row.body?.toString('utf8') ?? null,
      bodyTruncated: row.body_truncated,
      traceId: row.trace_id,
    },
    children,
  };
}

/** GW-08: neither body nor header values are kept of what was refused. */
function rejectedNode(row: RejectionRow): TimelineNode {
  const data = JSON.parse(row.data) as RequestRejected;
  const { triggerId, flowId, method, code, status, detail, notRecorded, headerNames, remoteAddress, bodySize } = data;
  const rejection = { code, status, detail, notRecorded };
  return {
    kind: 'request',
    id: row.id,
    title: `${method} /t/${triggerId}`,
    status: 'rejected',
    at: iso(row.received_at),
    endedAt: null,
    durationMs: null,
    causedBy: null,
    detail: { triggerId, flowId, rejection, headerNames, remoteAddress, bodySize },
    children: [],
  };
}

/** GW-11: what became of a request that starts no run. */
function forwardedNodes(rows: TimelineRows): TimelineNode[] {
  const events = rows.events.filter((event) => event.run_id === null);
  return events.map((event) => ({
    ...eventNode(event, rows, rows.request?.trace_id ?? null),
    causedBy: event.request_id,
  }));
}

/** The causal tree of flat rows; the root is the request, else the run that has none, else the event. */
export function timelineTree(rows: TimelineRows): TimelineNode | null {
  if (rows.rejection) return rejectedNode(rows.rejection);
  const runs = rows.runs.map((run) => runNode(run, rows));
  if (rows.request) return requestNode(rows.request, [...runs, ...forwardedNodes(rows)]);
  if (runs[0]) return runs[0];
  const event = rows.events[0];
  return event ? eventNode(event, rows, null) : null;
}
