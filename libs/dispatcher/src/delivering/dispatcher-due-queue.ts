import { Inject, Injectable, Logger } from '@nestjs/common';
import { DueQueue } from '@sluice/due-queue';
import { InjectPool, InjectSettings, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { DeliveringConfig } from './delivering.config.ts';

const log = new Logger('dispatcher.due');

/** What a delivery's row holds. Its id is the delivery's, its key the endpoint's uuid. */
export interface DuePayload {
  eventId: string;
  /** Attempts finished so far. */
  number: number;
  /** Events of the delivery's stream so far. */
  version: number;
  /** Attempts finished in this round; a person's retry begins a new one. */
  tries: number;
}

/** The deliveries that wait for their time, or for room in memory. */
@Injectable()
export class DispatcherDueQueue extends DueQueue {
  constructor(
    @InjectPool('dispatcher') pool: Pool,
    @InjectSettings() settings: Settings,
    @Inject(DeliveringConfig) config: DeliveringConfig,
  ) {
    super({
      pool,
      schema: 'dispatcher',
      owner: settings.instanceId,
      leaseMs: config.leaseMs,
      onError: (error, doing) => log.warn(`could not ${doing}, trying again: ${(error as Error).message}`),
    });
  }
}
