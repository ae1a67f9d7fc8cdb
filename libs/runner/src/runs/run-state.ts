import type {
  EventEmitted,
  RunError,
  RunFinished,
  RunnerEvents,
  RunStarted,
  RunWaiting,
  StepCompleted,
  StepFailed,
  StepStarted,
} from '@sluice/contracts';

/** An event of a run, before or after it is stored. */
export type RunEvent = { [K in keyof RunnerEvents]: { type: K; data: RunnerEvents[K] } }[keyof RunnerEvents];

export interface StepState {
  ref: string;
  type: string;
  /** `running`: an effect began and its end is not recorded; `retrying`: waits for its next attempt. */
  status: 'running' | 'retrying' | 'waiting' | 'succeeded' | 'failed';
  /** Counts from 1; an attempt that a crash cut short counts too. */
  attempt: number;
  /** Attempts that ended in an error of the other side. */
  failures: number;
  startedAt: string;
  finishedAt: string | null;
  input: unknown;
  output: unknown;
  error: RunError | null;
  /** When a waiting or retrying step goes on; Unix milliseconds. */
  dueMs: number | null;
}

/** A run as its events tell it. */
export interface RunState {
  id: string;
  /** Version of the last event of the stream. */
  version: number;
  started: RunStarted | null;
  /** What the flow was started with; a body over 256 KiB is put here by whoever loads the run. */
  input: unknown;
  /** In the order in which they began. */
  steps: Map<string, StepState>;
  cancelRequestedAt: string | null;
  finished: RunFinished | null;
}

export function emptyRun(id: string): RunState {
  return { id, version: 0, started: null, input: null, steps: new Map(), cancelRequestedAt: null, finished: null };
}

function onRunStarted(run: RunState, data: RunStarted): void {
  run.started = data;
  setInput(run, data.input);
}

/** Gives the run its input, which is also the output of its webhook step. */
export function setInput(run: RunState, input: unknown): void {
  run.input = input;
  const data = run.started;
  if (!data || data.webhookRef === undefined) return;
  run.steps.set(data.webhookRef, {
    ...newStep(data.webhookRef, 'webhook', data.startedAt),
    status: 'succeeded',
    finishedAt: data.startedAt,
    output: input,
  });
}

function newStep(ref: string, type: string, startedAt: string): StepState {
  return {
    ref,
    type,
    status: 'running',
    attempt: 1,
    failures: 0,
    startedAt,
    finishedAt: null,
    input: null,
    output: null,
    error: null,
    dueMs: null,
  };
}

function onStepStarted(run: RunState, data: StepStarted): void {
  const step = run.steps.get(data.ref) ?? newStep(data.ref, data.type, data.startedAt);
  step.status = 'running';
  step.attempt = data.attempt;
  step.input = data.input;
  step.dueMs = null;
  run.steps.set(data.ref, step);
}

function onStepCompleted(run: RunState, data: StepCompleted): void {
  const step = run.steps.get(data.ref) ?? newStep(data.ref, data.type, data.startedAt);
  step.status = 'succeeded';
  step.attempt = data.attempt;
  step.finishedAt = data.finishedAt;
  step.input = data.input;
  step.output = data.output;
  step.error = null;
  step.dueMs = null;
  run.steps.set(data.ref, step);
}

function onStepFailed(run: RunState, data: StepFailed): void {
  const step = run.steps.get(data.ref) ?? newStep(data.ref, data.type, data.startedAt);
  step.status = data.nextAttemptAt === null ? 'failed' : 'retrying';
  step.attempt = data.attempt;
  step.failures++;
  step.finishedAt = data.nextAttemptAt === null ? data.finishedAt : null;
  step.input = data.input;
  step.output = data.output ?? null;
  step.error = data.error;
  step.dueMs = data.nextAttemptAt === null ? null : Date.parse(data.nextAttemptAt);
  run.steps.set(data.ref, step);
}

function onEventEmitted(run: RunState, data: EventEmitted): void {
  run.steps.set(data.ref, {
    ...newStep(data.ref, 'emit', data.emittedAt),
    status: 'succeeded',
    finishedAt: data.emittedAt,
    input: { event: data.type, subject: data.subject, data: data.data },
    output: { eventId: data.eventId },
  });
}

function onRunWaiting(run: RunState, data: RunWaiting): void {
  const step = newStep(data.ref, data.type, data.startedAt);
  step.status = 'waiting';
  step.dueMs = Date.parse(data.until);
  run.steps.set(data.ref, step);
}

/** Moves the run by one event; events this version does not know (of a newer one) only count. */
export function applyEvent(run: RunState, event: RunEvent): void {
  run.version++;
  switch (event.type) {
    case 'RunStarted':
      return onRunStarted(run, event.data);
    case 'StepStarted':
      return onStepStarted(run, event.data);
    case 'StepCompleted':
      return onStepCompleted(run, event.data);
    case 'StepFailed':
      return onStepFailed(run, event.data);
    case 'EventEmitted':
      return onEventEmitted(run, event.data);
    case 'RunWaiting':
      return onRunWaiting(run, event.data);
    case 'RunCancelRequested':
      run.cancelRequestedAt ??= event.data.at;
      return;
    case 'RunFinished':
      run.finished = event.data;
      return;
    default:
      return;
  }
}

/** Folds a stream from its first event on. */
export function foldRun(id: string, events: Iterable<{ type: string; data: unknown }>): RunState {
  const run = emptyRun(id);
  for (const event of events) applyEvent(run, event as RunEvent);
  return run;
}
