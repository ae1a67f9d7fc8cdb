import { Injectable } from '@nestjs/common';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { emptyRun } from '../runs/run-state.ts';
import type { PendingStart } from '../starting/pending-start.ts';
import type { FoundRun } from './runs.query.ts';

/** Runs without a request of their own, retries above all, while they wait for their turn. */
@Injectable()
export class WaitingStarts {
  constructor(@InjectPool('runner') private readonly pool: Pool) {}

  async find(runId: string): Promise<FoundRun | null> {
    const pending = await this.pending(runId);
    return pending && queuedRunOf(pending);
  }

  /** What its start waits with; null when it does not wait. */
  async pending(runId: string): Promise<PendingStart | null> {
    const { rows } = await this.pool.query<{ pending: string }>({
      name: 'runner_waiting_start',
      text: 'select pending from runner.ordered_runs where run_id = $1',
      values: [runId],
    });
    return rows[0] ? (JSON.parse(rows[0].pending) as PendingStart) : null;
  }
}

/** A run that has been asked for and has not begun. An input beside the events is not fetched for it. */
export function queuedRunOf(pending: PendingStart): FoundRun {
  const { runId, appId, meta, flowId, triggerId, mode, queuedAt, retryOf, input } = pending;
  const value = 'value' in input ? input.value : null;
  const queued = { flowId, triggerId, mode, queuedAt, input: value, ...(retryOf === undefined ? {} : { retryOf }) };
  return { run: emptyRun(runId), origin: { appId, meta }, queued };
}
