import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadOrder } from './load-order.ts';

/** What came of knocking, per second of the measured time. */
export interface KnockResult {
  /** Requests that were due. */
  askedPerSecond: number;
  /** Requests that this machine's kernel took to send: the rest was due while the other side took no more. */
  sentPerSecond: number;
  answeredPerSecond: number;
  /** Answers by their status. */
  statuses: Record<string, number>;
  reconnects: number;
}

/** What one connection may have written and not sent before requests are left out. */
const MOST_UNSENT_BYTES = 65_536;
const STATUS_LINE = 'HTTP/1.1 ';
const TICK_MS = 5;

/**
 * Sends requests at a rate and waits for no answer: the next follows on the same connection at once (pipelined). It
 * costs the sender next to nothing, so that what it measures is not the sender: ready-made bytes, many in one write,
 * and of the answers only the status lines are counted.
 */
export class Knocking {
  private readonly order: LoadOrder;
  private readonly requests: Buffer[];
  private readonly sockets: Socket[];
  private readonly statuses: Record<string, number> = {};
  private measuring = false;
  private running = true;
  private asked = 0;
  private written = 0;
  private unsent = 0;
  private reconnects = 0;
  private next = 0;

  constructor(order: LoadOrder) {
    this.order = order;
    const body = JSON.stringify({ filler: 'x'.repeat(order.bodyBytes - 13) });
    this.requests = order.targets.map(({ path, token }) =>
      Buffer.from(
        `POST ${path} HTTP/1.1\r\nhost: ${order.host}:${order.port}\r\ncontent-type: application/json\r\nauthorization: Bearer ${token}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      ),
    );
    this.sockets = Array.from({ length: order.connections }, (_, index) => this.open(index));
  }

  async run(): Promise<KnockResult> {
    const { warmUpMs, durationMs, ratePerSecond = 0 } = this.order;
    const from = performance.now();
    const whenWarm = from + warmUpMs;
    for (let due = 0, now = from; now < whenWarm + durationMs; now = performance.now()) {
      if (!this.measuring && now >= whenWarm) {
        this.measuring = true;
        this.asked = 0;
        this.written = -this.pending();
      }
      const wanted = Math.floor(((now - from) * ratePerSecond) / 1000);
      this.knock(wanted - due);
      due = wanted;
      await sleep(TICK_MS);
    }
    this.unsent = this.pending();
    this.running = false;
    for (const socket of this.sockets) socket.destroy();
    const seconds = durationMs / 1000;
    const answered = Object.values(this.statuses).reduce((sum, each) => sum + each, 0);
    return {
      askedPerSecond: this.asked / seconds,
      sentPerSecond: (this.written - this.unsent) / seconds,
      answeredPerSecond: answered / seconds,
      statuses: this.statuses,
      reconnects: this.reconnects,
    };
  }

  /** Requests that were written and that the kernel has not taken. */
  private pending(): number {
    const bytes = this.sockets.reduce((sum, socket) => sum + socket.writableLength, 0);
    return Math.round(bytes / (this.requests[0] as Buffer).length);
  }

  /** So many requests, spread over the connections; those of a connection that is full are left out. */
  private knock(count: number): void {
    this.asked += count;
    const share = Math.ceil(count / this.sockets.length);
    for (let left = count; left > 0; left -= share) {
      const socket = this.sockets[this.next++ % this.sockets.length] as Socket;
      if (socket.connecting || socket.destroyed || socket.writableLength > MOST_UNSENT_BYTES) continue;
      const batch = Math.min(share, left);
      for (let index = 0; index < batch; index++) {
        socket.write(this.requests[(this.next + index) % this.requests.length] as Buffer);
      }
      this.written += batch;
    }
  }

  private open(index: number): Socket {
    const socket = connect(this.order.port, this.order.host);
    socket.on('data', (chunk) => this.count(chunk.toString('latin1')));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (!this.running) return;
      this.reconnects++;
      setTimeout(() => {
        if (this.running) this.sockets[index] = this.open(index);
      }, 100);
    });
    return socket;
  }

  /** A status line that two chunks share is not counted: one in hundreds. */
  private count(text: string): void {
    if (!this.measuring || !this.running) return;
    for (let at = text.indexOf(STATUS_LINE); at >= 0; at = text.indexOf(STATUS_LINE, at + 12)) {
      const status = text.slice(at + 9, at + 12);
      this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    }
  }
}
