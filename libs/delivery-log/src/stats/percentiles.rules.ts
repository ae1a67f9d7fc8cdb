import { BOUNDS_MS } from './stat-metrics.ts';

/** What is known of a latency: how many, and the values in milliseconds below which so many of them lie. */
export interface LatencyValues {
  count: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

const BUCKETS = BOUNDS_MS.length + 1;
const LAST_BOUND_MS = BOUNDS_MS[BOUNDS_MS.length - 1] as number;

/**
 * The value below which the share lies: straight between the bounds of its bucket. Above the last bound nothing more is
 * known than that.
 */
function percentile(counts: readonly number[], total: number, share: number): number {
  let below = 0;
  for (let index = 0; index < BUCKETS - 1; index++) {
    const count = counts[index] ?? 0;
    const wanted = share * total - below;
    if (wanted <= count) {
      const from = index === 0 ? 0 : (BOUNDS_MS[index - 1] as number);
      const value = from + ((BOUNDS_MS[index] as number) - from) * (count === 0 ? 1 : wanted / count);
      return Math.round(value * 10) / 10;
    }
    below += count;
  }
  return LAST_BOUND_MS;
}

/** @param counts by bucket, as `latencyMetric` numbers them. */
export function latencyValues(counts: readonly number[]): LatencyValues {
  const count = counts.reduce((sum, each) => sum + each, 0);
  if (count === 0) return { count, p50: null, p95: null, p99: null };
  return {
    count,
    p50: percentile(counts, count, 0.5),
    p95: percentile(counts, count, 0.95),
    p99: percentile(counts, count, 0.99),
  };
}
