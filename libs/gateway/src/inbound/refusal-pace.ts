import type { Socket } from 'node:net';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { metrics } from '@sluice/platform';
import { GATEWAY_LIMITS } from '../gateway.config.ts';

const TICK_MS = 10;
/** What may be answered at once after a quiet moment: a tenth of a second's worth. */
const BURST_TICKS = 10;
/** So many refusals whose connections have gone take one turn: letting go of them costs little, but not nothing. */
const GONE_PER_TURN = 10;
/** What strangers can bring about without knowing anything. */
const PACED: ReadonlySet<string> = new Set([
  'unauthorized',
  'forbidden',
  'unknown_trigger',
  'method_not_allowed',
  'too_many_requests',
]);

interface Waiting {
  connection: Socket;
  go: () => void;
}

/**
 * Answers to strangers are given at a bounded rate; past it they wait in line, and with them their connections, so that
 * whoever knocks 20,000 times a second cannot have the process think of nothing else. Below the rate nobody waits.
 *
 * A connection of which a refusal waits is not read from (decision 0300). Who sends on without waiting for answers would
 * otherwise have all of it read and judged: 10,000 a second took a fifth of the accepts of others. Up to 64 KiB of its
 * requests come with one read, though, and are in the line before it is known that the first is refused.
 */
@Injectable()
export class RefusalPace implements BeforeApplicationShutdown {
  readonly #perTick = Math.ceil((GATEWAY_LIMITS.pacedRefusalsPerS * TICK_MS) / 1000);
  #tokens = this.#perTick * BURST_TICKS;
  #filledAt = performance.now();
  #line: Waiting[] = [];
  /** Refusals that wait, by the connection that they will go out on. */
  readonly #held = new Map<Socket, number>();
  #timer: NodeJS.Timeout | null = null;
  #stopping = false;

  constructor() {
    metrics.gauge('sluice_gateway_waiting_refusals', 'Refusals that wait in line to be answered', [], (gauge) =>
      gauge.set(this.waiting),
    );
  }

  get waiting(): number {
    return this.#line.length;
  }

  /** Null when the refusal may be answered now, otherwise a promise of its turn. */
  turn(code: string, connection: Socket): Promise<void> | null {
    if (!PACED.has(code) || this.#stopping) return null;
    if (this.#line.length === 0) {
      this.#fill();
      if (this.#tokens >= 1) {
        this.#tokens--;
        return null;
      }
    }
    // Beyond a line of this length waiting would only collect connections.
    if (this.#line.length >= GATEWAY_LIMITS.maxWaitingRefusals) return null;
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    this.#hold(connection);
    return new Promise<void>((resolve) => {
      const go = (): void => {
        resolve();
        this.#letGo(connection);
      };
      this.#line.push({ connection, go });
    });
  }

  #hold(connection: Socket): void {
    const waiting = this.#held.get(connection) ?? 0;
    this.#held.set(connection, waiting + 1);
    // At once, because up to 32 reads of 64 KiB follow each other without a pause.
    connection.pause();
    if (waiting > 0) return;
    // And again: reading the bodies of the requests that came with this one resumes the socket.
    setImmediate(() => {
      if (this.#held.has(connection)) connection.pause();
    });
  }

  #letGo(connection: Socket): void {
    const left = (this.#held.get(connection) ?? 1) - 1;
    if (left > 0) {
      this.#held.set(connection, left);
      return;
    }
    this.#held.delete(connection);
    connection.resume();
  }

  #fill(): void {
    const now = performance.now();
    const ticks = Math.floor((now - this.#filledAt) / TICK_MS);
    if (ticks === 0) return;
    this.#filledAt += ticks * TICK_MS;
    this.#tokens = Math.min(this.#perTick * BURST_TICKS, this.#tokens + ticks * this.#perTick);
  }

  #tick(): void {
    this.#fill();
    for (const { go } of this.#nextInLine()) go();
    if (this.#line.length > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Who has gone does not hold up who still waits: an attack that is over left 14,000 turns in the line, seven seconds. */
  #nextInLine(): Waiting[] {
    let count = 0;
    for (; count < this.#line.length; count++) {
      const price = this.#line[count]?.connection.destroyed ? 1 / GONE_PER_TURN : 1;
      if (price > this.#tokens) break;
      this.#tokens -= price;
    }
    return this.#line.splice(0, count);
  }

  /** Nobody is left waiting by a process that stops. */
  beforeApplicationShutdown(): void {
    this.#stopping = true;
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    for (const { go } of this.#line.splice(0)) go();
  }
}
