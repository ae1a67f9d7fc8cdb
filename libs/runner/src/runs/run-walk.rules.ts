import type { RunError, RunStarted, StepNotes } from '@sluice/contracts';
import type { CompiledFlow } from '../flows/compiled-flow.ts';
import {
  type CompiledStep,
  type EffectResult,
  type StepOutcome,
  type StepScope,
  type WaitEnd,
} from '../steps/step-type.ts';
import type { Effect, Moment } from './decision.ts';
import { LaneWalk } from './lane-walk.rules.ts';
import { respondAnswer } from './response.rules.ts';
import type { Answer } from './response.rules.ts';
import { retryAfter, spreadOf } from './retry.rules.ts';
import { linkValuesOf } from '../waiting/links.rules.ts';
import { baseContext } from './run-context.ts';
import { MAX_COLLECTED_BYTES, MAX_CUT_SHORT, MAX_IN_FLIGHT } from './run-limits.ts';
import { fittingOne, RunRecorder, smallOrNothing } from './run-recorder.rules.ts';
import type { RunState, StepState } from './run-state.ts';
import { errorOf, PENDING, placed, type Stop, STOPPED } from './stop.rules.ts';

const NONE: ReadonlySet<string> = new Set();

/** One decision: passes over the steps that are done, begins the next ones, and collects the events. */
export class RunWalk {
  readonly record: RunRecorder;
  readonly scope: StepScope;
  readonly run: RunState;
  readonly moment: Moment;
  /** Begun by this decision. */
  readonly effects: Effect[] = [];
  /** The earliest time at which something of the run goes on by itself. */
  untilMs: number | null = null;
  /** What the caller gets from a `respond` step of this decision. */
  answer: Answer | null = null;
  /** The output of the last step that ran in the present list of steps. */
  last: unknown = null;
  /** Inside loops: what comes before a ref in the key of a step. */
  path = '';
  /** Steps that only compute leave no events in a loop of nothing else: its output says what they made. */
  silent = false;
  /** Nothing begins any more. `abandon`: what has not ended is recorded as given up, because the run goes on. */
  stopping: 'cancel' | 'abandon' | null;
  /** The names that hold the links of waiting steps, as they are at a path. */
  readonly linkValues: (path: string) => readonly (readonly [string, unknown])[];
  private readonly inFlight: ReadonlySet<string>;
  private readonly lanes: LaneWalk;

  /** @param inFlight keys of steps whose effects this process is performing. */
  constructor(flow: CompiledFlow, run: RunState, started: RunStarted, moment: Moment, inFlight = NONE) {
    this.run = run;
    this.moment = moment;
    this.inFlight = inFlight;
    this.record = new RunRecorder(run, moment);
    this.scope = {
      context: baseContext(flow, run, started),
      strict: flow.strict,
      now: new Date(moment.ms),
      checkTime: moment.checkTime,
    };
    this.linkValues = linkValuesOf(flow, run, moment);
    for (const [name, value] of this.linkValues('')) this.scope.context[name] = value;
    this.stopping = run.cancelRequestedAt === null ? null : 'cancel';
    this.lanes = new LaneWalk(this);
    if (flow.webhookRef !== null) this.last = run.input;
  }

  block(steps: readonly CompiledStep[]): Stop | null {
    for (let index = 0; index < steps.length; index++) {
      const stop = this.step(steps[index] as CompiledStep);
      if (!stop) continue;
      if (stop.kind !== 'goto') return stop;
      const target = steps.findIndex((step, at) => at > index && step.ref === stop.ref);
      if (target < 0) return stop;
      index = target - 1;
    }
    return null;
  }

  /** Records how an attempt ended. */
  settleEffect({ step, key, idempotencyKey }: Effect, state: StepState, result: EffectResult): void {
    const { output, error } = result;
    if (result.call) this.record.push({ type: 'AttemptFinished', data: result.call });
    const notes = notesOf(result);
    const waitMs = retryAfter(step, result, state.failures, spreadOf(idempotencyKey, state.attempt));
    if (waitMs !== null) {
      const tried = error ?? { code: 'tried_again', message: 'the flow asks to try again after such an answer' };
      const retry = { output: smallOrNothing(output), nextAttemptMs: this.moment.ms + waitMs };
      return this.record.failed(step, key, placed(tried, step, key), state, retry, notes);
    }
    if (error !== null && output === undefined) {
      return this.record.failed(step, key, placed(error, step, key), state, null, notes);
    }
    try {
      if (result.waitUntilMs === undefined) return this.record.answered(step, key, output, state, notes);
      const fitted = this.record.fitting(output, 'answer', key);
      this.record.waiting(step, key, result.waitUntilMs, state.startedAt, fitted);
    } catch (thrown) {
      this.record.failed(step, key, this.errorAt(thrown, step, key), state, null, notes);
    }
  }

