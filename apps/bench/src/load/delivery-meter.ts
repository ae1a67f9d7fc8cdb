import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Histogram } from './histogram.ts';
import type { LoadResult } from './load-order.ts';

/** A receiver in the load process: from the 2xx of a request to the arrival of its delivery, on one clock. */
export class DeliveryMeter {
  private readonly acceptedAt = new Map<number, { at: number; measured: boolean }>();
  private readonly arrivedAt = new Map<number, number>();
  private readonly latencies = new Histogram();
  private duplicates = 0;
  private firstAt = 0;
  private lastAt = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<DeliveryMeter> {
    const server = createServer();
    const meter = new DeliveryMeter(server);
    server.on('request', (request, response) => {
      let n: number | null = null;
      request.on('data', (chunk: Buffer) => {
        n ??= Number(/"n":(\d+)/.exec(chunk.toString('latin1'))?.[1] ?? Number.NaN);
      });
      request.on('end', () => {
        if (n !== null && !Number.isNaN(n)) meter.arrived(n);
        response.writeHead(204).end();
      });
    });
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return meter;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  accepted(n: number, at: number, status: number, measured: boolean): void {
    if (status >= 200 && status <= 299) this.acceptedAt.set(n, { at, measured });
  }

  async finish(drainMs: number): Promise<NonNullable<LoadResult['deliveries']>> {
    const from = performance.now();
    while (this.missing() > 0 && performance.now() - from < drainMs) await sleep(20);
    const drainedAfterMs = performance.now() - from;
    for (const [n, { at, measured }] of this.acceptedAt) {
      const arrived = this.arrivedAt.get(n);
      if (measured && arrived !== undefined) this.latencies.add(Math.max(0, arrived - at));
    }
    const [p50Ms, p99Ms] = this.latencies.percentiles(50, 99) as [number, number];
    this.server.closeAllConnections();
    this.server.close();
    const seconds = Math.max(0.001, (this.lastAt - this.firstAt) / 1000);
    return {
      count: this.arrivedAt.size,
      perSecond: this.arrivedAt.size / seconds,
      p50Ms,
      p99Ms,
      missing: this.missing(),
      duplicates: this.duplicates,
      drainedAfterMs,
    };
  }

  private arrived(n: number): void {
    const now = performance.now();
    this.firstAt ||= now;
    this.lastAt = now;
    if (this.arrivedAt.has(n)) this.duplicates++;
    else this.arrivedAt.set(n, now);
  }

  private missing(): number {
    let count = 0;
    for (const n of this.acceptedAt.keys()) if (!this.arrivedAt.has(n)) count++;
    return count;
  }
}
