import { Injectable } from '@nestjs/common';
import { isUuid, type RunStarted, type StepCompleted, type TriggerAccepted } from '@sluice/contracts';
import type { EventStorePort } from '@sluice/event-store';
import { PayloadError, Payloads } from '@sluice/payloads';
import { InjectPool, InjectStore } from '@sluice/platform';
import type { Pool } from 'pg';

/** A retry of a retry of …: files of what was taken over lie with the run that made them. */
const MAX_ANCESTORS = 20;

/** Files that came with a run's request, or that its steps put out. */
@Injectable()
export class RunFiles {
  private readonly payloads: Payloads;

  constructor(
    @InjectStore('runner') private readonly store: EventStorePort,
    @InjectPool('runner') private readonly pool: Pool,
  ) {
    this.payloads = new Payloads(pool);
  }

  /**
   * Only what the run itself was given or has stored: a flow can put any id into its outputs, and another app's file
   * must not come out that way.
   * @returns null when the run has no such file, or it is no longer stored.
   * @throws a transient error when the database is away.
   */
  async bytesOf(runId: string, payloadId: string): Promise<Buffer | null> {
    if (!isUuid(payloadId) || !(await this.belongs(runId, payloadId.toLowerCase()))) return null;
    try {
      return await this.payloads.get(payloadId.toLowerCase());
    } catch (error) {
      if (error instanceof PayloadError && error.code === 'unknown') return null;
      throw error;
    }
  }

  private async belongs(runId: string, payloadId: string): Promise<boolean> {
    let id: string | undefined = runId;
    for (let ancestors = 0; id !== undefined && ancestors <= MAX_ANCESTORS; ancestors++) {
      const events = await this.store.read(id, { topic: 'runner.events' });
      const ofSteps = events.some(({ data }) => (data as Partial<StepCompleted>).payloads?.includes(payloadId));
      if (ofSteps) return true;
      const started = events.find(({ type }) => type === 'RunStarted')?.data as RunStarted | undefined;
      if (started?.inputPayload?.fileIds?.includes(payloadId)) return true;
      if (started?.requestId && (await this.cameWith(started.requestId, payloadId))) return true;
      id = started?.retryOf;
    }
    return false;
  }

  private async cameWith(requestId: string, payloadId: string): Promise<boolean> {
    const { rows } = await this.pool.query<{ data: string }>({
      name: 'runner_files_of_request',
      text: `select data from gateway.events where stream_id = $1 and version = 1 and type = 'TriggerAccepted'`,
      values: [requestId],
    });
    const data = rows[0] && (JSON.parse(rows[0].data) as TriggerAccepted);
    return data?.fileIds?.includes(payloadId) ?? false;
  }
}
