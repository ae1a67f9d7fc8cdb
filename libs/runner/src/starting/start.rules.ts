import type { RunError, RunStarted, RunTrigger } from '@sluice/contracts';
import type { CompiledFlow } from '../flows/compiled-flow.ts';
import type { Decision, Moment } from '../runs/decision.ts';
import { advance, failAtOnce } from '../runs/run.decider.ts';
import { applyEvent, type RunEvent, type RunState, setInput } from '../runs/run-state.ts';

/** A run that shall begin. */
export interface StartRequest {
  runId: string;
  flowId: string;
  mode: 'live' | 'draft';
  /** What could not be read fails the run by itself. */
  input: { value: unknown } | { problem: { code: string; message: string } };
  /** The raw body in libs/payloads, when it is too large to be written into an event. */
  inputPayload: RunStarted['inputPayload'] | null;
  trigger: RunTrigger | null;
  triggerId: string | null;
  requestId: string | null;
  /** Runs of one key execute one after another; null: no order. */
  orderingKey: string | null;
  /** RFC 3339. */
  queuedAt: string;
  /** The version to run; absent: the one that `mode` says. */
  flowVersion?: number;
  /** It takes one of the places of its flow when it does not end at once. */
  limited?: true;
  /** It takes one of the places of its app when it does not end at once. */
  appLimited?: true;
  /** The run that this one is a retry of, and the steps that were done there. */
  retryOf?: string;
  takenOver?: readonly RunEvent[];
  /** Outputs of those steps that their events only name, by their ids in libs/payloads. */
  takenOutputs?: ReadonlyMap<string, unknown>;
  /** A test ends after this step. */
  until?: string;
  /** The run that starts this one. */
  parent?: NonNullable<RunStarted['parent']>;
}

function startedOf(request: StartRequest, flow: CompiledFlow | null, number: number, moment: Moment): RunStarted {
  const value = 'value' in request.input ? request.input.value : null;
  return {
    number,
    flowId: request.flowId,
    flowVersion: flow?.version ?? 0,
    triggerId: request.triggerId,
    requestId: request.requestId,
    mode: request.mode,
    input: request.inputPayload ? null : value,
    ...(request.inputPayload ? { inputPayload: request.inputPayload } : {}),
    ...(flow?.webhookRef ? { webhookRef: flow.webhookRef } : {}),
    ...(request.trigger ? { trigger: request.trigger } : {}),
    ...(request.orderingKey === null ? {} : { orderingKey: request.orderingKey }),
    ...(request.limited ? { limited: true as const } : {}),
    ...(request.appLimited ? { appLimited: true as const } : {}),
    ...(request.retryOf === undefined ? {} : { retryOf: request.retryOf }),
    ...(request.until === undefined ? {} : { until: request.until }),
    ...(request.parent === undefined ? {} : { parent: request.parent }),
    queuedAt: request.queuedAt,
    startedAt: moment.iso,
  };
}

function problemOf(request: StartRequest, flow: CompiledFlow | null): RunError | null {
  if (!flow) return { code: 'flow_not_found', message: `there is no flow ${request.flowId}`, ref: null };
  return 'problem' in request.input ? { ...request.input.problem, ref: flow.webhookRef } : null;
}

/**
 * The first append of a run: its start and everything up to the first effect, wait or the end. `run` is empty, or holds
 * a wish to cancel that came before the start. A run that is over at once does not remember its trigger.
 */
export function startRun(
  request: StartRequest,
  flow: CompiledFlow | null,
  number: number,
  moment: Moment,
  run: RunState,
): Decision {
  const started = startedOf(request, flow, number, moment);
  applyEvent(run, { type: 'RunStarted', data: started });
  if ('value' in request.input) setInput(run, request.input.value);
  const takenOver = request.takenOver ?? [];
  for (const event of takenOver) applyEvent(run, event);
  for (const step of run.steps.values()) {
    if (step.stored) step.output = request.takenOutputs?.get(step.stored.payloadId) ?? null;
  }
  const problem = problemOf(request, flow);
  const decision =
    problem || !flow ? failAtOnce(run, flow?.number ?? 0, problem as RunError, moment) : advance(flow, run, moment);
  if (decision.next.kind === 'finished') delete started.trigger;
  const first: RunEvent = { type: 'RunStarted', data: started };
  return { ...decision, events: [first, ...takenOver, ...decision.events] };
}
