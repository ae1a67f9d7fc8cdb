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

  get held(): number {
    return this.#held;
  }
}
