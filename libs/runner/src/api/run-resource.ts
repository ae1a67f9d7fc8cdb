import { ApiProperty } from '@nestjs/swagger';
import type { ConsoleLine, RunError, RunStatus } from '@sluice/contracts';
import type { EventMeta } from '@sluice/event-store';
import type { RunOrigin } from '../runs/run-appends.ts';
import { statusOf } from '../runs/run-rows.ts';
import type { RunState, StepState } from '../runs/run-state.ts';
import { MAX_STEPS_SHOWN } from '../runs/shown-steps.rules.ts';

const ANY_JSON = { nullable: true, description: 'any JSON' } as const;
const TIME = { format: 'date-time', nullable: true, type: String } as const;
const STATUSES = ['queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled', 'timed_out'];

export class RunErrorResource implements RunError {
  @ApiProperty()
  code!: string;
  @ApiProperty()
  message!: string;
  @ApiProperty({ type: String, nullable: true, description: 'the step that failed' })
  ref!: string | null;
  @ApiProperty({ required: false, description: 'where in a loop that step stands' })
  path?: string;
}

export class ConsoleLineResource implements ConsoleLine {
  @ApiProperty({ enum: ['log', 'info', 'warn', 'error', 'debug'] })
  level!: ConsoleLine['level'];
  @ApiProperty()
  text!: string;
}

export class StepResource {
  @ApiProperty()
  ref!: string;
  @ApiProperty({ required: false, description: 'inside a loop: the item and the ref, as `each[3].call`' })
  path?: string;
  @ApiProperty()
  type!: string;
  @ApiProperty({
    enum: ['running', 'retrying', 'waiting', 'succeeded', 'failed', 'skipped', 'cancelled'],
    description: 'cancelled: the run ended before it did',
  })
  status!: Exclude<StepState['status'], 'open'> | 'cancelled';
  @ApiProperty()
  attempt!: number;
  @ApiProperty(TIME)
  startedAt!: string;
  @ApiProperty(TIME)
  finishedAt!: string | null;
  @ApiProperty(ANY_JSON)
  input!: unknown;
  @ApiProperty(ANY_JSON)
  output!: unknown;
  @ApiProperty({ type: RunErrorResource, nullable: true })
  error!: RunError | null;
  @ApiProperty({ ...TIME, description: 'when it goes on, while it waits' })
  nextAttemptAt!: string | null;
  @ApiProperty({ type: [ConsoleLineResource], required: false, description: 'what the code of a code step wrote' })
  console?: readonly ConsoleLine[];
  @ApiProperty({
    required: false,
    format: 'uuid',
    description: 'the run in which it was done: a retry does nothing twice',
  })
  takenFrom?: string;
  @ApiProperty({ required: false, description: 'it was not run: the test gave it this output' })
  given?: boolean;
}

/** What lists show of a run. */
export class RunSummary {
  @ApiProperty({ format: 'uuid' })
  id!: string;
  @ApiProperty({ type: Number, nullable: true, description: 'null until the run starts' })
  number!: number | null;
  @ApiProperty({ format: 'uuid' })
  flowId!: string;
  @ApiProperty({ type: Number, nullable: true })
  flowVersion!: number | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  triggerId!: string | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  appId!: string | null;
  @ApiProperty({ enum: ['live', 'draft'] })
  mode!: 'live' | 'draft';
  @ApiProperty({ enum: STATUSES })
  status!: RunStatus;
  @ApiProperty({ type: RunErrorResource, nullable: true })
  error!: RunError | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'the run that this one is a retry of' })
  retryOf!: string | null;
  @ApiProperty({ type: String, format: 'date-time' })
  queuedAt!: string;
  @ApiProperty(TIME)
  startedAt!: string | null;
  @ApiProperty(TIME)
  finishedAt!: string | null;
  @ApiProperty({ type: Number, nullable: true, description: 'milliseconds from acceptance to start' })
  queueMs!: number | null;
  @ApiProperty({ type: Number, nullable: true, description: 'milliseconds from start to end' })
  runMs!: number | null;
}

