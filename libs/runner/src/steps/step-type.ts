import type { AttemptFinished, FlowStep, RunStarted, StepNotes } from '@sluice/contracts';
import type { Condition } from '../flows/condition.ts';
import type { TemplateCompiler } from '../flows/value-template.ts';
import type { RunOrigin } from '../runs/run-appends.ts';

/** What a step sees when it is decided: refs of earlier steps, `trigger`, `flow`, `run`. */
export interface StepScope {
  context: Record<string, unknown>;
  /** Undefined names are errors instead of nothing. */
  strict: boolean;
  /** A decision has one instant. */
  now: Date;
  /** Throws when the decision has taken too long. */
  checkTime: (() => void) | undefined;
}

/** What a step wants to happen. Thrown StepErrors and template errors count as `failed`. */
export type StepOutcome =
  | { kind: 'completed'; output: unknown; input?: unknown }
  | { kind: 'emitted'; type: string; id: string | null; subject: string | null; data: unknown }
  /** Something outside this process; `input` is recorded and holds no secret. */
  | { kind: 'effect'; input: unknown }
  /** `output`: what the step says about itself while it waits. */
  | { kind: 'wait'; untilMs: number; output?: unknown }
  /** Steps inside the step, several times or side by side; their outputs become the step's. */
  | { kind: 'lanes'; lanes: Lanes }
  /** The caller who waits is answered now; the run goes on. */
  | { kind: 'respond'; response: EarlyResponse };

export interface EarlyResponse {
  status: number;
  contentType: string;
  body: string;
  headers?: Record<string, string>;
}

/** The items of a loop or the branches of a `parallel`. Made from what the step read, so it is the same whenever it is made again. */
export interface Lanes {
  readonly count: number;
  /** How many may be under way at once. */
  readonly limit: number;
  /** `continue`: a lane that fails has the error as its output, and the others go on. */
  readonly onError: 'fail' | 'continue';
  stepsOf(index: number): readonly CompiledStep[];
  /** What tells the steps of this lane apart from the same ones of another, such as `[3]`; null where each lane has its own steps. */
  pathOf(index: number): string | null;
  /** Names that the steps of a lane read beside what the step itself could read. */
  valuesOf(index: number): readonly (readonly [string, unknown])[];
  /** What is kept of a lane that is done; `last` is the output of its last step. */
  keep(last: unknown, scope: StepScope): unknown;
  output(outputs: readonly unknown[]): unknown;
}

/** What a waiting step waited for: it came, or its time is over. */
export type WaitEnd = { kind: 'answered'; value: unknown } | { kind: 'due'; untilMs: number };

/** The step failed by what it was given; the message is for the author of the flow. */
export class StepError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'StepError';
    this.code = code;
  }
}

/** One step of a flow, ready to be decided: its templates are compiled. Pure. */
export interface StepInterpreter {
  begin(scope: StepScope): StepOutcome;
  /**
   * The output of a step that waited, when its time has come or what it waited for has.
   * @param sofar what its effect put out before it began to wait, or null.
   * @throws StepError: the step fails.
   */
  resume?(scope: StepScope, end: WaitEnd, sofar: unknown): unknown;
  /** For a step that holds other steps: those to run next, by the step's output. Such a step is never a run's result. */
  blockOf?(output: unknown): readonly CompiledStep[];
  /** All lists of steps that the step holds, whichever of them will run. */
  readonly inside?: readonly (readonly CompiledStep[])[];
  /** The step is given its answer by a signed link of this kind. */
  readonly link?: 'callback' | 'approval';
  /** The steps that run after this failure, whatever `onError` says; null leaves it to `onError`. */
  onFailure?(error: { code: string }): readonly CompiledStep[] | null;
  /** What later steps read after a failure that the flow said to continue from. */
  failedOutput?(error: { code: string; message: string }): unknown;
  /** For a step with an effect: the names of the secrets that are needed when it is performed. */
  readonly secretNames?: readonly string[];
  /** For a step with an effect: what its `StepEffect` gets, with the secrets filled in. Never recorded. */
  request?(scope: StepScope): unknown;
}

export interface CompiledStep {
  ref: string;
  type: string;
  /** Its `if`: the step is skipped where it does not hold; null runs it always. */
  when: Condition | null;
  onError: 'fail' | 'continue' | { goto: string };
  retry: RetryRule;
  /** For an effect: of each attempt. */
  timeoutMs: number;
  /** The flow gives a time-out: it also bounds a step that holds steps. */
  hasTimeout: boolean;
  /** It and all steps in it only compute: no effect, no wait, no event. */
  isPure: boolean;
  /** The refs of all steps in it, at any depth. */
  refsInside: readonly string[];
  /** One of them repeats its own steps, and does more than compute. */
  holdsLoops: boolean;
  interpreter: StepInterpreter;
}

/** When a failed attempt is made again. */
export interface RetryRule {
  /** 1: there is one attempt. */
  maxAttempts: number;
  backoff: 'fixed' | 'exponential';
  initialMs: number;
  maxMs: number;
  /** Share of the wait that may be added or taken away, 0 to 1. */
  jitter: number;
  /** Codes of errors and statuses (`503`, `5xx`) that are tried again; null leaves it to the type of step. */
  on: ReadonlySet<string> | null;
}

/** A type of step. Adding one is a folder with this, and for an effect a `StepEffect`. */
export interface StepType {
  readonly type: string;
  /** Only computes, apart from the steps it may hold. */
  readonly computes?: true;
  /** @throws FlowCompileError, TemplateSyntaxError when the step cannot be run whatever the input. */
  compile(step: FlowStep, compiler: StepCompiler): StepInterpreter;
}

/** What a type may use while it compiles. */
export interface StepCompiler extends TemplateCompiler {
  /** Compiles the steps inside a step. */
  block(steps: unknown): readonly CompiledStep[];
  /** A template or a boolean that decides something, as in `if` and `when`. */
  condition(source: unknown): Condition;
}

/** How an effect ended. An answer of any kind has an `output`; `error` alone means there was none. */
export interface EffectResult extends StepNotes {
  output?: unknown;
  error: { code: string; message: string } | null;
  /** Another attempt may end otherwise. */
  retryable: boolean;
  /** The other side asked to wait at least this long. */
  retryAfterMs?: number;
  /** The request as an attempt of its own, recorded beside the step. */
  call?: AttemptFinished;
  /** The step is not done: it waits for an answer until then; `output` is what it has so far. Unix milliseconds. */
  waitUntilMs?: number;
}

export interface EffectCall {
  request: unknown;
  runId: string;
  /** Of the step in its run, see `stepKeyOf`. */
  stepKey: string;
  started: RunStarted;
  origin: RunOrigin;
  /** The app of the run. */
  appId: string | null;
  /** The same on every attempt of the step. */
  idempotencyKey: string;
  timeoutMs: number;
  signal: AbortSignal;
  /** DL-11: how many webhooks of Sluice there are in this chain, this call included. */
  hops: number;
  /** W3C Trace Context of the call, for the other side; absent when nothing traces and the caller sent none. */
  traceparent?: string | undefined;
}

/** The impure half of a step type. Never throws for what the other side does. */
export interface StepEffect {
  perform(call: EffectCall): Promise<EffectResult>;
}
