import { Injectable, Logger } from '@nestjs/common';
import { type Alongside, type EventMeta, type EventStorePort, VersionConflictError } from '@sluice/event-store';
import { startWork, type TracedWork } from '@sluice/observability';
import { failpoint, InjectPool, InjectStore } from '@sluice/platform';
import type { Pool } from 'pg';
import { type DueRun, EffectWorker } from '../effects/effect.worker.ts';
import type { CompiledFlow } from '../flows/compiled-flow.ts';
import { FlowCatalog } from '../flows/flow-catalog.ts';
import type { Decision } from '../runs/decision.ts';
import { clock, momentNow } from '../runs/moment.ts';
import { appendsOf, type RunOrigin } from '../runs/run-appends.ts';
import { countFinished, countStarted } from '../runs/run-metrics.ts';
import { insertRuns } from '../runs/run-rows.ts';
import { emptyRun, foldRun, type RunState } from '../runs/run-state.ts';
import { RunNumbers } from './run-numbers.ts';
import { type StartRequest, startRun } from './start.rules.ts';
import { TimeSlice } from './time-slice.ts';

/** A run to start, with what its events carry. */
export interface PendingStart extends StartRequest {
  appId: string | null;
  meta: EventMeta;
  /** Bytes of the body that the input was read from. */
  inputBytes: number;
}

/** A run that has begun, and is durable. */
export interface StartedRun {
  run: RunState;
  origin: RunOrigin;
}

interface DecidedRun extends StartedRun {
  flow: CompiledFlow | null;
  decision: Decision;
  replyTo: string | null;
  work: TracedWork;
}

const log = new Logger('runner');
const MAX_CONFLICTS = 5;
/** A batch of small runs is one commit; large ones are committed in pieces of about so many bytes. */
const MAX_UNIT_BYTES = 8 * 1024 * 1024;

/** Begins runs: any number of them, whatever becomes of each. */
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
   * Starts the runs that do not exist yet; `alongside` (a checkpoint) commits with the last of them. Resolves when all
   * that is pure about them is done and durable; effects go on in the background.
   * @throws a transient error when the database is away; trying again is safe then.
   */
  async start(pending: readonly PendingStart[], alongside: readonly Alongside[] = []): Promise<StartedRun[]> {
    let todo = pending;
    let begun = new Map<string, RunState>();
    for (let conflicts = 0; ; conflicts++) {
      try {
        return await this.startAll(todo, begun, alongside);
      } catch (error) {
        if (!(error instanceof VersionConflictError) || conflicts >= MAX_CONFLICTS) throw error;
        begun = await this.streamsOf(todo);
        const before = todo.length;
        todo = todo.filter((each) => !begun.get(each.runId)?.started);
        log.debug(`${before - todo.length} of ${before} runs exist already`);
      }
    }
  }

  private async startAll(
    pending: readonly PendingStart[],
    begun: ReadonlyMap<string, RunState>,
    alongside: readonly Alongside[],
  ): Promise<StartedRun[]> {
    const numbers = await this.numbers.take(pending.length);
    const slice = new TimeSlice();
    const started: StartedRun[] = [];
    let unit: DecidedRun[] = [];
    let bytes = 0;
    for (const [index, each] of pending.entries()) {
      await slice.rest();
      const run = begun.get(each.runId) ?? emptyRun(each.runId);
      const decided = await this.decide(each, numbers[index] as number, run);
      unit.push(decided);
      started.push({ run, origin: decided.origin });
      bytes += decided.decision.bytes + each.inputBytes;
      if (bytes < MAX_UNIT_BYTES) continue;
      await this.commit(unit, []);
      unit = [];
      bytes = 0;
    }
    await this.commit(unit, alongside);
    return started;
  }

  private async decide(pending: PendingStart, number: number, run: RunState): Promise<DecidedRun> {
    const { flowId, mode, appId, meta } = pending;
    const work = startWork('runner.run', {
      parent: meta.traceparent,
      kind: 'consumer',
      attributes: { 'flow.id': flowId, 'run.id': pending.runId },
    });
    const flow = this.catalog.peek(flowId, mode) ?? (await this.catalog.forNewRun(flowId, mode));
    const decision = startRun(pending, flow, number, momentNow(clock()), run);
    const origin = { appId, meta: work.traceparent === undefined ? meta : { ...meta, traceparent: work.traceparent } };
    return { run, origin, flow, decision, replyTo: pending.trigger?.replyTo ?? null, work };
  }

  private async commit(unit: readonly DecidedRun[], alongside: readonly Alongside[]): Promise<void> {
    const due = this.worker.plan(unit.flatMap(dueRunOf));
    const rows = unit.map(({ origin, run }) => ({ appId: origin.appId, run }));
    failpoint('runner.before-start-commit');
    try {
      await this.store.commit({
        appends: unit.flatMap(({ origin, run, decision, replyTo }) =>
          appendsOf(run, decision.events, origin, answerOf(replyTo, decision)),
        ),
        alongside: [...(rows.length > 0 ? [insertRuns(rows)] : []), ...due.alongside, ...alongside],
      });
    } catch (error) {
      for (const { work } of unit) work.end(error);
      throw error;
    }
    failpoint('runner.after-start-commit');
    due.begin();
    for (const { run, work } of unit) {
      work.end();
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

function answerOf(replyTo: string | null, { next }: Decision) {
  return replyTo !== null && next.kind === 'finished' ? { replyTo, answer: next.answer } : null;
}

function dueRunOf({ origin, flow, run, decision }: DecidedRun): DueRun[] {
  const { next } = decision;
  return flow && next.kind !== 'finished' ? [{ origin, flow, run, next }] : [];
}