  /** Something of the run goes on at that time. */
  wait(untilMs: number): Stop {
    this.untilMs = Math.min(untilMs, this.untilMs ?? untilMs);
    return PENDING;
  }

  /** Makes the output of a step visible to the later ones. */
  show(step: CompiledStep, output: unknown): void {
    this.scope.context[step.ref] = output;
    if (!step.interpreter.blockOf) this.last = output;
  }

  get hasInFlight(): boolean {
    return this.inFlight.size > 0;
  }

  isPerformed(key: string): boolean {
    return this.inFlight.has(key) || this.effects.some((effect) => effect.key === key);
  }

  /** A step failed for good: what its `onError` says comes next. */
  afterFailure(step: CompiledStep, error: RunError): Stop | null {
    const handled = step.interpreter.onFailure?.(error) ?? null;
    if (handled === null && step.onError === 'fail') return { kind: 'failed', error };
    const shown = { code: error.code, message: error.message };
    const output = step.interpreter.failedOutput?.(shown) ?? { ok: false, error: shown };
    this.show(step, output);
    if (handled !== null) return this.block(handled);
    if (typeof step.onError === 'object') return { kind: 'goto', ref: step.onError.goto, error };
    return step.interpreter.blockOf ? this.block(step.interpreter.blockOf(output)) : null;
  }

  private step(step: CompiledStep): Stop | null {
    if (this.silent) return this.silently(step);
    const key = this.path + step.ref;
    const state = this.run.steps.get(key);
    if (state !== undefined && state.finishedAt !== null) return this.passOver(step, state);
    if (this.stopping !== null) return this.standStill(step, key, state);
    if (!state) return this.begin(step, key);
    if (state.status === 'open') return this.lanes.goOn(step, key, state);
    if (state.status === 'running') return this.isPerformed(key) ? PENDING : this.takeOver(step, key, state);
    const dueMs = state.dueMs ?? this.moment.ms;
    const answer = state.status === 'waiting' ? this.run.answers.get(key) : undefined;
    if (answer) return this.resume(step, key, state, { kind: 'answered', value: answer.value });
    if (dueMs > this.moment.ms) return this.wait(dueMs);
    if (state.status === 'retrying') return this.startEffect(step, key, state.attempt + 1, state.input);
    return this.resume(step, key, state, { kind: 'due', untilMs: dueMs });
  }

  private passOver(step: CompiledStep, state: StepState): Stop | null {
    if (state.status === 'failed') {
      const error = state.error ?? { code: 'step_error', message: 'the step failed', ref: step.ref };
      return this.afterFailure(step, error);
    }
    if (state.status === 'skipped') {
      this.scope.context[step.ref] = null;
      return null;
    }
    this.show(step, state.output);
    return step.interpreter.blockOf ? this.block(step.interpreter.blockOf(state.output)) : null;
  }

  /** What is in flight is let finish; the rest ends here. */
  private standStill(step: CompiledStep, key: string, state: StepState | undefined): Stop {
    if (!state) return STOPPED;
    if (state.status === 'running' && this.isPerformed(key)) return PENDING;
    if (state.status === 'open' && this.lanes.standStill(step, key)) return PENDING;
    if (this.stopping === 'abandon') {
      this.run.memory.lanes.delete(key);
      const error = { code: 'stopped', message: 'given up, because a step beside it failed' };
      this.record.failed(step, key, placed(error, step, key), state);
    }
    return STOPPED;
  }

