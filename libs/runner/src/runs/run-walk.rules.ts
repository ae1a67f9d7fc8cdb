import { derivedId, type RunError, type RunFinished, type RunStarted } from '@sluice/contracts';
import { TemplateError } from '@sluice/templates';
import type { CompiledFlow } from '../flows/compiled-flow.ts';
import {
  type CompiledStep,
  type EffectResult,
  StepError,
  type StepOutcome,
  type StepScope,
} from '../steps/step-type.ts';
import type { Moment, Next } from './decision.ts';
import { jsonValue, NotJsonError } from './json-value.rules.ts';
import { answerOf, failedAnswer, renderResponse } from './response.rules.ts';
import { baseContext } from './run-context.ts';
import { MAX_CUT_SHORT, MAX_OUTPUT_BYTES, MAX_TOTAL_BYTES } from './run-limits.ts';
import { applyEvent, type RunEvent, type RunState, type StepState } from './run-state.ts';

const MAX_BACKOFF_MS = 86_400_000;

/** Steps stop the walk with what comes next; `cancelled` and `failed` end the run. */
type Stop = Exclude<Next, { kind: 'finished' }> | { kind: 'cancelled' } | { kind: 'failed'; error: RunError };

export function finishedOf(
  started: RunStarted,
  flowNumber: number,
  moment: Moment,
  status: RunFinished['status'],
  result: unknown,
  error: RunError | null,
): RunFinished {
  const { number, flowId, flowVersion, triggerId, startedAt } = started;
  return {
    status,
    number,
    flowId,
    flowNumber,
    flowVersion,
    triggerId,
    result,
    error,
    startedAt,
    finishedAt: moment.iso,
  };
}

/** Whatever a step throws is recorded as its failure, so that one run never takes others with it. */
function errorOf(thrown: unknown, ref: string | null): RunError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof StepError) return { code: thrown.code, message, ref };
  if (thrown instanceof TemplateError) return { code: 'template_error', message, ref };
  if (thrown instanceof NotJsonError)
    return { code: 'invalid_output', message: `the output cannot be stored: ${message}`, ref };
  return { code: 'step_error', message, ref };
}

/** One decision: passes over the steps that are done, begins the next ones, and collects the events. */
export class RunWalk {
  readonly events: RunEvent[] = [];
  readonly scope: StepScope;
  private readonly flow: CompiledFlow;
  private readonly run: RunState;
  private readonly started: RunStarted;
  private readonly moment: Moment;
  /** About what the steps have taken and put out so far; the run's input does not count. */
  bytes = 0;
  /** The output of the last step that ran. */
  private last: unknown = null;

  constructor(flow: CompiledFlow, run: RunState, started: RunStarted, moment: Moment) {
    this.flow = flow;
    this.run = run;
    this.started = started;
    this.moment = moment;
    this.scope = {
      context: baseContext(flow, run, started),
      strict: flow.strict,
      now: new Date(moment.ms),
      checkTime: moment.checkTime,
    };
    if (flow.webhookRef !== null) this.last = run.input;
    for (const [ref, step] of run.steps) if (ref !== flow.webhookRef) this.bytes += sizeOf(step);
  }

  block(steps: readonly CompiledStep[]): Stop | null {
    for (const step of steps) {
      const stop = this.step(step);
      if (stop) return stop;
    }
    return null;
  }

  /** Fills the context from the steps that are done. */
  collect(steps: readonly CompiledStep[]): void {
    for (const step of steps) {
      const state = this.run.steps.get(step.ref);
      if (state?.status === 'succeeded' || state?.status === 'failed') {
        const output = this.take(step, state);
        if (step.interpreter.blockOf) this.collect(step.interpreter.blockOf(output));
      }
    }
  }

  settleEffect(step: CompiledStep, state: StepState, result: EffectResult): void {
    const { output, error } = result;
    if (error === null) return this.complete(step, state, output);
    if (result.retryable && state.failures + 1 < step.maxAttempts) {
      const backoffMs = Math.min(MAX_BACKOFF_MS, step.backoffMs * 2 ** state.failures);
      const waitMs = Math.max(backoffMs, Math.min(MAX_BACKOFF_MS, result.retryAfterMs ?? 0));
      return this.failAttempt(step, state, error, { output, nextAttemptMs: this.moment.ms + waitMs });
    }
    if (output !== undefined) return this.complete(step, state, output);
    this.failAttempt(step, state, error);
  }

