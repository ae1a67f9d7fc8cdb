export type RunStatus = 'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled' | 'timed_out';

export interface RunError {
  code: string;
  message: string;
  ref: string | null;
}

/** What a run has to remember of the request that caused it, beside the input. */
export interface RunTrigger {
  profile: 'run' | 'listener' | 'flow' | 'native';
  method: string;
  query: Record<string, string | string[]>;
  headers: Record<string, string>;
  receivedAt: string;
  props: unknown;
  /** The gateway instance whose caller waits for the answer, or null. */
  replyTo: string | null;
  /** Profile `flow`: the names in the input that came with the query string alone; absent when there are none. */
  fromQuery?: string[];
}

/**
 * First event of a run's stream (only `RunCancelRequested` may come before it); the stream id is the run's id.
 * It also completes the `webhook` step, whose output is `input`: there is no `StepCompleted` for that step, so that
 * the body is written once.
 */
export interface RunStarted {
  number: number;
  flowId: string;
  flowVersion: number;
  triggerId: string | null;
  /** Stream of the `TriggerAccepted` that caused it; the same id as the run unless it is a replay. */
  requestId: string | null;
  mode: 'live' | 'draft';
  /** Null when it is in libs/payloads, see `inputPayload`. */
  input: unknown;
  /**
   * The raw body in libs/payloads and how it is to be read, when it is over 256 KiB; `query` is merged into it as
   * profile `flow` does.
   */
  inputPayload?: {
    id: string;
    kind: 'json' | 'form' | 'xml' | 'multipart' | 'empty';
    query?: Record<string, string | string[]>;
    /** Whose rules it is read by; native when absent. */
    profile?: RunTrigger['profile'];
    contentType?: string | null;
    fileIds?: string[];
  };
  /** The ref of the flow's webhook step; absent when the flow has none. */
  webhookRef?: string;
  /** Present when the run did not finish in its first append. */
  trigger?: RunTrigger;
  /** No other run of this key executes until this one has finished. */
  orderingKey?: string;
  /** The run that this one is a retry of. Steps it takes over from it follow at once, each with `takenFrom`. */
  retryOf?: string;
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
  /** A retry took the step over from this run: it was done there and is not repeated. */
  takenFrom?: string;
}
export interface StepFailed {
  ref: string;
  type: string;
  attempt: number;
  input: unknown;
  error: RunError;
  /** What the other side answered to this attempt, when it answered. */
  output?: unknown;
  /** When the step is tried again, or null when it will not be. */
  nextAttemptAt: string | null;
  startedAt: string;
  finishedAt: string;
  /** As in `StepCompleted`. */
  takenFrom?: string;
}
/**
 * A domain event that a flow emitted; its own id is `eventId`. It also completes the `emit` step `ref`, whose output
 * is `{eventId}`: there is no `StepCompleted` for that step, so that the data is written once.
 */
export interface EventEmitted {
  eventId: string;
  ref: string;
  type: string;
  subject: string | null;
  data: unknown;
  emittedAt: string;
}
/** A `delay` began; `RunResumed` and `StepCompleted` follow when its time has come. */
export interface RunWaiting {
  ref: string;
  type: string;
  until: string;
  startedAt: string;
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
  /** The run ends as cancelled at the next boundary between steps. */
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
  /** The flow describes no response body: `body` is the run's result. */
  isDefault?: true;
}
export interface RunnerAnswers {
  RunAnswered: RunAnswered;
}
