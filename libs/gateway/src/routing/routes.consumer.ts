import { Controller, Logger } from '@nestjs/common';
import { Consumes, type EventBatch } from '@sluice/bus';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { RouteTable } from './route-table.ts';
import { applyRoutingEvents, ROUTING_EVENT_TYPES } from './routes.projection.ts';

const log = new Logger('gateway.routes');

/** Keeps the routing tables in step with the registry; the group's one member writes, every replica tails. */
@Controller()
export class RoutesConsumer {
  constructor(
    @InjectPool('gateway') private readonly pool: Pool,
    private readonly routes: RouteTable,
  ) {}

  @Consumes('registry.events', { group: 'gateway', types: ROUTING_EVENT_TYPES })
  async on(batch: EventBatch): Promise<void> {
    const client = await this.pool.connect();
    let failure: Error | undefined;
    try {
      await client.query('begin');
      await applyRoutingEvents(client, batch.events, batch.partition);
      await batch.checkpoint.saveWith(client);
      await client.query('commit');
    } catch (error) {
      failure = error as Error;
      throw error;
    } finally {
      // A client whose transaction failed is not worth repairing: the pool opens another.
      client.release(failure);
    }
    // The tables are right already; a failed refresh only means that the next poll sees it.
    this.routes.refresh().catch((error: unknown) => log.warn(`refresh failed: ${(error as Error).message}`));
  }
}
