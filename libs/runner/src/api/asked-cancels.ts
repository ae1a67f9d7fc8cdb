import { Injectable, Logger } from '@nestjs/common';
import type { BusEvent } from '@sluice/bus';
import { AppError } from '@sluice/contracts';
import { runnerError } from '../runner.errors.ts';
import { RunCanceller } from './run-canceller.ts';
import { type FoundRun, RunsQueries } from './runs.query.ts';

const log = new Logger('runner');

/** Carries out what the gateway was asked by holders of a trigger's credential: `RunCancelAsked`. */
@Injectable()
export class AskedCancels {
  constructor(
    private readonly runs: RunsQueries,
    private readonly canceller: RunCanceller,
  ) {}

  /** A run that is over, or whose request retention has taken, stays as it is. @throws a transient error. */
  async cancel({ streamId, meta }: BusEvent): Promise<void> {
    const actor = meta.actor ?? { type: 'system', id: 'gateway' };
    try {
      await this.canceller.cancel(() => this.find(streamId), actor);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      log.debug(`run ${streamId} is not cancelled: ${error.code}`);
    }
  }

  private async find(runId: string): Promise<FoundRun> {
    const found = await this.runs.find(runId);
    if (found === null) throw runnerError('run_not_found', `there is no run ${runId}`);
    return found;
  }
}
