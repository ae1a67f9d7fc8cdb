import type { LoadResult } from '../load/load-order.ts';
import { median } from '../report.ts';

/** How many rounds, from `--rounds N`; medians of them are reported. */
export interface BenchArguments {
  rounds: number;
  seconds: number;
  triggers: number;
}

/** The medians of several rounds of the same load. */
export function medians(results: readonly LoadResult[]): {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  errors: number;
  non2xx: number;
} {
  return {
    perSecond: median(results.map((each) => each.perSecond)),
    p50Ms: median(results.map((each) => each.p50Ms)),
    p99Ms: median(results.map((each) => each.p99Ms)),
    errors: results.reduce((sum, each) => sum + each.errors, 0),
    non2xx: results.reduce((sum, each) => sum + Object.values(each.non2xx).reduce((a, b) => a + b, 0), 0),
  };
}
