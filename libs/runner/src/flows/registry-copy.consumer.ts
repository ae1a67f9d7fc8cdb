import { Controller, Logger } from '@nestjs/common';
import { Consumes, type EventBatch } from '@sluice/bus';
import { failpoint, InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { FlowCatalog } from './flow-catalog.ts';
import { applyRegistryEvents, REGISTRY_EVENT_TYPES } from './registry-copy.projection.ts';

const log = new Logger('runner.flows');

/** Keeps the copy of flows and secrets in step with the registry; the group's one member writes, every replica tails. */
@Controller()
export class RegistryCopyConsumer {
  constructor(
    @InjectPool('runner') private readonly pool: Pool,
    private readonly catalog: FlowCatalog,
  ) {}

  @Consumes('registry.events', { group: 'runner:registry', types: REGISTRY_EVENT_TYPES })
  async onChanges(batch: EventBatch): Promise<void> {
    const client = await this.pool.connect();
    let failure: Error | undefined;
    try {
      await client.query('begin');
      await applyRegistryEvents(client, batch.events, batch.partition);
      await batch.checkpoint.saveWith(client);
      failpoint('runner.before-copy-commit');
      await client.query('commit');
      failpoint('runner.after-copy-commit');
    } catch (error) {
      failure = error as Error;
      throw error;
    } finally {
      // A client whose transaction failed is not worth repairing: the pool opens another.
      client.release(failure);
    }
    // The tables are right already; a failed refresh only means that the next poll sees it.
    this.catalog.refresh().catch((error: unknown) => log.warn(`refresh failed: ${(error as Error).message}`));
  }
}
