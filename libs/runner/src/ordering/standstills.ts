import { Injectable, Logger } from '@nestjs/common';
import { isTransientError } from '@sluice/event-store';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { RunReader } from '../runs/run-reader.ts';
import type { PendingStart } from '../starting/pending-start.ts';
import { TurnStarts } from '../starting/turn-starts.ts';
import { circleOf, type QueuedChild } from './standstill.rules.ts';

const log = new Logger('runner.ordering');
/** Looked at together. Runs that others wait for are few in a queue. */
const MAX_CHILDREN = 1_000;

/** One statement, so that all of it is of one moment: what has begun meanwhile would look like a circle. */
const QUEUED = `select o.run_id as "runId", string_to_array(o.above, ',') as above,
    array(select h.run_id::text from runner.ordering_heads h where h.scope = regexp_replace(o.ordering_key, '/child$', '')) as holders
  from runner.ordered_runs o where o.above is not null order by o.number limit ${MAX_CHILDREN}`;

/**
 * Limited flows that call each other can come to wait in a circle: each run has its place and waits for another run that waits for such a
 * place. Then one of them begins in the place of a run that waits for it, which does nothing meanwhile (decision 0331).
 */
@Injectable()
export class Standstills {
  constructor(
    @InjectPool('runner') private readonly pool: Pool,
    private readonly reader: RunReader,
    private readonly turns: TurnStarts,
  ) {}

  /** @throws a transient error when the database is away. */
  async resolve(): Promise<void> {
    let { rows } = await this.pool.query<QueuedChild>({ name: 'runner_queued_children', text: QUEUED });
    for (let circle = circleOf(rows); circle !== null; circle = circleOf(rows)) {
      const done: QueuedChild[] = [];
      for (const child of circle) if (!(await this.isWaitedFor(child))) done.push(child);
      const [first] = circle;
      if (done.length === 0 && first) {
        await this.begin(first);
        done.push(first);
      }
      rows = rows.filter((each) => !done.includes(each));
    }
  }

  /** A time-out may have ended the waiting of a run, which then goes on. */
  private async isWaitedFor({ runId, above }: QueuedChild): Promise<boolean> {
    let step = (await this.pendingOf(runId))?.parent?.step;
    for (const id of above.toReversed()) {
      const run = (await this.reader.load(id))?.run;
      const state = step === undefined ? undefined : run?.steps.get(step);
      if (!run || run.finished || !state || state.finishedAt !== null) return false;
      step = run.started?.parent?.step;
    }
    return true;
  }

  private async begin({ runId }: QueuedChild): Promise<void> {
    const pending = await this.pendingOf(runId);
    if (!pending) return;
    try {
      if (await this.turns.startInPlaceOfWaiting(pending))
        log.log(`run ${runId} begins in the place of one that waits for it`);
    } catch (error) {
      if (isTransientError(error)) throw error;
      log.error(`run ${runId}, which others wait for in a circle, cannot be started: ${(error as Error).message}`);
    }
  }

  private async pendingOf(runId: string): Promise<PendingStart | null> {
    const { rows } = await this.pool.query<{ pending: string }>({
      name: 'runner_queued_child',
      text: 'select pending from runner.ordered_runs where run_id = $1',
      values: [runId],
    });
    return rows[0] ? (JSON.parse(rows[0].pending) as PendingStart) : null;
  }
}
