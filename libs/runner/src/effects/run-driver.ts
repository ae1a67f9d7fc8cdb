import { Logger } from '@nestjs/common';
import type { Claim, DueQueue } from '@sluice/due-queue';
import {
  type Alongside,
  AlongsideConflictError,
  type CommitUnit,
  type EventStorePort,
  isTransientError,
  VersionConflictError,
} from '@sluice/event-store';
import type { Payloads } from '@sluice/payloads';
import { failpoint } from '@sluice/platform';
import { setTimeout as pause } from 'node:timers/promises';
import { rowsOfEnd, scheduled } from '../children/child-rows.ts';
import type { FlowCatalog } from '../flows/flow-catalog.ts';
import type { OrderingQueue } from '../ordering/ordering-queue.ts';
import { heldKeysOf } from '../ordering/held-key.ts';
import { momentNow } from '../runs/moment.ts';
import { appendsOf } from '../runs/run-appends.ts';
import { countFinished } from '../runs/run-metrics.ts';
import type { RunReader } from '../runs/run-reader.ts';
import { statusOf, updateRun } from '../runs/run-rows.ts';
import { approvalRows } from '../waiting/approval-rows.ts';
import type { RunEvent } from '../runs/run-state.ts';
import { completed } from '../runs/completed.ts';
import type { Decision, Effect, Next, OutputBytes } from '../runs/decision.ts';
import { advance, afterEffects, failAtOnce, type Settled } from '../runs/run.decider.ts';
import type { EffectResult } from '../steps/step-type.ts';
import type { EffectPerformer, RunAtWork } from './effect-performer.ts';
import { EffectsInFlight } from './effects-in-flight.ts';

export interface RunDriverOptions {
  payloads: Payloads;
  store: EventStorePort;
  queue: DueQueue;
  reader: RunReader;
  catalog: FlowCatalog;
  performer: EffectPerformer;
  ordering: OrderingQueue;
}

/** A run that this process holds the claim of. */
export interface HeldRun extends RunAtWork {
  /** The status that its row shows. */
  shownStatus: string;
}

type EffectsNext = Extract<Next, { kind: 'effects' }>;

const log = new Logger('runner');
const RETRY_MS = [50, 200, 1_000, 2_000];

/**
 * Moves a run that waits for something: performs its effects, as many at once as it has begun, recording the start and
 * the end of each. Everything is decided again from the stream when somebody else appended to it, so the stream's version is the
 * fence; the claim only keeps two processes from doing the same work.
 */
export class RunDriver {
  private readonly options: RunDriverOptions;
  /** No further effect is begun; what is recorded as begun is handed over. */
  stopping = false;
  private readonly abort = new AbortController();

  constructor(options: RunDriverOptions) {
    this.options = options;
  }

  /** Ends the calls in flight; whether they had an effect is unknown, so their runs are handed over as they are. */
  abortEffects(): void {
    this.abort.abort(new Error('the process is shutting down'));
  }

  /** Goes on with the run of a due row from what its stream says. */
  async resume(claim: Claim): Promise<void> {
    for (;;) {
      const held = await this.load(claim.id);
      if (!held) return this.close(claim);
      const { run, flow } = held;
      const gone = { code: 'flow_not_found', message: 'the version it began with is gone', ref: null };
      const decision = flow
        ? await completed(advance(flow, run, momentNow()), () => advance(flow, run, momentNow()))
        : failAtOnce(run, 0, gone, momentNow());
      const recorded = await this.record(claim, held as HeldRun, decision);
      if (recorded === 'handed over') return;
      if (recorded === 'recorded') {
        const { effects, untilMs } = decision.next as EffectsNext;
        return this.carryOn(claim, held as HeldRun, effects, untilMs);
      }
      if (claim.lost) return;
    }
  }

  /** Performs effects whose start is recorded, and what follows them, until the run waits or ends. */
  async carryOn(claim: Claim, begun: HeldRun, first: readonly Effect[], untilMs: number | null): Promise<void> {
    const flights = new EffectsInFlight((held, effect) => this.perform(held, effect));
    let held = begun;
    let effects = first;
    let dueMs = untilMs;
    for (;;) {
      for (const effect of effects) flights.begin(held, effect);
      const settled = await flights.next(dueMs);
      if (settled === 'given up') {
        // The others are recorded by whoever comes after this process, or not at all.
        await flights.settledAll();
        return this.release(claim);
      }
      const moved = await this.settle(claim, held, settled, flights);
      if (moved === null) return;
      held = moved.held;
      ({ effects, untilMs: dueMs } = moved.next);
    }
  }

  /** Records results, and what follows. Null: this process has nothing more to do with the run. */
  private async settle(claim: Claim, begun: HeldRun, settled: readonly Settled[], flights: EffectsInFlight) {
    let held = begun;
    let results = settled;
    for (;;) {
      const { flow, run } = held;
      const decide = (each: readonly Settled[]) => afterEffects(flow, run, each, momentNow(), flights.keys);
      const decision = await completed(decide(results), () => decide([]));
      const recorded = await this.record(claim, held, decision);
      if (recorded === 'recorded') return { held, next: decision.next as EffectsNext };
      if (recorded === 'handed over') return null;
      const fresh = await this.load(claim.id);
      if (!fresh?.flow) {
        await this.release(claim);
        return null;
      }
      held = fresh as HeldRun;
      // Somebody else took the run over, or these very results were stored by a commit that seemed to fail.
      const intact = flights.effects.every((effect) => isStillRunning(held, effect));
      results = results.filter(({ effect }) => isStillRunning(held, effect));
      if (!intact || (results.length === 0 && flights.effects.length === 0)) {
        await this.release(claim);
        return null;
      }
    }
  }

