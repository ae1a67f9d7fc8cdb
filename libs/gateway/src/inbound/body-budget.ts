import { Injectable } from '@nestjs/common';
import { metrics } from '@sluice/platform';
import { GATEWAY_LIMITS } from '../gateway.config.ts';

/**
 * Bytes of request bodies that this process holds, from their first byte to their answer. Each body is bounded by
 * itself; ten thousand senders that each leave a megabyte unfinished are bounded by this.
 */
@Injectable()
export class BodyBudget {
  #held = 0;
  /** What each client is sending at this moment; only bodies past the first bytes are counted. */
  readonly #receiving = new Map<string, number>();

  constructor() {
    metrics.gauge('sluice_gateway_body_bytes', 'Bytes of request bodies held at this moment', [], (gauge) =>
      gauge.set(this.#held),
    );
  }

  /** False, and nothing taken, when it would be too much. */
  take(bytes: number): boolean {
    if (this.#held + bytes > GATEWAY_LIMITS.maxHeldBodyBytes) return false;
    this.#held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }

  /**
   * Counts bytes of a body that is still arriving against its client, so that a few slow senders cannot hold what is
   * there for everybody. False, and nothing counted, when it would be more than one client's share.
   */
  receive(client: string, bytes: number): boolean {
    const sum = (this.#receiving.get(client) ?? 0) + bytes;
    if (sum > GATEWAY_LIMITS.maxReceivingBytesPerClient) return false;
    this.#receiving.set(client, sum);
    return true;
  }

  /** The body is there, or will never be. */
  received(client: string, bytes: number): void {
    const left = (this.#receiving.get(client) ?? 0) - bytes;
    if (left > 0) this.#receiving.set(client, left);
    else this.#receiving.delete(client);
  }

  get held(): number {
    return this.#held;
  }
}
