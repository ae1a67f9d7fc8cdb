import client from 'prom-client';

/**
 * Prometheus metrics (prom-client: the library everybody's dashboards know). Asking for a name twice gives the same
 * metric, so that a service may be instantiated more than once in one process.
 */
export const metrics = {
  /** @param collect called for each exposition, for what is counted elsewhere: `reset()`, then `inc()` by the total. */
  counter<T extends string = string>(
    name: string,
    help: string,
    labelNames: readonly T[] = [],
    collect?: (counter: client.Counter<T>) => void,
  ): client.Counter<T> {
    const known = client.register.getSingleMetric(name) as client.Counter<T> | undefined;
    if (known) return known;
    const counter: client.Counter<T> = new client.Counter({
      name,
      help,
      labelNames,
      ...(collect ? { collect: () => collect(counter) } : {}),
    });
    return counter;
  },
  gauge<T extends string = string>(
    name: string,
    help: string,
    labelNames: readonly T[] = [],
    collect?: (gauge: client.Gauge<T>) => void | Promise<void>,
  ): client.Gauge<T> {
    const known = client.register.getSingleMetric(name) as client.Gauge<T> | undefined;
    if (known) return known;
    const gauge: client.Gauge<T> = new client.Gauge({
      name,
      help,
      labelNames,
      ...(collect ? { collect: () => collect(gauge) } : {}),
    });
    return gauge;
  },
  histogram<T extends string = string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly T[] = [],
  ): client.Histogram<T> {
    return (
      (client.register.getSingleMetric(name) as client.Histogram<T> | undefined) ??
      new client.Histogram({ name, help, buckets, labelNames })
    );
  },
  /** The exposition text and its content type. */
  async exposition(): Promise<{ contentType: string; text: string }> {
    return { contentType: client.register.contentType, text: await client.register.metrics() };
  },
  /** Event loop, memory, garbage collection; called once per process. */
  collectProcessMetrics(): void {
    if (!client.register.getSingleMetric('process_cpu_seconds_total')) client.collectDefaultMetrics();
  },
};