  finishOr(stop: Stop | null): Next {
    if (stop?.kind === 'effect' || stop?.kind === 'wait') return stop;
    if (stop?.kind === 'failed') return this.finish('failed', stop.error);
    if (stop?.kind === 'cancelled' || this.run.cancelRequestedAt !== null) {
      return this.finish('cancelled', { code: 'run_cancelled', message: 'the run was cancelled', ref: null });
    }
    try {
      const response = renderResponse(this.flow, this.scope);
      const result = response.value === undefined ? this.last : response.value;
      this.push({
        type: 'RunFinished',
        data: finishedOf(this.started, this.flow.number, this.moment, 'succeeded', result ?? null, null),
      });
      return { kind: 'finished', answer: answerOf(response, result) };
    } catch (error) {
      return this.finish('failed', errorOf(error, null));
    }
  }

  private finish(status: 'failed' | 'cancelled', error: RunError): Next {
    const recorded = status === 'failed' ? error : null;
    const data = finishedOf(this.started, this.flow.number, this.moment, status, null, recorded);
    this.push({ type: 'RunFinished', data });
    return { kind: 'finished', answer: failedAnswer(status, error) };
  }

  private step(step: CompiledStep): Stop | null {
    const state = this.run.steps.get(step.ref);
    if (state?.status === 'succeeded' || state?.status === 'failed') return this.passOver(step, state);
    if (this.run.cancelRequestedAt !== null) return { kind: 'cancelled' };
    if (!state) return this.begin(step);
    if (state.status === 'running') return this.takeOver(step, state);
    const dueMs = state.dueMs ?? this.moment.ms;
    if (dueMs > this.moment.ms) return { kind: 'wait', untilMs: dueMs };
    if (state.status === 'retrying') return this.startEffect(step, state.attempt + 1, state.input);
    return this.resume(step, state, dueMs);
  }

  private passOver(step: CompiledStep, state: StepState): Stop | null {
    if (state.status === 'failed' && step.onError === 'fail') {
      const error = state.error ?? { code: 'step_error', message: 'the step failed', ref: step.ref };
      return { kind: 'failed', error };
    }
    const output = this.take(step, state);
    return step.interpreter.blockOf ? this.block(step.interpreter.blockOf(output)) : null;
  }

  /** Makes the output of a step that is done visible to the later ones. */
  private take(step: CompiledStep, state: StepState): unknown {
    const output = state.status === 'failed' ? failedOutput(step, state) : state.output;
    this.scope.context[step.ref] = output;
    if (!step.interpreter.blockOf) this.last = output;
    return output;
  }

  private begin(step: CompiledStep): Stop | null {
    let outcome: StepOutcome;
    try {
      outcome = this.bounded(step.interpreter.begin(this.scope));
    } catch (error) {
      return this.failBegun(step, errorOf(error, step.ref));
    }
    switch (outcome.kind) {
      case 'effect':
        return this.startEffect(step, 1, outcome.input);
      case 'wait':
        return this.startWait(step, outcome.untilMs);
      case 'emitted':
        this.emit(step, outcome);
        break;
      case 'completed':
        this.pushCompleted(
          step,
          { attempt: 1, startedAt: this.moment.iso, input: outcome.input ?? null },
          outcome.output,
        );
    }
    return this.step(step);
  }

  /** Replaces what the step made by its JSON form and refuses what is too large to keep. */
  private bounded(outcome: StepOutcome): StepOutcome {
    switch (outcome.kind) {
      case 'completed':
        return { ...outcome, output: this.fitting(outcome.output, 'output') };
      case 'emitted':
        return { ...outcome, data: this.fitting(outcome.data, 'data of the event') };
      case 'effect':
        return { ...outcome, input: this.fitting(outcome.input, 'request') };
      default:
        return outcome;
    }
  }

  private fitting(made: unknown, what: string): unknown {
    const { value, size } = jsonValue(made);
    if (size > MAX_OUTPUT_BYTES) {
      throw new StepError('output_too_large', `the ${what} has about ${size} bytes, more than ${MAX_OUTPUT_BYTES}`);
    }
    if (this.bytes + size > MAX_TOTAL_BYTES) {
      throw new StepError(
        'run_too_large',
        `with this ${what} the run's steps have put out more than ${MAX_TOTAL_BYTES} bytes`,
      );
    }
    this.bytes += size;
    return value;
  }

