import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { nextTickMs } from '@sluice/cron';
import type { Claim } from '@sluice/due-queue';
import { AlongsideConflictError, type EventStorePort, isTransientError } from '@sluice/event-store';
import { InjectPool, InjectStore } from '@sluice/platform';
import type { Pool } from 'pg';
import { EffectWorker } from '../effects/effect.worker.ts';
import { FlowCatalog } from '../flows/flow-catalog.ts';
import { RunStarter } from '../starting/run-starter.ts';
import type { ScheduleRow } from './schedule-copy.ts';
import { startOf } from './tick.rules.ts';

const log = new Logger('runner.schedules');

/**
 * Starts a run at each tick (FL-08). The run's start and the next time are one commit under the fence of the due row, so
 * that a tick is neither lost nor run twice, however many runners there are; ticks that were missed are run once.
 */
@Injectable()
export class ScheduleWorker implements OnModuleInit {
  constructor(
    @InjectStore('runner') private readonly store: EventStorePort,
    @InjectPool('runner') private readonly pool: Pool,
    private readonly worker: EffectWorker,
    private readonly catalog: FlowCatalog,
    private readonly starter: RunStarter,
  ) {}

  onModuleInit(): void {
    this.worker.onTick('schedule', (claim) => this.tick(claim));
  }

  private async tick(claim: Claim): Promise<void> {
    const { queue } = this.worker;
    const { rows } = await this.pool.query<ScheduleRow>('select * from runner.schedules where id = $1', [claim.id]);
    const schedule = rows[0];
    const nowMs = Date.now();
    const tickMs = claim.dueAt.getTime();
    const next = schedule ? nextTickMs(schedule.cron, schedule.time_zone, Math.max(nowMs, tickMs)) : null;
    const moved = next === null ? queue.complete([claim]) : queue.reschedule([{ claim, dueAt: new Date(next) }]);
    try {
      const flow = schedule ? await this.catalog.find(schedule.flow_id) : null;
      const runs = schedule && flow?.status === 'active' && flow.publishedVersion !== null;
      if (runs) await this.starter.start([startOf(schedule, tickMs, nowMs)], [moved]);
      else await this.store.commit({ appends: [], alongside: [moved] });
    } catch (error) {
      // Somebody else has the tick, or the schedule was deleted.
      if (!(error instanceof AlongsideConflictError) || isTransientError(error)) throw error;
      log.debug(`the tick of schedule ${claim.id} is not ours any more`);
    }
  }
}