export class RunPage {
  @ApiProperty({ type: [RunSummary] })
  items!: RunSummary[];
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

export class RunResource extends RunSummary {
  @ApiProperty(ANY_JSON)
  input!: unknown;
  @ApiProperty(ANY_JSON)
  result!: unknown;
  @ApiProperty({
    type: [String],
    format: 'uuid',
    description: 'the runs that are retries of this one, newest first, at most 100',
  })
  retriedAs!: string[];
  @ApiProperty({ ...TIME, description: 'when somebody asked to cancel it' })
  userRequestedCancelAt!: string | null;
  @ApiProperty()
  correlationId!: string;
  @ApiProperty({ type: String, nullable: true })
  traceId!: string | null;
  @ApiProperty({ type: [StepResource] })
  steps!: StepResource[];
  @ApiProperty({
    required: false,
    description: `how many steps are left out in the middle of the list, which has at most ${MAX_STEPS_SHOWN}; absent: none`,
  })
  stepsOmitted?: number;
}

/** What is known of a run that was accepted but has not begun. */
export interface QueuedRun {
  flowId: string;
  triggerId: string | null;
  mode: 'live' | 'draft';
  queuedAt: string;
  input: unknown;
  /** Of a rehearsed retry. */
  flowVersion?: number;
  /** Of a retry that has yet to begin. */
  retryOf?: string;
}

/** Milliseconds between two times, never negative: they may come from two machines. */
export function between(from: string | null, to: string | null): number | null {
  return from === null || to === null ? null : Math.max(0, Date.parse(to) - Date.parse(from));
}

/** The trace id of a W3C traceparent header. */
function traceIdOf(meta: EventMeta): string | null {
  return meta.traceparent?.split('-')[1] ?? null;
}

const GOES_ON: ReadonlySet<StepState['status']> = new Set(['running', 'retrying', 'waiting', 'open']);

/** Whether the end of its run ends the step, too. */
export const isUnderWay = ({ status }: StepState): boolean => GOES_ON.has(status);

/** @param runEndedAt when its run ended, which ends what was under way; null while it goes on. */
export function stepResource(step: StepState, runEndedAt: string | null): StepResource {
  const { ref, path, type, attempt, startedAt, input, error, dueMs } = step;
  const isCutOff = runEndedAt !== null && isUnderWay(step);
  const nextAttemptAt = dueMs === null || isCutOff ? null : new Date(dueMs).toISOString();
  const status = isCutOff ? 'cancelled' : step.status === 'open' ? 'running' : step.status;
  const finishedAt = isCutOff ? runEndedAt : step.finishedAt;
  return {
    ref,
    ...(path === undefined ? {} : { path }),
    type,
    status,
    attempt,
    startedAt,
    finishedAt,
    input,
    output: step.stored ?? step.output,
    error,
    nextAttemptAt,
    ...(step.console === undefined ? {} : { console: step.console }),
    ...(step.takenFrom === undefined ? {} : { takenFrom: step.takenFrom }),
    ...(step.given === undefined ? {} : { given: step.given }),
  };
}

/** Those it began with and those it ended with, of a run that has very many. */
function stepsOf({ steps, omitted, finished }: RunState): Pick<RunResource, 'steps' | 'stepsOmitted'> {
  const all = [...steps.values()];
  const inTheMiddle = Math.max(0, all.length - MAX_STEPS_SHOWN);
  all.splice(MAX_STEPS_SHOWN / 2, inTheMiddle);
  const stepsOmitted = omitted + inTheMiddle;
  return {
    steps: all.map((step) => stepResource(step, finished?.finishedAt ?? null)),
    ...(stepsOmitted > 0 ? { stepsOmitted } : {}),
  };
}

function originFields(run: RunState, origin: RunOrigin) {
  return {
    appId: origin.appId,
    retryOf: run.started?.retryOf ?? null,
    retriedAs: [],
    userRequestedCancelAt: run.cancelRequestedAt,
    correlationId: origin.meta.correlationId,
    traceId: traceIdOf(origin.meta),
  };
}

/** The run as `GET /v1/runs/{id}` shows it (api.md), without its retries. @param queued what its request says, while it has not begun. */
export function runResource(run: RunState, origin: RunOrigin, queued: QueuedRun | null): RunResource {
  const { started, finished } = run;
  if (!started) {
    if (!queued) throw new Error(`run ${run.id} has neither begun nor been accepted`);
    return {
      id: run.id,
      number: null,
      flowVersion: null,
      status: 'queued',
      ...originFields(run, origin),
      ...queued,
      result: null,
      error: null,
      startedAt: null,
      finishedAt: null,
      queueMs: null,
      runMs: null,
      ...stepsOf(run),
    };
  }
  return {
    id: run.id,
    number: started.number,
    flowId: started.flowId,
    flowVersion: started.flowVersion,
    triggerId: started.triggerId,
    mode: started.mode,
    status: statusOf(run),
    ...originFields(run, origin),
    input: run.input,
    result: finished?.result ?? null,
    error: finished?.error ?? null,
    queuedAt: started.queuedAt,
    startedAt: started.startedAt,
    finishedAt: finished?.finishedAt ?? null,
    queueMs: between(started.queuedAt, started.startedAt),
    runMs: between(started.startedAt, finished?.finishedAt ?? null),
    ...stepsOf(run),
  };
}
