/** Latencies in milliseconds, kept whole: a bench has at most a few million. */
export class Histogram {
  private readonly values: number[] = [];

  add(ms: number): void {
    this.values.push(ms);
  }

  get count(): number {
    return this.values.length;
  }

  /** Nearest-rank percentile; NaN when there is nothing. */
  percentiles(...wanted: number[]): number[] {
    const sorted = Float64Array.from(this.values).sort();
    return wanted.map(
      (each) => sorted[Math.min(sorted.length - 1, Math.ceil((each / 100) * sorted.length) - 1)] ?? Number.NaN,
    );
  }
}
