import { Injectable } from '@nestjs/common';
import type { EventStorePort, StoredEvent } from '@sluice/event-store';
import { InjectPool, InjectStore } from '@sluice/platform';
import { Payloads } from '@sluice/payloads';
import type { Pool } from 'pg';
import type { RunOrigin } from './run-appends.ts';
import { RunInputs } from './run-input.ts';
import { foldRun, type RunState, setInput } from './run-state.ts';
import { fetchOutputs } from './stored-outputs.ts';

export interface LoadedRun {
  run: RunState;
  origin: RunOrigin;
}

/** Runs as their streams tell them. */
@Injectable()
export class RunReader {
  private readonly payloads: Payloads;

  constructor(
    @InjectStore('runner') private readonly store: EventStorePort,
    private readonly inputs: RunInputs,
    @InjectPool('runner') private readonly pool: Pool,
  ) {
    this.payloads = new Payloads(pool);
  }

  /** Null when there is no such stream. @throws a transient error when the database is away. */
  async load(runId: string): Promise<LoadedRun | null> {
    const events = await this.store.read(runId, { topic: 'runner.events' });
    const [first] = events;
    return first ? { run: await this.fold(runId, events), origin: { appId: first.appId, meta: first.meta } } : null;
  }

  /** The version of a run's last event; 0 when there is none. */
  async versionOf(runId: string): Promise<number> {
    const { rows } = await this.pool.query<{ version: number }>({
      name: 'runner_version',
      text: 'select version from runner.events where stream_id = $1 order by version desc limit 1',
      values: [runId],
    });
    return rows[0]?.version ?? 0;
  }

  private async fold(runId: string, events: readonly StoredEvent[]): Promise<RunState> {
    const run = foldRun(runId, events);
    await fetchOutputs(this.payloads, run);
    const payload = run.started?.inputPayload;
    if (payload === undefined) return run;
    const input = await this.inputs.ofPayload(payload);
    // A body that retention has taken reads as nothing, as an undefined name does.
    setInput(run, 'value' in input ? input.value : null);
    return run;
  }
}
