import type { BusEvent } from '@sluice/bus';
import {
  timeOfId,
  type AttemptFinished,
  type DispatcherEvents,
  type DomainEventRecorded,
  type RequestRejected,
  type RunFinished,
  type RunStarted,
  type TriggerAccepted,
  type TriggerForwarded,
} from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import { latencyMetric, METRIC, STEP, SUBJECT, TOTALS } from './stat-metrics.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Whom something is counted for besides the app; null where there is none. */
interface Subjects {
  trigger?: string | null;
  flow?: string | null;
  endpoint?: string | null;
}

type Counter = [
  appId: string,
  kind: number,
  subject: string,
  step: number,
  bucket: string,
  metric: number,
  count: number,
];

/** Counters of one batch. A batch is applied once, with its checkpoint, so that counts need no further care. */
class Counts {
  readonly #rows = new Map<string, Counter>();
  readonly #totals = new Map<string, unknown[]>();

  /** @param at when it happened (RFC 3339) */
  add(appId: string | null, subjects: Subjects, at: string, metric: number, count = 1): void {
    const ms = Date.parse(at);
    if (appId === null || Number.isNaN(ms)) return;
    const minute = new Date(ms - (ms % MINUTE_MS)).toISOString();
    this.#add([appId, SUBJECT.app, appId, STEP.minute, minute, metric, count]);
    this.#add([appId, SUBJECT.app, appId, STEP.hour, new Date(ms - (ms % HOUR_MS)).toISOString(), metric, count]);
    this.#addTotal(appId, SUBJECT.app, appId, metric, count);
    for (const kind of ['trigger', 'flow', 'endpoint'] as const) {
      const subject = subjects[kind];
      if (!subject) continue;
      this.#add([appId, SUBJECT[kind], subject, STEP.minute, minute, metric, count]);
      this.#addTotal(appId, SUBJECT[kind], subject, metric, count);
    }
  }

  #add(row: Counter): void {
    const key = `${row[0]} ${row[1]} ${row[2]} ${row[3]} ${row[4]} ${row[5]}`;
    const known = this.#rows.get(key);
    if (known) known[6] += row[6];
    else this.#rows.set(key, row);
  }

  #addTotal(appId: string, kind: number, subject: string, metric: number, count: number): void {
    if (!TOTALS.has(metric)) return;
    const key = `${appId} ${kind} ${subject} ${metric}`;
    const known = this.#totals.get(key);
    if (known) known[4] = (known[4] as number) + count;
    else this.#totals.set(key, [appId, kind, subject, metric, count]);
  }

  /** In the order of their keys: two processes that count the same in different orders would deadlock. */
  get rows(): unknown[][] {
    return inOrder(this.#rows);
  }
  get totals(): unknown[][] {
    return inOrder(this.#totals);
  }
}

function inOrder(rows: ReadonlyMap<string, unknown[]>): unknown[][] {
  return [...rows.keys()].sort().map((key) => rows.get(key) as unknown[]);
}

const STATS: AlongsideStatement = {
  name: 'delivery_log.stats',
  columns: ['uuid', 'int2', 'uuid', 'int2', 'timestamptz', 'int2', 'int8'],
  sql: (
    arrays,
  ) => `insert into delivery_log.stats as s (app_id, kind, subject, step, bucket, metric, count) select * from unnest(${arrays.join(', ')})
    on conflict (app_id, kind, subject, step, bucket, metric) do update set count = s.count + excluded.count`,
};
const STAT_TOTALS: AlongsideStatement = {
  name: 'delivery_log.stat_totals',
  columns: ['uuid', 'int2', 'uuid', 'int2', 'int8'],
  sql: (
    arrays,
  ) => `insert into delivery_log.stat_totals as s (app_id, kind, subject, metric, count) select * from unnest(${arrays.join(', ')})
    on conflict (app_id, kind, subject, metric) do update set count = s.count + excluded.count`,
};

type Count = (counts: Counts, event: BusEvent) => void;

function accepted(counts: Counts, { appId, data }: BusEvent): void {
  const { triggerId, flowId, receivedAt } = data as TriggerAccepted;
  counts.add(appId, { trigger: triggerId, flow: flowId }, receivedAt, METRIC.requests);
  counts.add(appId, { flow: flowId }, receivedAt, METRIC.runsDue);
}

function forwarded(counts: Counts, { appId, data }: BusEvent): void {
  const { triggerId, receivedAt } = data as TriggerForwarded;
  for (const metric of [METRIC.requests, METRIC.forwarded]) {
    counts.add(appId, { trigger: triggerId }, receivedAt, metric);
  }
}

/** A record stands for itself and for those of the trigger that were not recorded before it (GW-08). */
function rejected(counts: Counts, { appId, data }: BusEvent): void {
  const { triggerId, flowId, receivedAt, notRecorded } = data as RequestRejected;
  counts.add(appId, { trigger: triggerId, flow: flowId }, receivedAt, METRIC.rejected, 1 + notRecorded);
}

function runStarted(counts: Counts, { appId, data, streamId }: BusEvent): void {
  const { flowId, requestId, queuedAt, startedAt } = data as RunStarted;
  // The run of a request has its id and was due since then.
  if (requestId !== streamId) counts.add(appId, { flow: flowId }, queuedAt, METRIC.runsDue);
  counts.add(appId, { flow: flowId }, startedAt, METRIC.runsStarted);
  const queueMs = Math.max(0, Date.parse(startedAt) - Date.parse(queuedAt));
  counts.add(appId, { flow: flowId }, startedAt, latencyMetric('queueMs', queueMs));
}

const RUN_ENDS = {
  succeeded: METRIC.runsSucceeded,
  failed: METRIC.runsFailed,
  cancelled: METRIC.runsCancelled,
  timed_out: METRIC.runsTimedOut,
} as const;

function runFinished(counts: Counts, { appId, data }: BusEvent): void {
  const { flowId, status, startedAt, finishedAt } = data as RunFinished;
  counts.add(appId, { flow: flowId }, finishedAt, RUN_ENDS[status]);
  const runMs = Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt));
  counts.add(appId, { flow: flowId }, finishedAt, latencyMetric('runMs', runMs));
}