  private begin(step: CompiledStep, key: string): Stop | null {
    let outcome: StepOutcome;
    try {
      if (step.when && !step.when.holds(this.scope)) {
        this.record.skipped(step, key);
        return this.step(step);
      }
      outcome = this.bounded(step.interpreter.begin(this.scope), key);
      if (outcome.kind === 'completed') {
        this.record.made(step, key, outcome.output, this.record.now(outcome.input ?? null));
      }
    } catch (error) {
      this.record.failed(step, key, this.errorAt(error, step, key));
      return this.step(step);
    }
    switch (outcome.kind) {
      case 'effect':
        return this.startEffect(step, key, 1, outcome.input);
      case 'wait':
        // Its answer may have come already.
        this.record.waiting(step, key, outcome.untilMs, this.moment.iso, outcome.output);
        break;
      case 'lanes':
        return this.lanes.begin(step, key, outcome.lanes);
      case 'emitted':
        this.record.emitted(step, key, outcome);
        break;
      case 'respond':
        this.respond(step, key, outcome.response);
    }
    return this.step(step);
  }

  /** A step that only computes, in a loop of such steps. */
  private silently(step: CompiledStep): Stop | null {
    try {
      if (step.when && !step.when.holds(this.scope)) {
        this.scope.context[step.ref] = null;
        return null;
      }
      const known = this.run.memory.lanes.has(this.path + step.ref);
      const outcome = known ? null : step.interpreter.begin(this.scope);
      if (outcome === null || outcome.kind === 'lanes') {
        return this.lanes.begin(step, this.path + step.ref, outcome?.lanes ?? null);
      }
      if (outcome.kind !== 'completed') throw new Error(`a step of type ${step.type} does more than compute`);
      const { value } = fittingOne(outcome.output, 'output', MAX_COLLECTED_BYTES);
      this.show(step, value);
      return step.interpreter.blockOf ? this.block(step.interpreter.blockOf(value)) : null;
    } catch (error) {
      return this.afterFailure(step, errorOf(error, step.ref, this.path));
    }
  }

  /** Replaces what the step made by its JSON form and refuses what is too large to keep. */
  private bounded(outcome: StepOutcome, key: string): StepOutcome {
    switch (outcome.kind) {
      case 'emitted':
        return { ...outcome, data: this.record.fitting(outcome.data, 'data of the event', key) };
      case 'effect':
        return { ...outcome, input: this.record.fitting(outcome.input, 'request', key) };
      case 'wait':
        return outcome.output === undefined
          ? outcome
          : { ...outcome, output: this.record.fitting(outcome.output, 'message', key) };
      default:
        return outcome;
    }
  }

  private respond(step: CompiledStep, key: string, response: Extract<StepOutcome, { kind: 'respond' }>['response']) {
    const sent = !this.run.responded;
    if (sent) this.answer = respondAnswer(response);
    this.record.completed(step, key, { status: response.status, sent });
  }

  /** As many at once as a run may have; the others begin when one of these has ended. */
  private startEffect(step: CompiledStep, key: string, attempt: number, input: unknown): Stop {
    if (this.effects.length + this.inFlight.size >= MAX_IN_FLIGHT) return PENDING;
    const idempotencyKey = this.record.started(step, key, attempt, input);
    const scope = { ...this.scope, context: { ...this.scope.context } };
    this.effects.push({ step, key, attempt, idempotencyKey, scope });
    return PENDING;
  }

  private resume(step: CompiledStep, key: string, state: StepState, end: WaitEnd): Stop | null {
    this.record.resumed(step, key);
    try {
      const output = step.interpreter.resume?.(this.scope, end, state.output) ?? null;
      this.record.completed(step, key, this.record.fitting(output, 'output', key), state);
    } catch (error) {
      this.record.failed(step, key, this.errorAt(error, step, key), state);
    }
    return this.step(step);
  }

  /** The process that performed the effect is gone; the receiver tells a repetition by the idempotency key. */
  private takeOver(step: CompiledStep, key: string, state: StepState): Stop | null {
    if (state.attempt - state.failures < MAX_CUT_SHORT) {
      return this.startEffect(step, key, state.attempt + 1, state.input);
    }
    const error = {
      code: 'outcome_unknown',
      message: `${MAX_CUT_SHORT} attempts ended with the process that made them; whether any had an effect is unknown`,
    };
    this.record.failed(step, key, placed(error, step, key), state);
    return this.step(step);
  }

  private errorAt(thrown: unknown, step: CompiledStep, key: string): RunError {
    return errorOf(thrown, step.ref, key.slice(0, key.length - step.ref.length));
  }
}

function notesOf({ console, payloads }: EffectResult): StepNotes {
  return { ...(console?.length ? { console } : {}), ...(payloads?.length ? { payloads } : {}) };
}
