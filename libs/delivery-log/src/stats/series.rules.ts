import { BOUNDS_MS, LATENCY, type LatencyName, METRIC, type MetricName } from './stat-metrics.ts';
import { latencyValues } from './percentiles.rules.ts';
import type { Backlog, StatCounts, StatPoint } from './stats.requests.ts';

/** Counts by metric. */
export type ByMetric = ReadonlyMap<number, number>;

const SHOWN = (Object.keys(METRIC) as MetricName[]).filter((name) => name !== 'runsDue') as Exclude<
  MetricName,
  'runsDue'
>[];
const LATENCIES = Object.keys(LATENCY) as LatencyName[];

export function statCounts(counts: ByMetric): StatCounts {
  const bucketsOf = (name: LatencyName): number[] =>
    Array.from({ length: BOUNDS_MS.length + 1 }, (_, index) => counts.get(LATENCY[name] + index) ?? 0);
  return {
    ...(Object.fromEntries(SHOWN.map((name) => [name, counts.get(METRIC[name]) ?? 0])) as Record<
      (typeof SHOWN)[number],
      number
    >),
    ...(Object.fromEntries(LATENCIES.map((name) => [name, latencyValues(bucketsOf(name))])) as Pick<
      StatCounts,
      LatencyName
    >),
  };
}

const RUN_ENDS = [METRIC.runsSucceeded, METRIC.runsFailed, METRIC.runsCancelled, METRIC.runsTimedOut];
const DELIVERY_ENDS = [METRIC.deliveriesSucceeded, METRIC.deliveriesFailed, METRIC.deliveriesDiscarded];

/** What became due less what ended: the backlog of totals, or how much a time has changed it. */
export function growthOf(counts: ByMetric): Backlog {
  const sum = (metrics: readonly number[]): number =>
    metrics.reduce((total, metric) => total + (counts.get(metric) ?? 0), 0);
  return {
    runs: sum([METRIC.runsDue]) - sum(RUN_ENDS),
    deliveries: sum([METRIC.deliveriesPlanned]) - sum(DELIVERY_ENDS),
  };
}

/** The topics are read one beside the other: an end may be counted before its beginning. */
export function shownBacklog({ runs, deliveries }: Backlog): Backlog {
  return { runs: Math.max(0, runs), deliveries: Math.max(0, deliveries) };
}

/**
 * The points of a series with the backlog at their ends: that of the end of the last, and backwards what each has added.
 * @param points starts of all points in milliseconds, oldest first
 */
export function seriesOf(
  points: readonly number[],
  counts: ReadonlyMap<number, ByMetric>,
  endBacklog: Backlog,
): StatPoint[] {
  const series: StatPoint[] = [];
  const backlog = { ...endBacklog };
  for (const start of points.toReversed()) {
    const here = counts.get(start) ?? new Map<number, number>();
    series.push({ at: new Date(start).toISOString(), ...statCounts(here), backlog: shownBacklog(backlog) });
    const growth = growthOf(here);
    backlog.runs -= growth.runs;
    backlog.deliveries -= growth.deliveries;
  }
  return series.reverse();
}

/** @returns the sum of the counts of all points. */
export function sumOf(counts: Iterable<ByMetric>): Map<number, number> {
  const sum = new Map<number, number>();
  for (const each of counts) for (const [metric, count] of each) sum.set(metric, (sum.get(metric) ?? 0) + count);
  return sum;
}
