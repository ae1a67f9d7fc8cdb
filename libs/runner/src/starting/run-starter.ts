import { Injectable, Logger } from '@nestjs/common';
import { type Alongside, type EventMeta, type EventStorePort, VersionConflictError } from '@sluice/event-store';
import { failpoint, InjectPool, InjectStore } from '@sluice/platform';
import type { Pool } from 'pg';
import { FlowCatalog } from '../flows/flow-catalog.ts';
import type { CompiledFlow } from '../flows/compiled-flow.ts';
import { appendsOf, type RunOrigin } from '../runs/run-appends.ts';
import type { Decision } from '../runs/decision.ts';
import { clock, momentNow } from '../runs/moment.ts';
import { insertRuns } from '../runs/run-rows.ts';
import { emptyRun, foldRun, type RunState } from '../runs/run-state.ts';
import { type DueRun, EffectWorker } from '../effects/effect.worker.ts';
import { countFinished, countStarted } from '../runs/run-metrics.ts';
import { RunNumbers } from './run-numbers.ts';
import { type StartRequest, startRun } from './start.rules.ts';
import { TimeSlice } from './time-slice.ts';

/** A run to start, with what its events carry. */
export interface PendingStart extends StartRequest {
  appId: string | null;
  meta: EventMeta;
}

interface Started {
  pending: PendingStart;
  origin: RunOrigin;
  flow: CompiledFlow | null;
  run: RunState;
  decision: Decision;
}

const log = new Logger('runner');
const MAX_CONFLICTS = 5;

/** Begins runs: any number of them, whatever becomes of each, in one commit. */
@Injectable()
export class RunStarter {
  private readonly numbers: RunNumbers;

  constructor(
    @InjectStore('runner') private readonly store: EventStorePort,
    @InjectPool('runner') private readonly pool: Pool,
    private readonly catalog: FlowCatalog,
    private readonly worker: EffectWorker,
  ) {
    this.numbers = new RunNumbers(pool);
  }

  /**
   * Starts the runs that do not exist yet, together with `alongside` (a checkpoint). Resolves when all that is pure
   * about them is done and durable; effects go on in the background.
   * @throws a transient error when the database is away; nothing was started then, or the outcome is unknown and
   *   trying again is safe.
   */
  async start(pending: readonly PendingStart[], alongside: readonly Alongside[] = []): Promise<RunState[]> {
    let todo = pending;
    let begun = new Map<string, RunState>();
    for (let conflicts = 0; ; conflicts++) {
      const started = await this.decide(todo, begun);
      try {
        await this.commit(started, alongside);
        return started.map((each) => each.run);
      } catch (error) {
        if (!(error instanceof VersionConflictError) || conflicts >= MAX_CONFLICTS) throw error;
        begun = await this.streamsOf(todo);
        const before = todo.length;
        todo = todo.filter((each) => !begun.get(each.runId)?.started);
        log.debug(`${before - todo.length} of ${before} runs exist already`);
      }
    }
  }

  private async decide(pending: readonly PendingStart[], begun: ReadonlyMap<string, RunState>): Promise<Started[]> {
    const numbers = await this.numbers.take(pending.length);
    const started: Started[] = [];
    const slice = new TimeSlice();
    let time = clock();
    for (const [index, each] of pending.entries()) {
      if (slice.isOver) {
        await slice.rest();
        time = clock();
      }
      const flow = this.catalog.peek(each.flowId, each.mode) ?? (await this.catalog.forNewRun(each.flowId, each.mode));
      const run = begun.get(each.runId) ?? emptyRun(each.runId);
      const decision = startRun(each, flow, numbers[index] as number, momentNow(time), run);
      started.push({ pending: each, origin: originOf(each), flow, run, decision });
    }
    return started;
  }

  private async commit(started: readonly Started[], alongside: readonly Alongside[]): Promise<void> {
    const due = this.worker.plan(started.flatMap(dueRunOf));
    const rows = started.map(({ origin, run }) => ({ appId: origin.appId, run }));
    failpoint('runner.before-start-commit');
    await this.store.commit({
      appends: started.flatMap(({ origin, run, decision, pending }) =>
        appendsOf(run, decision.events, origin, answerOf(pending, decision)),
      ),
      alongside: [...(rows.length > 0 ? [insertRuns(rows)] : []), ...due.alongside, ...alongside],
    });
    failpoint('runner.after-start-commit');
    due.begin();
    for (const { run } of started) {
      countStarted(run);
      if (run.finished) countFinished(run);
    }
  }

  /** What is stored of these runs: nothing, a wish to cancel, or a run that began already. */
  private async streamsOf(pending: readonly PendingStart[]): Promise<Map<string, RunState>> {
    const { rows } = await this.pool.query<{ id: string }>({
      name: 'runner_existing',
      text: 'select stream_id as id from runner.events where stream_id = any($1::uuid[]) and version = 1',
      values: [pending.map((each) => each.runId)],
    });
    const streams = new Map<string, RunState>();
    for (const { id } of rows) streams.set(id, foldRun(id, await this.store.read(id, { topic: 'runner.events' })));
    return streams;
  }
}

function originOf(pending: PendingStart): RunOrigin {
  return { appId: pending.appId, meta: pending.meta };
}

function answerOf(pending: PendingStart, { next }: Decision) {
  const replyTo = pending.trigger?.replyTo ?? null;
  return replyTo !== null && next.kind === 'finished' ? { replyTo, answer: next.answer } : null;
}

function dueRunOf({ origin, flow, run, decision }: Started): DueRun[] {
  const { next } = decision;
  return flow && next.kind !== 'finished' ? [{ origin, flow, run, next }] : [];
}
