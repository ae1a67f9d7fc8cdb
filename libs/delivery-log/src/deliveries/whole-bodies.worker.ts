import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Payloads } from '@sluice/payloads';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';

const log = new Logger('delivery-log.whole-bodies');
const EVERY_MS = 60_000;
/** Longer than a sweep may be late: only endpoints that got a long body since are looked at. */
const LOOK_BACK_MS = 3_600_000;
const ROWS_PER_STATEMENT = 200;
/** ET-09: deliveries of each endpoint whose long bodies stay. */
export const RING = 100;

/** The deliveries with long bodies of an endpoint, by their last attempt: past the hundredth they are in no ring. */
const SURPLUS_SQL = `with fresh as (
    select distinct endpoint_uuid from delivery_log.whole_bodies where recorded_at > $1
  ), ranked as (
    select b.payload_id, dense_rank() over (partition by b.endpoint_uuid order by b.last_at desc, b.delivery_id desc) as place
    from (select payload_id, endpoint_uuid, delivery_id, max(at) over (partition by endpoint_uuid, delivery_id) as last_at
          from delivery_log.whole_bodies where endpoint_uuid in (select endpoint_uuid from fresh)) b
  ) select payload_id from ranked where place > $2 limit ${ROWS_PER_STATEMENT}`;

/**
 * ET-09 bounded: an endpoint keeps long bodies of its last hundred deliveries that have one; older ones are taken away a
 * minute later, and 64 KiB of each stay in the attempts. In short transactions; any number of replicas may do it at once.
 */
@Injectable()
export class WholeBodiesSweep implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly payloads: Payloads;
  #timer: NodeJS.Timeout | null = null;
  #sweeping: Promise<unknown> = Promise.resolve();
  /** After a start everything is looked at once. */
  #sinceMs = 0;

  constructor(@InjectPool('delivery-log') private readonly pool: Pool) {
    this.payloads = new Payloads(pool);
  }

  onApplicationBootstrap(): void {
    const everyMs = EVERY_MS * (0.9 + 0.2 * Math.random());
    this.#timer = setInterval(() => {
      this.#sweeping = this.sweep().catch((error: unknown) =>
        log.warn(`long bodies outside of the rings stay a while: ${(error as Error).message}`),
      );
    }, everyMs).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#sweeping;
  }

  /** @returns how many bodies were taken away. */
  async sweep(ring = RING): Promise<number> {
    const startedMs = Date.now();
    let count = 0;
    for (;;) {
      const { rows } = await this.pool.query<{ payload_id: string }>(SURPLUS_SQL, [new Date(this.#sinceMs), ring]);
      const ids = rows.map((row) => row.payload_id);
      // The body first: what ends in between is found again, and removing what is gone is no error.
      await this.payloads.remove(ids);
      await this.pool.query('delete from delivery_log.whole_bodies where payload_id = any($1::uuid[])', [ids]);
      count += ids.length;
      if (ids.length < ROWS_PER_STATEMENT) break;
    }
    this.#sinceMs = startedMs - LOOK_BACK_MS;
    return count;
  }
}
