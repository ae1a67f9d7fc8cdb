import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryMeter } from './delivery-meter.ts';
import { Histogram } from './histogram.ts';
import type { LoadOrder, LoadResult } from './load-order.ts';
import { RawConnection } from './raw-connection.ts';

/** Fires what an order says and measures; one use. */
export class LoadRun {
  private readonly latencies = new Histogram();
  private readonly non2xx: Record<string, number> = {};
  private readonly connections: RawConnection[];
  private readonly heads: string[];
  private readonly filler: string;
  /** Ready-made requests, one per target, when bodies are fixed. */
  private readonly messages: Buffer[] | null;
  private requests = 0;
  private errors = 0;
  private sequence = 0;
  private measuring = false;
  private running = true;

  constructor(
    private readonly order: LoadOrder,
    private readonly meter: DeliveryMeter | null,
  ) {
    this.connections = Array.from(
      { length: order.connections },
      () => new RawConnection(order.host, order.port, () => undefined),
    );
    this.filler = 'x'.repeat(order.bodyBytes);
    this.heads = order.targets.map(
      ({ path, token }) =>
        `POST ${path} HTTP/1.1\r\nhost: ${order.host}:${order.port}\r\ncontent-type: application/json\r\n${token ? `authorization: Bearer ${token}\r\n` : ''}content-length: ${order.bodyBytes}\r\n`,
    );
    this.sequence = order.firstN ?? 0;
    this.messages = order.fixedBodies ? order.targets.map((_, index) => this.messageTo(index, index)) : null;
  }

  /** A whole request with the body of this number, signed as GitHub does where the target has a secret. */
  private messageTo(target: number, n: number): Buffer {
    const start = `{"n":${n},"filler":"`;
    const body = `${start}${this.filler.slice(0, this.order.bodyBytes - start.length - 2)}"}`;
    const secret = this.order.targets[target]?.signingSecret;
    const signature =
      secret === undefined
        ? ''
        : `x-hub-signature-256: sha256=${createHmac('sha256', secret).update(body).digest('hex')}\r\n`;
    return Buffer.from(`${this.heads[target] as string}${signature}\r\n${body}`, 'latin1');
  }

  async run(): Promise<LoadResult> {
    const { order } = this;
    if (order.ratePerSecond === undefined) for (const connection of this.connections) this.loop(connection);
    const open = order.ratePerSecond === undefined ? null : this.openLoop(order.ratePerSecond);
    await sleep(order.warmUpMs);
    this.measuring = true;
    const from = performance.now();
    await sleep(order.durationMs);
    const seconds = (performance.now() - from) / 1000;
    this.measuring = false;
    this.running = false;
    await open;
    const [p50Ms, p99Ms, maxMs] = this.latencies.percentiles(50, 99, 100) as [number, number, number];
    const deliveries = await this.meter?.finish(order.drainMs ?? 10_000);
    for (const connection of this.connections) connection.close();
    const result = {
      requests: this.requests,
      errors: this.errors,
      non2xx: this.non2xx,
      perSecond: this.requests / seconds,
      p50Ms,
      p99Ms,
      maxMs,
    };
    return deliveries ? { ...result, deliveries } : result;
  }

  private loop(connection: RawConnection): void {
    if (this.running) this.fire(connection, performance.now(), () => this.loop(connection));
  }

  /** Latency is counted from the moment a request was due, so that waiting for a free connection is not hidden. */
  private async openLoop(ratePerSecond: number): Promise<void> {
    const from = performance.now();
    const due: number[] = [];
    const next = (connection: RawConnection): void => {
      const dueAt = due.shift();
      if (dueAt !== undefined) this.fire(connection, dueAt, () => next(connection));
    };
    for (let sent = 0; this.running; ) {
      const now = performance.now();
      for (; sent < ((now - from) * ratePerSecond) / 1000; sent++) due.push(from + (sent * 1000) / ratePerSecond);
      for (const connection of this.connections) {
        if (due.length === 0) break;
        if (connection.isIdle) next(connection);
      }
      await sleep(1);
    }
  }

  private fire(connection: RawConnection, dueAt: number, then: () => void): void {
    const n = this.sequence++;
    const target = n % this.heads.length;
    const measured = this.measuring;
    connection.send(this.messages?.[target] ?? this.messageTo(target, n), (status) => {
      const now = performance.now();
      this.meter?.accepted(n, now, status, measured);
      if (measured) this.count(status, now - dueAt);
      then();
    });
  }

  private count(status: number, ms: number): void {
    if (status === 0) this.errors++;
    else if (status < 200 || status > 299) this.non2xx[status] = (this.non2xx[status] ?? 0) + 1;
    else {
      this.requests++;
      this.latencies.add(ms);
    }
  }
}
