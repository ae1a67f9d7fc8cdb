import { Injectable } from '@nestjs/common';
import { isUuid, type TriggerAccepted } from '@sluice/contracts';
import type { EventMeta } from '@sluice/event-store';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import type { RunOrigin } from '../runs/run-appends.ts';
import { RunInputs } from '../runs/run-input.ts';
import { type LoadedRun, RunReader } from '../runs/run-reader.ts';
import { emptyRun, type RunState } from '../runs/run-state.ts';
import type { QueuedRun } from './run-resource.ts';
import { WaitingStarts } from './waiting-starts.ts';

/** A run with what its first event, or its request, says about it. */
export interface FoundRun {
  run: RunState;
  origin: RunOrigin;
  queued: QueuedRun | null;
}

/** The trigger that started a run, or null for one that a person started. */
export function triggerIdOf(found: FoundRun): string | null {
  return found.run.started?.triggerId ?? found.queued?.triggerId ?? null;
}

/** More retries of one run are not named. */
const MAX_RETRIES_SHOWN = 100;

@Injectable()
export class RunsQueries {
  constructor(
    @InjectPool('runner') private readonly pool: Pool,
    private readonly reader: RunReader,
    private readonly inputs: RunInputs,
    private readonly waiting: WaitingStarts,
  ) {}

  /** The id of a run that is named by its id or by its number (ET-11); null when it is neither, or nothing has that number. */
  async idOf(name: string): Promise<string | null> {
    if (isUuid(name)) return name.toLowerCase();
    if (!/^[1-9]\d{0,17}$/.test(name)) return null;
    const { rows } = await this.pool.query<{ id: string }>('select id from runner.runs where number = $1', [name]);
    return rows[0]?.id ?? null;
  }

  /** Also a run that was accepted and has not begun; null when there is neither. */
  find(runId: string): Promise<FoundRun | null> {
    return this.findBy(runId, () => this.reader.load(runId));
  }

  /** The same, only to be shown: of very many steps the first and the last, and files in place of large outputs. */
  findToShow(runId: string): Promise<FoundRun | null> {
    return this.findBy(runId, () => this.reader.loadToShow(runId));
  }

  private async findBy(runId: string, load: () => Promise<LoadedRun | null>): Promise<FoundRun | null> {
    const loaded = await load();
    if (loaded?.run.started) return { ...loaded, queued: null };
    const accepted = (await this.findAccepted(runId)) ?? (await this.waiting.find(runId));
    if (accepted) return { ...accepted, run: loaded?.run ?? accepted.run };
    // What waited for its turn may have begun between the looks.
    const begun = await load();
    return begun?.run.started ? { ...begun, queued: null } : null;
  }

  /** The runs that have begun as retries of this one, newest first. */
  async retriesOf(runId: string): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>({
      name: 'runner_retries_of',
      text: `select id from runner.runs where retry_of = $1 order by id desc limit ${MAX_RETRIES_SHOWN}`,
      values: [runId],
    });
    return rows.map(({ id }) => id);
  }

  private async findAccepted(runId: string): Promise<FoundRun | null> {
    const { rows } = await this.pool.query<{ app_id: string | null; data: string; meta: string; body: Buffer | null }>({
      name: 'runner_accepted',
      text: `select e.app_id, e.data, e.meta, b.bytes as body from gateway.events e
        left join gateway.events_bodies b on b.stream_id = e.stream_id and b.version = e.version
        where e.stream_id = $1 and e.version = 1 and e.type = 'TriggerAccepted'`,
      values: [runId],
    });
    const row = rows[0];
    if (!row) return null;
    const data = JSON.parse(row.data) as TriggerAccepted;
    const input = await this.inputs.ofTrigger(data, row.body);
    return {
      run: emptyRun(runId),
      origin: { appId: row.app_id, meta: JSON.parse(row.meta) as EventMeta },
      queued: {
        flowId: data.flowId,
        triggerId: data.triggerId,
        mode: data.mode,
        queuedAt: data.receivedAt,
        input: 'value' in input ? input.value : null,
      },
    };
  }
}
