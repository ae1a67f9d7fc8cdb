import { InjectPool } from '@sluice/platform';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import type { Partition } from './day-partitions.ts';

/** ET-09: so many of an endpoint's deliveries stay, whatever their age. */
export const RING = 100;

const COLUMNS = `id, app_id, event_id, event_type, endpoint_id, endpoint_uuid, endpoint_name, run_id, status, attempts,
  created_at, next_attempt_at, reason, last_status`;

/**
 * The last deliveries of an endpoint are not copied while they are young: they are in the log. Before a partition is
 * dropped, those in it that are among the last 100 of their endpoint go into a table of their own, with their attempts.
 * So the ring costs nothing where things move, and endpoints that seldom get something keep what they got.
 */
@Injectable()
export class EndpointRing {
  constructor(@InjectPool('delivery-log') private readonly pool: Pool) {}

  /** Endpoint by endpoint, because a long transaction delays every reader of events. */
  async rescue(partition: Pick<Partition, 'name'>): Promise<void> {
    for (let last = -1; ; ) {
      const { rows } = await this.pool.query<{ id: number }>(
        `select endpoint_id as id from delivery_log.${partition.name} where endpoint_id > $1 order by endpoint_id limit 1`,
        [last],
      );
      if (!rows[0]) return;
      last = rows[0].id;
      await this.#rescueOf(last, `d.part = 'delivery_log.${partition.name}'::regclass`);
    }
  }

  /**
   * Before a model that was built again takes the place of the live one: of each endpoint's last 100 those whose events are not
   * kept any more, so that it does not have them; and which integer and uuid are the same endpoint.
   * @param shadow the schema of the new one
   * @param onProgress called now and then: ten thousand endpoints take half a minute
   */
  async rescueMissing(shadow: string, onProgress: () => Promise<void>): Promise<void> {
    await this.pool.query(
      `insert into ${shadow}.endpoint_ids select * from delivery_log.endpoint_ids on conflict do nothing`,
    );
    // What came within the hour is on its way there.
    const isMissing = `d.created_at < now() - interval '1 hour'
      and not exists (select 1 from ${shadow}.deliveries s where s.id = d.id)`;
    for (let last = -1, n = 1; ; n++) {
      if (n % 500 === 0) await onProgress();
      const { rows } = await this.pool.query<{ id: number }>(
        'select endpoint_id as id from delivery_log.endpoint_ids where endpoint_id > $1 order by endpoint_id limit 1',
        [last],
      );
      if (!rows[0]) return;
      last = rows[0].id;
      await this.#rescueOf(last, isMissing);
    }
  }

  /** @param which condition on `d`: which of the last 100 are copied */
  async #rescueOf(endpointId: number, which: string): Promise<void> {
    const { rowCount } = await this.pool.query(
      `insert into delivery_log.endpoint_ring (${COLUMNS}, attempt_data)
       select ${COLUMNS}, coalesce((select array_agg(a.data order by a.number) from delivery_log.attempts a
           where a.delivery_id = d.id), '{}')
       from (select x.tableoid as part, x.* from delivery_log.deliveries x where x.endpoint_id = $1
         order by x.created_at desc, x.id desc limit ${RING}) d
       where ${which}
       on conflict (endpoint_id, id) do nothing`,
      [endpointId],
    );
    if (rowCount === 0) return;
    await this.pool.query(
      `delete from delivery_log.endpoint_ring r where r.endpoint_id = $1 and r.id not in (
         select id from delivery_log.endpoint_ring where endpoint_id = $1 order by created_at desc, id desc limit ${RING})`,
      [endpointId],
    );
  }
}