  /** Null when the process is stopping and nothing may be recorded about the effect. */
  private async perform(held: HeldRun, effect: Effect): Promise<EffectResult | null> {
    for (let failures = 0; !this.stopping; failures++) {
      try {
        const result = await this.options.performer.perform(held, effect, this.abort.signal);
        return this.abort.signal.aborted && result.error !== null ? null : result;
      } catch (error) {
        if (!isTransientError(error)) throw error;
        await this.pause(failures);
      }
    }
    return null;
  }

  private async record(
    claim: Claim,
    held: HeldRun,
    decision: Decision,
  ): Promise<'recorded' | 'handed over' | 'conflict'> {
    const { next } = decision;
    const status = statusOf(held.run);
    const alongside: Alongside[] = status === held.shownStatus ? [] : [updateRun(held.origin.appId, held.run)];
    if (next.kind === 'finished') {
      const { queue } = this.options;
      alongside.push(queue.complete([claim]), ...scheduled(queue, rowsOfEnd(held.run, queue.nowMs())));
    }
    if (next.kind === 'wait') {
      alongside.push(this.options.queue.reschedule([{ claim, dueAt: new Date(next.untilMs) }]));
    }
    alongside.push(...approvalRows(held.origin.appId, held.run, decision.events));
    const files = payloadsOf(decision.events);
    if (files.length > 0) alongside.push(this.options.payloads.reference(files));
    const heldKeys = next.kind === 'finished' ? heldKeysOf(held.run, held.origin.appId) : [];
    if (heldKeys.length > 0) alongside.push(this.options.ordering.release(held.run.id));
    const replyTo = held.run.started?.trigger?.replyTo ?? null;
    const answer = decision.answer !== null && replyTo !== null ? { replyTo, answer: decision.answer } : null;
    const appends = appendsOf(held.run, decision.events, held.origin, answer);
    try {
      await this.persist({ appends, alongside }, decision.outputs);
    } catch (error) {
      if (error instanceof VersionConflictError) return 'conflict';
      // Only the due row's fence can be refused here: somebody else has the run.
      if (error instanceof AlongsideConflictError) return 'handed over';
      throw error;
    }
    held.shownStatus = status;
    if (next.kind === 'wait' && decision.events.length === 0) await this.lookForNews(claim, held);
    if (next.kind === 'finished') countFinished(held.run);
    if (heldKeys.length > 0) this.options.ordering.wake(heldKeys);
    return next.kind === 'effects' ? 'recorded' : 'handed over';
  }

  /**
   * Without an append nothing has told whether somebody gave the run news since it was read, and the due time that came
   * with the news has just been overwritten.
   */
  private async lookForNews(claim: Claim, { run }: HeldRun): Promise<void> {
    if ((await this.options.reader.versionOf(run.id)) === run.version) return;
    await this.persist({ appends: [], alongside: [this.options.queue.hasten([{ id: claim.id, key: claim.key }])] });
  }

  /** A result in hand is worth waiting for the database, whatever becomes of the lease meanwhile. */
  private async persist(unit: CommitUnit, outputs: readonly OutputBytes[] = []): Promise<void> {
    for (let failures = 0; ; failures++) {
      try {
        failpoint('runner.before-step-commit');
        if (outputs.length > 0) await this.options.payloads.putAs(outputs);
        await this.options.store.commit(unit);
        failpoint('runner.after-step-commit');
        return;
      } catch (error) {
        if (!isTransientError(error) || this.abort.signal.aborted) throw error;
        log.warn(`a step cannot be recorded, trying again: ${(error as Error).message}`);
        await this.pause(failures);
      }
    }
  }

  private async load(runId: string): Promise<(Omit<HeldRun, 'flow'> & { flow: HeldRun['flow'] | null }) | null> {
    const loaded = await this.options.reader.load(runId);
    const started = loaded?.run.started;
    if (!loaded || !started || loaded.run.finished) return null;
    const { run, origin } = loaded;
    const flow = await this.options.catalog.version(started.flowId, started.flowVersion);
    return { flow, run, origin, shownStatus: statusOf(run) };
  }

  /** The run is over (or gone): its row has nothing left to do. */
  private async close(claim: Claim): Promise<void> {
    try {
      await this.persist({ appends: [], alongside: [this.options.queue.complete([claim])] });
    } catch (error) {
      if (!(error instanceof AlongsideConflictError)) throw error;
    }
  }

  private async release(claim: Claim): Promise<void> {
    await this.options.queue.release([claim]);
  }

  private async pause(failures: number): Promise<void> {
    await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)], undefined, { ref: false });
  }
}

function isStillRunning(held: HeldRun, { key, attempt }: Effect): boolean {
  const step = held.run.steps.get(key);
  return step?.status === 'running' && step.attempt === attempt;
}

/** What the results of a decision left in libs/payloads; it is kept from the sweep with the events that name it. */
function payloadsOf(events: readonly RunEvent[]): string[] {
  return events.flatMap(({ type, data }) =>
    type === 'StepCompleted' || type === 'StepFailed' ? [...(data.payloads ?? [])] : [],
  );
}
