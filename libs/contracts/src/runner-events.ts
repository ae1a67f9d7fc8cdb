import type { AttemptFinished } from './dispatcher-events.ts';
export type RunStatus = 'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled' | 'timed_out';

export interface RunError {
  code: string;
  message: string;
  ref: string | null;
  /** Where in a loop the step stands that failed, as in `StepPlace`. */
  path?: string;
}

/** Which step of a run an event is about. */
export interface StepPlace {
  ref: string;
  /**
   * Inside a `foreach`: the item of each loop around the step and its ref, as `each[3].call`. Absent elsewhere, where
   * the ref alone says it. `stepKeyOf` gives the one that tells steps of a run apart.
   */
  path?: string;
}

/** What tells the steps of a run apart. */
export function stepKeyOf(place: StepPlace): string {
  return place.path ?? place.ref;
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
  /** It holds one of the places that its flow has for runs under way. */
  limited?: true;
  /** It holds one of the places that its app has for runs under way. */
  appLimited?: true;
  /** The run that this one is a retry of. Steps it takes over from it follow at once, each with `takenFrom`. */
  retryOf?: string;
  /** A test of a draft that ends after this step, without the flow's response. */
  until?: string;
  /** The run whose `run_flow` step started this one. */
  parent?: {
    runId: string;
    /** Of the step in that run (`stepKeyOf`). */
    step: string;
    /** How many runs stand above this one. */
    depth: number;
    /** The step waits for the end of this run. */
    waits: boolean;
    /** The flows of the runs that wait for this one, one for the other; absent in older events. */
    flowIds?: string[];
    /** Those runs, the nearest last; absent in older events. */
    runIds?: string[];
  };
  queuedAt: string;
  startedAt: string;
}

/** Written before an effect leaves the process; `idempotencyKey` is the same on every attempt of this step. */
export interface StepStarted extends StepPlace {
  type: string;
  attempt: number;
  idempotencyKey: string;
  input: unknown;
  startedAt: string;
}
/** What else came of an attempt. */
export interface StepNotes {
  /** What the code of a `code` step wrote, bounded. */
  console?: readonly ConsoleLine[];
  /** Ids in libs/payloads of what the output only names. */
  payloads?: readonly string[];
}
export interface ConsoleLine {
  level: 'log' | 'info' | 'warn' | 'error' | 'debug';
  text: string;
}

export interface StepCompleted extends StepPlace, StepNotes {
  type: string;
  attempt: number;
  input: unknown;
  output: unknown;
  startedAt: string;
  finishedAt: string;
  /** A retry took the step over from this run: it was done there and is not repeated. */
  takenFrom?: string;
  /** Its `if` did not hold: it did not run, and its output is null. */
  skipped?: true;
  /** A test of a draft gave it this output instead of running it. */
  given?: true;
  /** The output is too large for an event: `output` is the `StoredOutput` that says where its JSON lies. */
  outputStored?: true;
}
/** An output over 256 KiB, as a file of the run in libs/payloads. */
export interface StoredOutput {
  filename: string;
  contentType: 'application/json';
  /** Bytes. */
  size: number;
  payloadId: string;
}
export interface StepFailed extends StepPlace, StepNotes {
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
export interface EventEmitted extends StepPlace {
  eventId: string;
  /** The flow's own id for it: a later event of the app with the same one is not published. */
  id?: string;
  type: string;
  subject: string | null;
  data: unknown;
  emittedAt: string;
}
/** A step began to wait; `RunResumed` and `StepCompleted` follow when its time has come or `StepAnswered` ended it. */
export interface RunWaiting extends StepPlace {
  type: string;
  until: string;
  startedAt: string;
  /** What the step has so far, for a step that waits after an effect. */
  output?: unknown;
}
/** What a waiting step waits for has come: a callback, a decision, the end of another run. The first one counts. */
export interface StepAnswered extends StepPlace {
  answer: unknown;
  at: string;
}
/**
 * A step that holds other steps began which do not end in the same append: `foreach` or `parallel`. `StepCompleted` or
 * `StepFailed` ends it.
 */
export interface BlockStarted extends StepPlace {
  type: string;
  /** Items or branches. */
  lanes: number;
  startedAt: string;
}
export interface RunFinished {
  status: 'succeeded' | 'failed' | 'cancelled' | 'timed_out';
  number: number;
  flowId: string;
  flowNumber: number;
  flowVersion: number;
  triggerId: string | null;
  /** A `StoredOutput` where it is an output that is stored as one. */
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
  /** The call of an inline endpoint, as a delivery of its own (DESIGN.md §3.4); its step's end follows. */
  AttemptFinished: AttemptFinished;
  RunWaiting: RunWaiting;
  RunResumed: StepPlace & { at: string };
  StepAnswered: StepAnswered;
  BlockStarted: BlockStarted;
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
  /** The run failed, and this is what the flow's own `onError` says to the caller. */
  handled?: true;
  /** Of a `respond` step; names in lower case, none that belongs to the connection. */
  headers?: Record<string, string>;
}
export interface RunnerAnswers {
  RunAnswered: RunAnswered;
}
