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

/** What was counted for one subject in one minute: counts by metric. */
interface Cell {
  appId: string;
  kind: number;
  subject: string;
  minuteMs: number;
  counts: Map<number, number>;
}

/** Where something of one moment is counted: in a cell for the app and in one for each other subject. */
class Place {
  readonly #cells: readonly Cell[];

  constructor(cells: readonly Cell[]) {
    this.#cells = cells;
  }

  add(metric: number, count = 1): void {
    for (const { counts } of this.#cells) counts.set(metric, (counts.get(metric) ?? 0) + count);
  }
}

const NOWHERE = new Place([]);

/**
 * Counters of one batch. A batch is applied once, with its checkpoint, so that counts need no further care. An attempt
 * is counted ten times: cells are found once for all of it, and keys and times become text once for a cell. By a key
 * of text for each count it was 21 µs and 12 KB of garbage an attempt, more than anything else of the process.
 */
class Counts {
  readonly #cells = new Map<number, Map<string, Map<string, Cell>>>();

  /** @param at when it happened (RFC 3339) */
  at(appId: string | null, subjects: Subjects, at: string): Place {
    const ms = Date.parse(at);
    if (appId === null || Number.isNaN(ms)) return NOWHERE;
    const minuteMs = ms - (ms % MINUTE_MS);
    const cells = [this.#cellOf(minuteMs, appId, SUBJECT.app, appId)];
    for (const kind of ['trigger', 'flow', 'endpoint'] as const) {
      const subject = subjects[kind];
      if (subject) cells.push(this.#cellOf(minuteMs, appId, SUBJECT[kind], subject));
    }
    return new Place(cells);
  }

  #cellOf(minuteMs: number, appId: string, kind: number, subject: string): Cell {
    const apps = known(this.#cells, minuteMs, () => new Map<string, Map<string, Cell>>());
    // No two things have one id, whatever they are.
    const subjects = known(apps, appId, () => new Map<string, Cell>());
    return known(subjects, subject, () => ({ appId, kind, subject, minuteMs, counts: new Map() }));
  }

  *#all(): Generator<Cell> {
    for (const apps of this.#cells.values()) for (const subjects of apps.values()) yield* subjects.values();
  }

  /** In the order of their keys: two processes that count the same in different orders would deadlock. */
  get rows(): unknown[][] {
    const rows = new Map<string, unknown[]>();
    for (const { appId, kind, subject, minuteMs, counts } of this.#all()) {
      const steps: [step: number, bucketMs: number][] = [[STEP.minute, minuteMs]];
      if (kind === SUBJECT.app) steps.push([STEP.hour, minuteMs - (minuteMs % HOUR_MS)]);
      for (const [step, bucketMs] of steps) {
        const bucket = new Date(bucketMs).toISOString();
        for (const [metric, count] of counts) sumUp(rows, [appId, kind, subject, step, bucket, metric], count);
      }
    }
    return inOrder(rows);
  }

  get totals(): unknown[][] {
    const rows = new Map<string, unknown[]>();
    for (const { appId, kind, subject, counts } of this.#all()) {
      for (const [metric, count] of counts) if (TOTALS.has(metric)) sumUp(rows, [appId, kind, subject, metric], count);
    }
    return inOrder(rows);
  }
}

function known<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

/** Adds to the row of this key; the count is its last column. */
function sumUp(rows: Map<string, unknown[]>, key: readonly (string | number)[], count: number): void {
  const name = key.join(' ');
  const row = rows.get(name);
  if (row) row[key.length] = (row[key.length] as number) + count;
  else rows.set(name, [...key, count]);
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
  counts.at(appId, { trigger: triggerId, flow: flowId }, receivedAt).add(METRIC.requests);
  counts.at(appId, { flow: flowId }, receivedAt).add(METRIC.runsDue);
}

function forwarded(counts: Counts, { appId, data }: BusEvent): void {
  const { triggerId, receivedAt } = data as TriggerForwarded;
  const place = counts.at(appId, { trigger: triggerId }, receivedAt);
  for (const metric of [METRIC.requests, METRIC.forwarded]) place.add(metric);
}

/** A record stands for itself and for those of the trigger that were not recorded before it (GW-08). */
function rejected(counts: Counts, { appId, data }: BusEvent): void {
  const { triggerId, flowId, receivedAt, notRecorded } = data as RequestRejected;
  counts.at(appId, { trigger: triggerId, flow: flowId }, receivedAt).add(METRIC.rejected, 1 + notRecorded);
}

function runStarted(counts: Counts, { appId, data, streamId }: BusEvent): void {
  const { flowId, requestId, queuedAt, startedAt } = data as RunStarted;
  // The run of a request has its id and was due since then.
  if (requestId !== streamId) counts.at(appId, { flow: flowId }, queuedAt).add(METRIC.runsDue);
  const place = counts.at(appId, { flow: flowId }, startedAt);
  place.add(METRIC.runsStarted);
  const queueMs = Math.max(0, Date.parse(startedAt) - Date.parse(queuedAt));
  place.add(latencyMetric('queueMs', queueMs));
}

const RUN_ENDS = {
  succeeded: METRIC.runsSucceeded,
  failed: METRIC.runsFailed,
  cancelled: METRIC.runsCancelled,
  timed_out: METRIC.runsTimedOut,
} as const;

function runFinished(counts: Counts, { appId, data }: BusEvent): void {
  const { flowId, status, startedAt, finishedAt } = data as RunFinished;
  const place = counts.at(appId, { flow: flowId }, finishedAt);
  place.add(RUN_ENDS[status]);
  const runMs = Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt));
  place.add(latencyMetric('runMs', runMs));
}

function recorded(counts: Counts, { appId, data, occurredAt }: BusEvent): void {
  const at = occurredAt.toISOString();
  counts.at(appId, {}, at).add(METRIC.events);
  for (const { endpointUuid } of (data as DomainEventRecorded).deliveries) {
    counts.at(appId, { endpoint: endpointUuid }, at).add(METRIC.deliveriesPlanned);
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
  const place = counts.at(appId, { endpoint: attempt.endpointUuid }, at);
  const isUnplanned = endpointName !== undefined || replayId !== undefined;
  if (attempt.again || (number === 1 && isUnplanned)) place.add(METRIC.deliveriesPlanned);
  const isSuccess = outcome === 'succeeded';
  place.add(isSuccess ? METRIC.attemptsSucceeded : METRIC.attemptsFailed);
  place.add(latencyMetric('attemptMs', durationMs));
  const end = DELIVERY_ENDS[outcome];
  if (end !== null) place.add(end);
  // The id carries the time of the request that led here; of a replay that is long ago.
  const endToEndMs = Date.parse(at) + durationMs - timeOfId(deliveryId);
  if (isSuccess && !isUnplanned) place.add(latencyMetric('endToEndMs', Math.max(0, endToEndMs)));
}

function discarded(counts: Counts, { appId, data }: BusEvent): void {
  const { endpointUuid, at } = data as DispatcherEvents['DeliveryDiscarded'];
  counts.at(appId, { endpoint: endpointUuid }, at).add(METRIC.deliveriesDiscarded);
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
