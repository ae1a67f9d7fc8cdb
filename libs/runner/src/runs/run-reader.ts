import { Injectable } from '@nestjs/common';
import type { EventStorePort, StoredEvent } from '@sluice/event-store';
import { InjectStore } from '@sluice/platform';
import type { RunOrigin } from './run-appends.ts';
import { RunInputs } from './run-input.ts';
import { foldRun, type RunState, setInput } from './run-state.ts';

export interface LoadedRun {
  run: RunState;
  origin: RunOrigin;
}

/** Runs as their streams tell them. */
@Injectable()
export class RunReader {
  constructor(
    @InjectStore('runner') private readonly store: EventStorePort,
    private readonly inputs: RunInputs,
  ) {}

  /** Null when there is no such stream. @throws a transient error when the database is away. */
  async load(runId: string): Promise<LoadedRun | null> {
    const events = await this.store.read(runId, { topic: 'runner.events' });
    const [first] = events;
    return first ? { run: await this.fold(runId, events), origin: { appId: first.appId, meta: first.meta } } : null;
  }

  private async fold(runId: string, events: readonly StoredEvent[]): Promise<RunState> {
    const run = foldRun(runId, events);
    const payload = run.started?.inputPayload;
    if (payload === undefined) return run;
    const input = await this.inputs.ofPayload(payload);
    // A body that retention has taken reads as nothing, as an undefined name does.
    setInput(run, 'value' in input ? input.value : null);
    return run;
  }
}
