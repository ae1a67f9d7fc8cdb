import { describe, expect, it } from 'vitest';
import { latencyValues } from './percentiles.rules.ts';
import { BOUNDS_MS, LATENCY, latencyMetric } from './stat-metrics.ts';

const bucketsOf = (values: readonly number[]): number[] => {
  const buckets = Array.from({ length: BOUNDS_MS.length + 1 }, () => 0);
  for (const value of values) {
    const index = latencyMetric('runMs', value) - LATENCY.runMs;
    buckets[index] = (buckets[index] ?? 0) + 1;
  }
  return buckets;
};

describe('latencyValues', () => {
  it('says nothing of nothing', () => {
    expect(latencyValues([])).toEqual({ count: 0, p50: null, p95: null, p99: null });
  });

  it('lies in the bucket of the true percentile', () => {
    const values = Array.from({ length: 1_000 }, (_, index) => index + 1);
    const { count, p50, p95, p99 } = latencyValues(bucketsOf(values));
    expect(count).toBe(1_000);
    expect(p50).toBeGreaterThanOrEqual(200);
    expect(p50).toBeLessThanOrEqual(500);
    expect([p95, p99]).toEqual([950, 990]);
  });

  it('takes a bound itself below it, and shows what is above the last bound as the last bound', () => {
    expect(latencyMetric('queueMs', 0)).toBe(LATENCY.queueMs);
    expect(latencyMetric('queueMs', 1)).toBe(LATENCY.queueMs);
    expect(latencyMetric('queueMs', 2)).toBe(LATENCY.queueMs + 1);
    expect(latencyMetric('queueMs', 60_001)).toBe(LATENCY.queueMs + BOUNDS_MS.length);
    expect(latencyValues(bucketsOf([70_000, 90_000]))).toEqual({ count: 2, p50: 60_000, p95: 60_000, p99: 60_000 });
  });
});
