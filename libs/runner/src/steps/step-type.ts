import type { FlowStep } from '@sluice/contracts';
import type { TemplateCompiler } from '../flows/value-template.ts';

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
  | { kind: 'emitted'; type: string; subject: string | null; data: unknown }
  /** Something outside this process; `input` is recorded and holds no secret. */
  | { kind: 'effect'; input: unknown }
  | { kind: 'wait'; untilMs: number; input?: unknown };

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
  /** The output of a step that waited, when its time has come. */
  resume?(scope: StepScope, untilMs: number): unknown;
  /** For a step that holds other steps: those to run next, by the step's output. Such a step is never a run's result. */
  blockOf?(output: unknown): readonly CompiledStep[];
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
  onError: 'fail' | 'continue';
  /** 1 when nothing is said: one attempt. */
  maxAttempts: number;
  /** Before the second attempt; doubles from one attempt to the next. */
  backoffMs: number;
  timeoutMs: number;
  interpreter: StepInterpreter;
}

/** A type of step. Adding one is a folder with this, and for an effect a `StepEffect`. */
export interface StepType {
  readonly type: string;
  /** @throws FlowCompileError, TemplateSyntaxError when the step cannot be run whatever the input. */
  compile(step: FlowStep, compiler: StepCompiler): StepInterpreter;
}

/** What a type may use while it compiles. */
export interface StepCompiler extends TemplateCompiler {
  /** Compiles the steps inside a step. */
  block(steps: unknown): readonly CompiledStep[];
}

/** How an effect ended. An answer of any kind has an `output`; `error` alone means there was none. */
export interface EffectResult {
  output?: unknown;
  error: { code: string; message: string } | null;
  /** Another attempt may end otherwise. */
  retryable: boolean;
  /** The other side asked to wait at least this long. */
  retryAfterMs?: number;
}

export interface EffectCall {
  request: unknown;
  /** The app of the run. */
  appId: string | null;
  /** The same on every attempt of the step. */
  idempotencyKey: string;
  timeoutMs: number;
  signal: AbortSignal;
  /** W3C Trace Context of the call, for the other side; absent when nothing traces and the caller sent none. */
  traceparent?: string | undefined;
}

/** The impure half of a step type. Never throws for what the other side does. */
export interface StepEffect {
  perform(call: EffectCall): Promise<EffectResult>;
}
