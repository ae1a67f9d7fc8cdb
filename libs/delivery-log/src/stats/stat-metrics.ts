/** What is counted, by the number it is stored under: numbers are never used again for something else. */
export const METRIC = {
  requests: 1,
  rejected: 2,
  forwarded: 3,
  runsSucceeded: 10,
  runsFailed: 11,
  runsCancelled: 12,
  runsTimedOut: 13,
  /** Runs that have to be: accepted requests, and runs that nothing but themselves announces (retries, schedules). */
  runsDue: 14,
  runsStarted: 15,
  events: 20,
  deliveriesPlanned: 21,
  deliveriesSucceeded: 22,
  deliveriesFailed: 23,
  deliveriesDiscarded: 24,
  attemptsSucceeded: 25,
  attemptsFailed: 26,
} as const;
export type MetricName = keyof typeof METRIC;

/** Latencies are counted by buckets: number = base + index of the first bound that is not below the value. */
export const LATENCY = { runMs: 100, queueMs: 200, attemptMs: 300, endToEndMs: 400 } as const;
export type LatencyName = keyof typeof LATENCY;

/** Upper bounds in milliseconds; one more bucket takes what is above the last. */
export const BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000] as const;

/** Whom a counter is about; apps are counted by hour as well. */
export const SUBJECT = { app: 0, trigger: 1, flow: 2, endpoint: 3 } as const;
export type SubjectKind = keyof typeof SUBJECT;

/** Minutes that a counter covers. */
export const STEP = { minute: 1, hour: 60 } as const;

/** Kept as totals that never go, for the backlog. */
export const TOTALS: ReadonlySet<number> = new Set([
  METRIC.runsDue,
  METRIC.runsSucceeded,
  METRIC.runsFailed,
  METRIC.runsCancelled,
  METRIC.runsTimedOut,
  METRIC.deliveriesPlanned,
  METRIC.deliveriesSucceeded,
  METRIC.deliveriesFailed,
  METRIC.deliveriesDiscarded,
]);

/** The number that a latency is counted under. */
export function latencyMetric(name: LatencyName, ms: number): number {
  const index = BOUNDS_MS.findIndex((bound) => ms <= bound);
  return LATENCY[name] + (index < 0 ? BOUNDS_MS.length : index);
}