function recorded(counts: Counts, { appId, data, occurredAt }: BusEvent): void {
  const at = occurredAt.toISOString();
  counts.add(appId, {}, at, METRIC.events);
  for (const { endpointUuid } of (data as DomainEventRecorded).deliveries) {
    counts.add(appId, { endpoint: endpointUuid }, at, METRIC.deliveriesPlanned);
  }
}

const DELIVERY_ENDS = {
  succeeded: METRIC.deliveriesSucceeded,
  failed: METRIC.deliveriesFailed,
  discarded: METRIC.deliveriesDiscarded,
  retry: null,
} as const;

function attempted(counts: Counts, { appId, data }: BusEvent): void {
  const attempt = data as AttemptFinished;
  const { deliveryId, number, at, durationMs, outcome, endpointName, replayId } = attempt;
  const subjects = { endpoint: attempt.endpointUuid };
  const isUnplanned = endpointName !== undefined || replayId !== undefined;
  if (attempt.again || (number === 1 && isUnplanned)) counts.add(appId, subjects, at, METRIC.deliveriesPlanned);
  const isSuccess = outcome === 'succeeded';
  counts.add(appId, subjects, at, isSuccess ? METRIC.attemptsSucceeded : METRIC.attemptsFailed);
  counts.add(appId, subjects, at, latencyMetric('attemptMs', durationMs));
  const end = DELIVERY_ENDS[outcome];
  if (end !== null) counts.add(appId, subjects, at, end);
  // The id carries the time of the request that led here; of a replay that is long ago.
  const endToEndMs = Date.parse(at) + durationMs - timeOfId(deliveryId);
  if (isSuccess && !isUnplanned) counts.add(appId, subjects, at, latencyMetric('endToEndMs', Math.max(0, endToEndMs)));
}

function discarded(counts: Counts, { appId, data }: BusEvent): void {
  const { endpointUuid, at } = data as DispatcherEvents['DeliveryDiscarded'];
  counts.add(appId, { endpoint: endpointUuid }, at, METRIC.deliveriesDiscarded);
}

const COUNTED: Readonly<Record<string, Count>> = {
  TriggerAccepted: accepted,
  TriggerForwarded: forwarded,
  RequestRejected: rejected,
  RunStarted: runStarted,
  RunFinished: runFinished,
  DomainEventRecorded: recorded,
  AttemptFinished: attempted,
  DeliveryDiscarded: discarded,
};

/** What a batch adds to the counters: a few rows for many events. */
export function statWrites(events: readonly BusEvent[]): Alongside[] {
  const counts = new Counts();
  for (const event of events) COUNTED[event.type]?.(counts, event);
  return [
    { statement: STATS, rows: counts.rows },
    { statement: STAT_TOTALS, rows: counts.totals },
  ];
}
