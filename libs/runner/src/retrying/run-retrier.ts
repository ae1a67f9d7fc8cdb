import { Injectable } from '@nestjs/common';
import { newId, type RunStarted, type RunTrigger, type TriggerAccepted } from '@sluice/contracts';
import type { EventMeta } from '@sluice/event-store';
import { InjectPool, isDryRun } from '@sluice/platform';
import type { Pool } from 'pg';
import type { FoundRun } from '../api/runs.query.ts';
import { queuedRunOf } from '../api/waiting-starts.ts';
import type { CompiledFlow } from '../flows/compiled-flow.ts';
import { FlowCatalog, versionOf } from '../flows/flow-catalog.ts';
import { runnerError } from '../runner.errors.ts';
import { RunInputs } from '../runs/run-input.ts';
import { applyEvent, type RunEvent } from '../runs/run-state.ts';
import type { PendingStart } from '../starting/pending-start.ts';
import { RunStarter } from '../starting/run-starter.ts';
import { takenOverFrom } from './taken-over.rules.ts';

/** How a run is to be retried. */
export interface RetryWish {
  /** The step to begin with; absent: the one that the run failed by, or the first when there is another input. */
  from?: string | undefined;
  version: 'original' | 'current' | number;
  /** Instead of the run's own input. */
  input?: { value: unknown };
}

/** Starts runs that do what another one did not (FL-06). */
@Injectable()
export class RunRetrier {
  constructor(
    @InjectPool('runner') private readonly pool: Pool,
    private readonly catalog: FlowCatalog,
    private readonly inputs: RunInputs,
    private readonly starter: RunStarter,
  ) {}

  /**
   * Starts a run that links to `found` and takes over what was done there. Durable when it resolves.
   * @param runId the id of the new run; the same id twice starts one run.
   * @throws AppError when the run is not over, the flow or the version is gone or paused, or `from` was never reached
   * or is no step of the version.
   */
  async retry(found: FoundRun, wish: RetryWish, actor: EventMeta['actor'], runId = newId()): Promise<FoundRun> {
    const { run, origin } = found;
    const { started, finished } = run;
    if (!started || !finished) throw runnerError('run_not_finished', 'cancel it, or wait for its end');
    const flow = await this.versionFor(started, wish.version);
    const takenOver = stepsOf(found, wish, flow);
    const { value } = wish.input ?? { value: run.input };
    const stored = isDryRun() ? NOT_STORED : await this.inputs.storeIfLarge(value);
    const meta: EventMeta = {
      correlationId: origin.meta.correlationId,
      causationId: run.id,
      ...(actor ? { actor } : {}),
    };
    const pending: PendingStart = {
      runId,
      appId: origin.appId,
      flowId: started.flowId,
      mode: started.mode,
      flowVersion: flow.version,
      input: { value },
      inputPayload: stored.payload,
      trigger: await this.triggerOf(started),
      triggerId: started.triggerId,
      requestId: started.requestId,
      orderingKey: started.orderingKey ?? null,
      queuedAt: new Date().toISOString(),
      retryOf: run.id,
      takenOver,
      ...(started.until === undefined ? {} : { until: started.until }),
      inputBytes: stored.bytes,
      meta,
    };
    if (isDryRun()) return wouldBe(pending);
    const [begun] = await this.starter.start([pending], stored.alongside);
    return begun ? { ...begun, queued: null } : queuedRunOf(pending);
  }

  private async versionFor(started: RunStarted, wanted: RetryWish['version']): Promise<CompiledFlow> {
    const flow = await this.catalog.find(started.flowId);
    if (!flow) throw runnerError('flow_not_found', 'the flow was deleted');
    if (flow.status === 'paused') throw runnerError('flow_paused', 'unpause the flow to retry its runs');
    // A run that failed for want of its flow has version 0.
    const original = started.flowVersion > 0 ? started.flowVersion : versionOf(flow, started.mode);
    const named = wanted === 'current' ? versionOf(flow, started.mode) : wanted;
    const version = named === 'original' ? original : named;
    const compiled = await this.catalog.version(flow.id, version);
    if (!compiled) throw runnerError('unknown_flow_version', `there is no version ${version} of the flow`);
    return compiled;
  }

  /** What templates see of the request. A run that was over at once does not remember it, its request does. */
  private async triggerOf(started: RunStarted): Promise<RunTrigger | null> {
    if (started.trigger) return { ...started.trigger, replyTo: null };
    if (started.requestId === null) return null;
    const { rows } = await this.pool.query<{ data: string }>({
      name: 'runner_retried_request',
      text: `select data from gateway.events where stream_id = $1 and version = 1 and type = 'TriggerAccepted'`,
      values: [started.requestId],
    });
    if (!rows[0]) return null;
    const { profile, method, query, headers, receivedAt, props } = JSON.parse(rows[0].data) as TriggerAccepted;
    return { profile, method, query, headers, receivedAt, props, replyTo: null };
  }
}

const NOT_STORED = { bytes: 0, payload: null, alongside: [] };

/** What a retry would begin with: as queued, with the steps that it would take over. */
function wouldBe(pending: PendingStart): FoundRun {
  const found = queuedRunOf(pending);
  for (const event of pending.takenOver ?? []) applyEvent(found.run, event);
  const { flowVersion } = pending;
  return found.queued && flowVersion !== undefined ? { ...found, queued: { ...found.queued, flowVersion } } : found;
}

function stepsOf({ run }: FoundRun, { from, input }: RetryWish, flow: CompiledFlow): RunEvent[] {
  // What was made of the old input has no place in a run of another one, unless somebody says so.
  if (from === undefined && input !== undefined) return [];
  const steps = takenOverFrom(run, from ?? null, flow.steps);
  if (steps === null) throw runnerError('step_not_reached', `the run never came to a step "${from?.slice(0, 100)}"`);
  // Everything before a step that is not there would be done as if it were: whatever came first.
  if (from !== undefined && from !== run.started?.webhookRef && !hasStep(flow, from)) {
    throw runnerError('step_not_in_version', `version ${flow.version} of the flow has no step "${from}"`);
  }
  return steps;
}

function hasStep({ steps, onError }: CompiledFlow, wanted: string): boolean {
  return [...steps, ...(onError?.steps ?? [])].some((step) => step.ref === wanted || step.refsInside.includes(wanted));
}
