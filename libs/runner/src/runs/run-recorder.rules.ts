import { causeAt, derivedId, type RunError, type StepNotes, type StepPlace } from '@sluice/contracts';
import type { CompiledStep, StepOutcome } from '../steps/step-type.ts';
import type { Moment, OutputBytes } from './decision.ts';
import { jsonValue } from './json-value.rules.ts';
import { countBytes, countStored, isOfLongLoop, runBytesOf, storedOutputOf } from './run-bytes.rules.ts';
import { MAX_OUTPUT_BYTES } from './run-limits.ts';
import { applyEvent, type RunBytes, type RunEvent, type RunState, type StepState } from './run-state.ts';
import { StepError } from '../steps/step-type.ts';

type Begun = Pick<StepState, 'attempt' | 'startedAt' | 'input'>;

/** Makes the events of a decision and applies them to the run. */
export class RunRecorder {
  readonly events: RunEvent[] = [];
  readonly outputs: OutputBytes[] = [];
  private readonly bytes: RunBytes;
  private readonly run: RunState;
  private readonly moment: Moment;

  constructor(run: RunState, moment: Moment) {
    this.run = run;
    this.moment = moment;
    this.bytes = run.memory.bytes ??= runBytesOf(run);
  }

  push(event: RunEvent): void {
    this.events.push(event);
    applyEvent(this.run, event);
  }

  started(step: CompiledStep, key: string, attempt: number, input: unknown): string {
    const idempotencyKey = derivedId('step', this.run.id, key);
    const { iso } = this.moment;
    this.push({
      type: 'StepStarted',
      data: { ...placeOf(step, key), type: step.type, attempt, idempotencyKey, input, startedAt: iso },
    });
    return idempotencyKey;
  }

  opened(step: CompiledStep, key: string, lanes: number): void {
    const { iso } = this.moment;
    this.push({ type: 'BlockStarted', data: { ...placeOf(step, key), type: step.type, lanes, startedAt: iso } });
  }

  /** @param output what the step has before it is done; absent for most. */
  waiting(step: CompiledStep, key: string, untilMs: number, startedAt: string, output?: unknown): void {
    const until = new Date(untilMs).toISOString();
    const data = { ...placeOf(step, key), type: step.type, until, startedAt };
    this.push({ type: 'RunWaiting', data: output === undefined ? data : { ...data, output } });
  }

  resumed(step: CompiledStep, key: string): void {
    this.push({ type: 'RunResumed', data: { ...placeOf(step, key), at: this.moment.iso } });
  }

  completed(
    step: CompiledStep,
    key: string,
    output: unknown,
    begun: Begun = this.now(null),
    notes: StepNotes = {},
  ): void {
    this.push({ type: 'StepCompleted', data: { ...this.completion(step, key, output, begun), ...notes } });
  }

  /** A step made this, or its loop or branches collected it. @throws as `completedWith`. */
  made(step: CompiledStep, key: string, made: unknown, begun: Begun): unknown {
    return this.completedWith(step, key, jsonValue(made), 'output', begun, {});
  }

  /** What the other side gave. @throws as `completedWith`. */
  answered(step: CompiledStep, key: string, made: unknown, begun: Begun, notes: StepNotes): void {
    this.completedWith(step, key, jsonValue(made), 'answer', begun, notes);
  }

  /**
   * A step is done, whose output is stored beside the events when it is too large for one.
   * @returns what later steps read. @throws StepError when it is too large for that as well; NotJsonError.
   */
  private completedWith(
    step: CompiledStep,
    key: string,
    { value, size }: { value: unknown; size: number },
    what: string,
    begun: Begun,
    notes: StepNotes,
  ): unknown {
    if (size <= MAX_OUTPUT_BYTES) {
      countBytes(this.bytes, { size, what, isHeld: !isOfLongLoop(this.run, key) });
      this.completed(step, key, value, begun, notes);
      return value;
    }
    const output = storedOutputOf(this.run.id, step, key, value);
    countStored(this.bytes, output.stored.size);
    this.outputs.push(output);
    const payloads = [...(notes.payloads ?? []), output.id];
    const data = {
      ...this.completion(step, key, output.stored, begun),
      ...notes,
      payloads,
      outputStored: true as const,
    };
    this.push({ type: 'StepCompleted', data });
    // Later steps read the output itself.
    (this.run.steps.get(key) as StepState).output = value;
    return value;
  }

  skipped(step: CompiledStep, key: string): void {
    this.push({ type: 'StepCompleted', data: { ...this.completion(step, key, null, this.now(null)), skipped: true } });
  }

  emitted(step: CompiledStep, key: string, outcome: Extract<StepOutcome, { kind: 'emitted' }>): void {
    // Not the run's time when it is old: the dispatcher has dropped the days of long ago.
    const eventId = derivedId('event', causeAt(this.run.id, Date.parse(this.moment.iso)), key);
    const { type, id, subject, data } = outcome;
    this.push({
      type: 'EventEmitted',
      data: {
        eventId,
        ...(id === null ? {} : { id }),
        ...placeOf(step, key),
        type,
        subject,
        data,
        emittedAt: this.moment.iso,
      },
    });
  }

  /** @param retry when the step is tried again, with what the other side answered to this attempt. */
  failed(
    step: CompiledStep,
    key: string,
    error: RunError,
    begun: Begun = this.now(null),
    retry: { output?: unknown; nextAttemptMs: number } | null = null,
    notes: StepNotes = {},
  ): void {
    this.push({
      type: 'StepFailed',
      data: {
        ...placeOf(step, key),
        type: step.type,
        attempt: begun.attempt,
        input: begun.input,
        error,
        ...(retry?.output === undefined ? {} : { output: retry.output }),
        nextAttemptAt: retry ? new Date(retry.nextAttemptMs).toISOString() : null,
        startedAt: begun.startedAt,
        finishedAt: this.moment.iso,
        ...notes,
      },
    });
  }

  /** A step that begins and ends in this decision. */
  now(input: unknown): Begun {
    return { attempt: 1, startedAt: this.moment.iso, input };
  }

  /**
   * Its JSON form, counted towards what a run may put out by the step of this key.
   * @throws StepError when it is too large to keep; NotJsonError.
   */
  fitting(made: unknown, what: string, key: string): unknown {
    const { value, size } = fittingOne(made, what);
    countBytes(this.bytes, { size, what, isHeld: !isOfLongLoop(this.run, key) });
    return value;
  }

  private completion(step: CompiledStep, key: string, output: unknown, begun: Begun) {
    return {
      ...placeOf(step, key),
      type: step.type,
      attempt: begun.attempt,
      input: begun.input,
      output,
      startedAt: begun.startedAt,
      finishedAt: this.moment.iso,
    };
  }
}

export function placeOf(step: CompiledStep, key: string): StepPlace {
  return key === step.ref ? { ref: key } : { ref: step.ref, path: key };
}

/** What an attempt that is tried again was answered, unless it is too large to write down. @throws NotJsonError */
export function smallOrNothing(output: unknown): unknown {
  return output === undefined || jsonValue(output).size > MAX_OUTPUT_BYTES ? undefined : output;
}

/** @param most bytes. @throws StepError when it is too large for one output; NotJsonError. */
export function fittingOne(made: unknown, what: string, most = MAX_OUTPUT_BYTES): { value: unknown; size: number } {
  const fitted = jsonValue(made);
  if (fitted.size > most) {
    throw new StepError('output_too_large', `the ${what} has about ${fitted.size} bytes, more than ${most}`);
  }
  return fitted;
}
