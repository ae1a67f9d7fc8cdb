import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KnockResult } from './knocking.ts';
import type { LoadOrder } from './load-order.ts';

const TICK_MS = 5;
/** A sender who has no answer by then hangs up. */
const PATIENCE_MS = 1_000;

/** Sends each request on a new connection, at a rate, as far as this machine's kernel and the connections allow. */
export class FreshKnocking {
  private readonly order: LoadOrder;
  private readonly requests: Buffer[];
  private readonly statuses: Record<string, number> = {};
  private measuring = false;
  private open = 0;
  private sent = 0;
  private next = 0;

  constructor(order: LoadOrder) {
    this.order = order;
    const body = JSON.stringify({ filler: 'x'.repeat(order.bodyBytes - 13) });
    this.requests = order.targets.map(({ path, token }) =>
      Buffer.from(
        `POST ${path} HTTP/1.1\r\nhost: ${order.host}:${order.port}\r\ncontent-type: application/json\r\nauthorization: Bearer ${token}\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      ),
    );
  }

  async run(): Promise<KnockResult> {
    const { warmUpMs, durationMs, ratePerSecond = 0 } = this.order;
    const from = performance.now();
    const whenWarm = from + warmUpMs;
    for (let due = 0, now = from; now < whenWarm + durationMs; now = performance.now()) {
      this.measuring ||= now >= whenWarm;
      const wanted = Math.floor(((now - from) * ratePerSecond) / 1000);
      for (; due < wanted; due++) this.knock();
      await sleep(TICK_MS);
    }
    this.measuring = false;
    const seconds = durationMs / 1000;
    const answered = Object.values(this.statuses).reduce((sum, each) => sum + each, 0);
    return {
      askedPerSecond: ratePerSecond,
      sentPerSecond: this.sent / seconds,
      answeredPerSecond: answered / seconds,
      statuses: this.statuses,
      reconnects: 0,
    };
  }

  private knock(): void {
    if (this.open >= this.order.connections) return;
    this.open++;
    const socket = connect(this.order.port, this.order.host);
    socket.once('connect', () => {
      socket.write(this.requests[this.next++ % this.requests.length] as Buffer);
      if (this.measuring) this.sent++;
    });
    socket.once('data', (chunk) => {
      const status = chunk.toString('latin1', 9, 12);
      if (this.measuring) this.statuses[status] = (this.statuses[status] ?? 0) + 1;
      socket.destroy();
    });
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.once('error', () => socket.destroy());
    socket.once('close', () => this.open--);
  }
}
