import { Injectable } from '@nestjs/common';
import type { EventBatch } from '@sluice/bus';
import { InjectPool } from '@sluice/platform';
import type { ClientBase, Pool } from 'pg';
import { restOfWindow } from './projection-window.ts';

/** Applies a batch and its checkpoint in one short transaction (a long one delays every reader of events). */
@Injectable()
export class ProjectionWriter {
  constructor(@InjectPool('delivery-log') private readonly pool: Pool) {}

  async apply(batch: EventBatch, write: (client: ClientBase) => Promise<void>): Promise<void> {
    const startedAtMs = Date.now();
    const client = await this.pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('begin');
      await write(client);
      await batch.checkpoint.saveWith(client);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback').catch((rollbackError: Error) => {
        broken = rollbackError;
      });
      throw error;
    } finally {
      client.release(broken);
    }
    await restOfWindow(startedAtMs, batch.events.length, batch.signal);
  }
}
