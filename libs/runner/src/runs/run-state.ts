import {
  type BlockStarted,
  type ConsoleLine,
  type EventEmitted,
  type RunError,
  type RunFinished,
  type RunnerEvents,
  type RunStarted,
  type RunWaiting,
  type StepAnswered,
  type StepCompleted,
  type StepFailed,
  stepKeyOf,
  type StepPlace,
  type StepStarted,
  type StoredOutput,
} from '@sluice/contracts';
import type { LaneProgress } from './lane-progress.ts';

/** An event of a run, before or after it is stored. */
export type RunEvent = { [K in keyof RunnerEvents]: { type: K; data: RunnerEvents[K] } }[keyof RunnerEvents];

export interface StepState {
  ref: string;
  /** Of a step inside a loop, see `StepPlace`. */
  path?: string;
  type: string;
  /**
   * `running`: an effect began and its end is not recorded; `retrying`: waits for its next attempt; `open`: the steps
   * inside it are under way.
   */
  status: 'running' | 'retrying' | 'waiting' | 'open' | 'succeeded' | 'failed' | 'skipped';
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
  /** What its code wrote in its last attempt. */
  console?: readonly ConsoleLine[];
  /** The run in which it was done, of a step that a retry took over. */
  takenFrom?: string;
  /** Its output was given by whoever tests the flow. */
  given?: true;
  /** Where its output lies, which is too large for an event. `output` is this too, until somebody has fetched it. */
  stored?: StoredOutput;
}

/** A run as its events tell it. */
export interface RunState {
  id: string;
  /** Version of the last event of the stream. */
  version: number;
  started: RunStarted | null;
  /** What the flow was started with; a body over 256 KiB is put here by whoever loads the run. */
  input: unknown;
  /** By `stepKeyOf`, in the order in which they began. */
  steps: Map<string, StepState>;
  /** Steps that are over and not among `steps`, because the run is only shown. */
  omitted: number;
  /** What was given to steps from outside, by `stepKeyOf`; the first of each counts. It may come before the step waits. */
  answers: Map<string, { value: unknown }>;
  cancelRequestedAt: string | null;
  /** A `respond` step has answered the caller. */
  responded: boolean;
  finished: RunFinished | null;
  /** What one process remembers between its decisions, so that a long run is not gone through from its start each time. */
  memory: RunMemory;
}

/** Nothing of it is stored: another process finds it again from the events. */
export interface RunMemory {
  /** How far the loops and branches under way have come, by the key of their step. */
  lanes: Map<string, LaneProgress>;
  /** What the steps have taken and put out so far, without the input; null until somebody has counted. */
  bytes: RunBytes | null;
  /** How often a computation was interrupted to let others work. */
  slices: number;
}

/** About so many bytes, by where they are. */
export interface RunBytes {
  /** What later steps can read: not the steps of a long loop's items that are done. */
  held: number;
  /** All that stands in the run's events. */
  written: number;
  /** Outputs that are too large for events. */
  stored: number;
}

export function emptyRun(id: string): RunState {
  return {
    id,
    version: 0,
    started: null,
    input: null,
    steps: new Map(),
    omitted: 0,
    answers: new Map(),
    cancelRequestedAt: null,
    responded: false,
    finished: null,
    memory: { lanes: new Map(), bytes: null, slices: 0 },
  };
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

function put(run: RunState, place: StepPlace, step: StepState): void {
  if (place.path !== undefined) step.path = place.path;
  run.steps.set(stepKeyOf(place), step);
}

function known(run: RunState, data: StepPlace & { type: string; startedAt: string }): StepState {
  return run.steps.get(stepKeyOf(data)) ?? newStep(data.ref, data.type, data.startedAt);
}

function onStepStarted(run: RunState, data: StepStarted): void {
  const step = known(run, data);
  step.status = 'running';
  step.attempt = data.attempt;
  step.input = data.input;
  step.dueMs = null;
  put(run, data, step);
}

function onStepCompleted(run: RunState, data: StepCompleted): void {
  const step = known(run, data);
  step.status = data.skipped ? 'skipped' : 'succeeded';
  step.attempt = data.attempt;
  step.finishedAt = data.finishedAt;
  step.input = data.input;
  step.output = data.output;
  step.error = null;
  step.dueMs = null;
  if (data.type === 'respond' && !data.skipped) run.responded = true;
  if (data.console) step.console = data.console;
  if (data.takenFrom !== undefined) step.takenFrom = data.takenFrom;
  if (data.given) step.given = true;
  if (data.outputStored) step.stored = data.output as StoredOutput;
  put(run, data, step);
}

function onStepFailed(run: RunState, data: StepFailed): void {
  const step = known(run, data);
  step.status = data.nextAttemptAt === null ? 'failed' : 'retrying';
  step.attempt = data.attempt;
  step.failures++;
  step.finishedAt = data.nextAttemptAt === null ? data.finishedAt : null;
  step.input = data.input;
  step.output = data.output ?? null;
  step.error = data.error;
  step.dueMs = data.nextAttemptAt === null ? null : Date.parse(data.nextAttemptAt);
  if (data.console) step.console = data.console;
  put(run, data, step);
}

function onEventEmitted(run: RunState, data: EventEmitted): void {
  put(run, data, {
    ...newStep(data.ref, 'emit', data.emittedAt),
    status: 'succeeded',
    finishedAt: data.emittedAt,
    input: { event: data.type, subject: data.subject, data: data.data },
    output: { eventId: data.eventId },
  });
}

function onRunWaiting(run: RunState, data: RunWaiting): void {
  const step = known(run, data);
  step.status = 'waiting';
  step.dueMs = Date.parse(data.until);
  if (data.output !== undefined) step.output = data.output;
  put(run, data, step);
}

function onStepAnswered(run: RunState, data: StepAnswered): void {
  const key = stepKeyOf(data);
  if (!run.answers.has(key)) run.answers.set(key, { value: data.answer });
}

function onBlockStarted(run: RunState, data: BlockStarted): void {
  put(run, data, { ...newStep(data.ref, data.type, data.startedAt), status: 'open', input: { lanes: data.lanes } });
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
    case 'StepAnswered':
      return onStepAnswered(run, event.data);
    case 'BlockStarted':
      return onBlockStarted(run, event.data);
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

/** Moves the run by an event as the store has it. */
export function applyStored(run: RunState, event: { type: string; data: unknown }): void {
  applyEvent(run, event as RunEvent);
}

/** Folds a stream from its first event on. */
export function foldRun(id: string, events: Iterable<{ type: string; data: unknown }>): RunState {
  const run = emptyRun(id);
  for (const event of events) applyStored(run, event);
  return run;
}
