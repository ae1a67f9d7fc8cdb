import { Injectable, Logger } from '@nestjs/common';
import {
  type Alongside,
  AlongsideConflictError,
  type EventStorePort,
  isTransientError,
  VersionConflictError,
} from '@sluice/event-store';
import { startWork, type TracedWork } from '@sluice/observability';
import { Payloads } from '@sluice/payloads';
import { failpoint, InjectPool, InjectStore } from '@sluice/platform';
import type { Pool } from 'pg';
import { type DueRun, EffectWorker } from '../effects/effect.worker.ts';
import { rowsOfEnd, scheduled } from '../children/child-rows.ts';
import { type CompiledFlow, DEFAULT_PRIORITY } from '../flows/compiled-flow.ts';
import { FlowCatalog } from '../flows/flow-catalog.ts';
import type { Decision } from '../runs/decision.ts';
import { AppLimits } from '../ordering/app-limits.ts';
import { rankOf } from '../ordering/limit.rules.ts';
import { OrderingQueue, type WaitingStart } from '../ordering/ordering-queue.ts';
import { clock, momentNow } from '../runs/moment.ts';
import { appendsOf, type RunOrigin } from '../runs/run-appends.ts';
import { countFinished, countStarted } from '../runs/run-metrics.ts';
import { insertRuns } from '../runs/run-rows.ts';
import { approvalRows } from '../waiting/approval-rows.ts';
import { emptyRun, foldRun, type RunState } from '../runs/run-state.ts';
import { takenOutputs } from '../runs/stored-outputs.ts';
import { RunNumbers } from './run-numbers.ts';
import { completed } from '../runs/completed.ts';
import { advance } from '../runs/run.decider.ts';
import { startRun } from './start.rules.ts';
import type { PendingStart } from './pending-start.ts';
import { TimeSlice } from './time-slice.ts';

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
  private readonly payloads: Payloads;

  constructor(
    @InjectStore('runner') private readonly store: EventStorePort,
    @InjectPool('runner') private readonly pool: Pool,
    private readonly catalog: FlowCatalog,
    private readonly worker: EffectWorker,
    private readonly ordering: OrderingQueue,
    private readonly limits: AppLimits,
  ) {
    this.numbers = new RunNumbers(pool);
    this.payloads = new Payloads(pool);
  }

  /**
   * Starts the runs that do not exist yet; `alongside` (a checkpoint) commits with the last of them. Resolves when all
   * that is pure about them is done and durable; effects go on in the background. Runs that may have to wait (for their turn,
   * or for a place) only enter their queue by this, and are not among those returned.
   * @throws a transient error when the database is away; trying again is safe then.
   */
  async start(pending: readonly PendingStart[], alongside: readonly Alongside[] = []): Promise<StartedRun[]> {
    const waiting: WaitingStart[] = [];
    const others: PendingStart[] = [];
    for (const each of pending) {
      const found = this.flowOf(each);
      // Nothing is waited for where the flow is at hand, which it is nearly always.
      const flow = found instanceof Promise ? await found : found;
      const key = this.limits.queueOf(each, flow);
      if (key === null) others.push(each);
      else waiting.push({ key, rank: rankOf(flow?.priority ?? DEFAULT_PRIORITY), pending: each });
    }
    if (waiting.length === 0) return this.startUnordered(pending, alongside);
    const started = await this.startUnordered(others, [this.ordering.enter(waiting), ...alongside]);
    this.ordering.wake([...new Set(waiting.map(({ key }) => key))]);
    return started;
  }

  /** The version that the run gets; null when there is none. A promise only where it is not at hand. */
  flowOf({ flowId, mode, flowVersion }: PendingStart): CompiledFlow | null | Promise<CompiledFlow | null> {
    if (flowVersion !== undefined) return this.catalog.version(flowId, flowVersion);
    return this.catalog.peek(flowId, mode) ?? this.catalog.forNewRun(flowId, mode);
  }

  /**
   * Starts runs of one ordering key, whose turn it is: each that ends in its first append makes room for the next, and
   * the first that does not holds the key. Runs that have begun already only leave the queue.
   * @returns whether some had left the queue, so that it is worth looking again.
   * @throws a transient error when the database is away; what the database refuses.
   */
  async startInTurn(pending: readonly PendingStart[]): Promise<boolean> {
    const key = pending[0]?.orderingKey ?? null;
    const hold = ([runId]: readonly string[]) =>
      runId === undefined || key === null ? [] : [this.ordering.take(key, runId)];
    const held = await this.startWaiting(pending, 1, hold);
    return held !== null && held.length === 0;
  }

  /**
   * Starts waiting runs in their order until so many of them are under way; each that ends in its first append makes room
   * for the next. Runs that have begun already only leave the queue.
   * @param hold what has to be taken for the runs under way; when it is somebody else's, nothing is started.
   * @returns the runs that are under way; null when what they have to hold was somebody else's.
   * @throws a transient error when the database is away; what the database refuses.
   */
  async startWaiting(
    pending: readonly PendingStart[],
    most: number,
    hold: (runIds: readonly string[]) => readonly Alongside[],
  ): Promise<string[] | null> {
    let begun = new Map<string, RunState>();
    for (let conflicts = 0; ; conflicts++) {
      try {
        return await this.startFirst(pending, begun, most, hold);
      } catch (error) {
        // Another process was faster.
        if (error instanceof AlongsideConflictError && !isTransientError(error)) return null;
        if (!(error instanceof VersionConflictError) || conflicts >= MAX_CONFLICTS) throw error;
        begun = await this.streamsOf(pending);
        const over = pending.filter((each) => begun.get(each.runId)?.started);
        if (over.length === 0) continue;
        await this.store.commit({ appends: [], alongside: [this.ordering.leave(over.map((each) => each.runId))] });
        return [];
      }
    }
  }

  private async startFirst(
    pending: readonly PendingStart[],
    begun: ReadonlyMap<string, RunState>,
    most: number,
    hold: (runIds: readonly string[]) => readonly Alongside[],
  ): Promise<string[]> {
    const numbers = await this.numbers.take(pending.length);
    const unit: DecidedRun[] = [];
    const underWay: string[] = [];
    const slice = new TimeSlice();
    for (const [index, each] of pending.entries()) {
      await slice.rest();
      const run = begun.get(each.runId) ?? emptyRun(each.runId);
      const decided = await this.decide(each, numbers[index] as number, run);
      unit.push(decided);
      if (decided.decision.next.kind !== 'finished') underWay.push(run.id);
      if (underWay.length >= most) break;
    }
    const leave = this.ordering.leave(unit.map(({ run }) => run.id));
    await this.commit(unit, [leave, ...hold(underWay)]);
    return underWay;
  }

  private async startUnordered(
    pending: readonly PendingStart[],
    alongside: readonly Alongside[],
  ): Promise<StartedRun[]> {
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
    const { flowId, appId, meta } = pending;
    const work = startWork('runner.run', {
      parent: meta.traceparent,
      kind: 'consumer',
      attributes: { 'flow.id': flowId, 'run.id': pending.runId },
    });
    const found = this.flowOf(pending);
    const flow = found instanceof Promise ? await found : found;
    const taken = pending.takenOver ? { takenOutputs: await takenOutputs(this.payloads, pending.takenOver) } : {};
    const first = startRun({ ...pending, ...taken }, flow, number, momentNow(clock()), run);
    const decision = await completed(first, () => advance(flow as CompiledFlow, run, momentNow()));
    const origin = { appId, meta: work.traceparent === undefined ? meta : { ...meta, traceparent: work.traceparent } };
    return { run, origin, flow, decision, replyTo: pending.trigger?.replyTo ?? null, work };
  }

  private async commit(unit: readonly DecidedRun[], alongside: readonly Alongside[]): Promise<void> {
    const due = this.worker.plan(unit.flatMap(dueRunOf));
    const rows = unit.map(({ origin, run }) => ({
      appId: origin.appId,
      correlationId: origin.meta.correlationId,
      run,
    }));
    const { queue } = this.worker;
    const ends = scheduled(
      queue,
      unit.flatMap(({ run }) => rowsOfEnd(run, queue.nowMs())),
    );
    const asked = unit.flatMap(({ origin, run, decision }) => approvalRows(origin.appId, run, decision.events));
    failpoint('runner.before-start-commit');
    const outputs = unit.flatMap(({ decision }) => decision.outputs);
    const kept = outputs.length > 0 ? [this.payloads.reference(outputs.map(({ id }) => id))] : [];
    try {
      if (outputs.length > 0) await this.payloads.putAs(outputs);
      await this.store.commit({
        appends: unit.flatMap(({ origin, run, decision, replyTo }) =>
          appendsOf(run, decision.events, origin, answerOf(replyTo, decision)),
        ),
        alongside: [
          ...(rows.length > 0 ? [insertRuns(rows)] : []),
          ...due.alongside,
          ...ends,
          ...asked,
          ...kept,
          ...alongside,
        ],
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

function answerOf(replyTo: string | null, { answer }: Decision) {
  return replyTo !== null && answer !== null ? { replyTo, answer } : null;
}

function dueRunOf({ origin, flow, run, decision }: DecidedRun): DueRun[] {
  const { next } = decision;
  return flow && (next.kind === 'effects' || next.kind === 'wait') ? [{ origin, flow, run, next }] : [];
}
