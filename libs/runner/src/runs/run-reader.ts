import { Injectable } from '@nestjs/common';
import { type EventStorePort, lastVersionSql } from '@sluice/event-store';
import { InjectPool, InjectStore } from '@sluice/platform';
import { Payloads } from '@sluice/payloads';
import type { Pool } from 'pg';
import type { RunOrigin } from './run-appends.ts';
import { RunInputs } from './run-input.ts';
import { applyStored, emptyRun, type RunState, setInput } from './run-state.ts';
import { forgetMiddle } from './shown-steps.rules.ts';
import { fetchOutputs } from './stored-outputs.ts';

/** Events that are read at a time. */
const PAGE = 500;

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
    const loaded = await this.fold(runId, () => {});
    if (loaded) await fetchOutputs(this.payloads, loaded.run);
    return loaded;
  }

  /** The same, only to be shown: without large outputs, and of very many steps with the first and last ones only. */
  async loadToShow(runId: string): Promise<LoadedRun | null> {
    return this.fold(runId, forgetMiddle);
  }

  /** The version of a run's last event; 0 when there is none. */
  async versionOf(runId: string): Promise<number> {
    const { rows } = await this.pool.query<{ version: number }>({
      name: 'runner_version',
      text: `select ${lastVersionSql('runner.events', 'e')} as version from runner.events e
        where e.stream_id = $1 order by e.version desc limit 1`,
      values: [runId],
    });
    return rows[0]?.version ?? 0;
  }

  /** In pages: the events of a run of 10,000 calls have many times the bytes of the run. */
  private async fold(runId: string, afterPage: (run: RunState) => void): Promise<LoadedRun | null> {
    const run = emptyRun(runId);
    let origin: RunOrigin | null = null;
    for (let isLast = false; !isLast; ) {
      const range = { topic: 'runner.events', fromVersion: run.version + 1, limit: PAGE } as const;
      const events = await this.store.read(runId, range);
      for (const event of events) applyStored(run, event);
      const [first] = events;
      if (first) origin ??= { appId: first.appId, meta: first.meta };
      afterPage(run);
      isLast = events.length < PAGE;
    }
    if (origin === null) return null;
    const payload = run.started?.inputPayload;
    if (payload !== undefined) {
      const input = await this.inputs.ofPayload(payload);
      // A body that retention has taken reads as nothing, as an undefined name does.
      setInput(run, 'value' in input ? input.value : null);
    }
    return { run, origin };
  }
}