  private failBegun(step: CompiledStep, error: RunError): Stop | null {
    const { iso } = this.moment;
    this.push({
      type: 'StepFailed',
      data: {
        ref: step.ref,
        type: step.type,
        attempt: 1,
        input: null,
        error,
        nextAttemptAt: null,
        startedAt: iso,
        finishedAt: iso,
      },
    });
    return this.step(step);
  }

  private startEffect(step: CompiledStep, attempt: number, input: unknown): Stop {
    const idempotencyKey = derivedId('step', this.run.id, step.ref);
    this.push({
      type: 'StepStarted',
      data: { ref: step.ref, type: step.type, attempt, idempotencyKey, input, startedAt: this.moment.iso },
    });
    return { kind: 'effect', step, attempt, idempotencyKey };
  }

  private startWait(step: CompiledStep, untilMs: number): Stop {
    this.push({
      type: 'RunWaiting',
      data: {
        ref: step.ref,
        type: step.type,
        until: new Date(untilMs).toISOString(),
        startedAt: this.moment.iso,
      },
    });
    return { kind: 'wait', untilMs };
  }

  private resume(step: CompiledStep, state: StepState, dueMs: number): Stop | null {
    this.push({ type: 'RunResumed', data: { ref: step.ref, at: this.moment.iso } });
    this.pushCompleted(step, state, step.interpreter.resume?.(this.scope, dueMs) ?? null);
    return this.step(step);
  }

  /** The process that performed the effect is gone; the receiver tells a repetition by the idempotency key. */
  private takeOver(step: CompiledStep, state: StepState): Stop | null {
    if (state.attempt - state.failures < MAX_CUT_SHORT) return this.startEffect(step, state.attempt + 1, state.input);
    this.failAttempt(step, state, {
      code: 'outcome_unknown',
      message: `${MAX_CUT_SHORT} attempts ended with the process that made them; whether any had an effect is unknown`,
    });
    return this.step(step);
  }

  private emit(step: CompiledStep, outcome: Extract<StepOutcome, { kind: 'emitted' }>): void {
    const eventId = derivedId('event', this.run.id, step.ref);
    const { type, subject, data } = outcome;
    this.push({
      type: 'EventEmitted',
      data: { eventId, ref: step.ref, type, subject, data, emittedAt: this.moment.iso },
    });
  }

  private complete(step: CompiledStep, state: StepState, output: unknown): void {
    try {
      this.pushCompleted(step, state, this.fitting(output, 'answer'));
    } catch (error) {
      this.failAttempt(step, state, errorOf(error, step.ref));
    }
  }

  private pushCompleted(
    step: CompiledStep,
    begun: Pick<StepState, 'attempt' | 'startedAt' | 'input'>,
    output: unknown,
  ): void {
    this.push({
      type: 'StepCompleted',
      data: {
        ref: step.ref,
        type: step.type,
        attempt: begun.attempt,
        input: begun.input,
        output,
        startedAt: begun.startedAt,
        finishedAt: this.moment.iso,
      },
    });
  }

  private failAttempt(
    step: CompiledStep,
    state: StepState,
    error: { code: string; message: string },
    retry: { output?: unknown; nextAttemptMs: number } | null = null,
  ): void {
    this.push({
      type: 'StepFailed',
      data: {
        ref: step.ref,
        type: step.type,
        attempt: state.attempt,
        input: state.input,
        error: { code: error.code, message: error.message, ref: step.ref },
        ...(retry?.output === undefined ? {} : { output: retry.output }),
        nextAttemptAt: retry ? new Date(retry.nextAttemptMs).toISOString() : null,
        startedAt: state.startedAt,
        finishedAt: this.moment.iso,
      },
    });
  }

  private push(event: RunEvent): void {
    this.events.push(event);
    applyEvent(this.run, event);
  }
}

function sizeOf(step: StepState): number {
  return jsonValue(step.input).size + jsonValue(step.output).size;
}

function failedOutput(step: CompiledStep, state: StepState): unknown {
  const error = { code: state.error?.code ?? 'step_error', message: state.error?.message ?? 'the step failed' };
  return step.interpreter.failedOutput?.(error) ?? { ok: false, error };
}
