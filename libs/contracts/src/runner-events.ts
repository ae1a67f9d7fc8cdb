export type RunStatus = 'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled' | 'timed_out';

export interface RunError {
  code: string;
  message: string;
  ref: string | null;
}

/** First event of a run's stream; the stream id is the run's id. */
export interface RunStarted {
  number: number;
  flowId: string;
  flowVersion: number;
  triggerId: string | null;
  /** Stream of the `TriggerAccepted` that caused it; the same id as the run unless it is a replay. */
  requestId: string | null;
  mode: 'live' | 'draft';
  input: unknown;
  queuedAt: string;
  startedAt: string;
}

/** Written before an effect leaves the process; `idempotencyKey` is the same on every attempt of this step. */
export interface StepStarted {
  ref: string;
  type: string;
  attempt: number;
  idempotencyKey: string;
  input: unknown;
  startedAt: string;
}
export interface StepCompleted {
  ref: string;
  type: string;
  attempt: number;
  input: unknown;
  output: unknown;
  startedAt: string;
  finishedAt: string;
}
export interface StepFailed {
  ref: string;
  type: string;
  attempt: number;
  input: unknown;
  error: RunError;
  /** When the step is tried again, or null when it will not be. */
  nextAttemptAt: string | null;
  startedAt: string;
  finishedAt: string;
}
/** A domain event that a flow emitted; its own id is `eventId`. */
export interface EventEmitted {
  eventId: string;
  ref: string;
  type: string;
  subject: string | null;
  data: unknown;
  emittedAt: string;
}
export interface RunWaiting {
  ref: string;
  until: string;
}
export interface RunFinished {
  status: 'succeeded' | 'failed' | 'cancelled' | 'timed_out';
  number: number;
  flowId: string;
  flowNumber: number;
  flowVersion: number;
  triggerId: string | null;
  result: unknown;
  error: RunError | null;
  startedAt: string;
  finishedAt: string;
}

export interface RunnerEvents {
  RunStarted: RunStarted;
  StepStarted: StepStarted;
  StepCompleted: StepCompleted;
  StepFailed: StepFailed;
  EventEmitted: EventEmitted;
  RunWaiting: RunWaiting;
  RunResumed: { ref: string; at: string };
  RunCancelRequested: { at: string };
  RunFinished: RunFinished;
}

/** On topic `runner.answers`: what the waiting caller gets. Stream id: derivedId('answer', runId, ''). */
export interface RunAnswered {
  runId: string;
  replyTo: string;
  runStatus: RunStatus;
  status: number;
  contentType: string;
  body: string;
  error: RunError | null;
}
export interface RunnerAnswers {
  RunAnswered: RunAnswered;
}
