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
      await this.#rescueOf(last, partition.name);
    }
  }

  async #rescueOf(endpointId: number, partition: string): Promise<void> {
    const { rowCount } = await this.pool.query(
      `insert into delivery_log.endpoint_ring (${COLUMNS}, attempt_data)
       select ${COLUMNS}, coalesce((select array_agg(a.data order by a.number) from delivery_log.attempts a
           where a.delivery_id = d.id), '{}')
       from (select x.tableoid as part, x.* from delivery_log.deliveries x where x.endpoint_id = $1
         order by x.created_at desc, x.id desc limit ${RING}) d
       where d.part = 'delivery_log.${partition}'::regclass
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
