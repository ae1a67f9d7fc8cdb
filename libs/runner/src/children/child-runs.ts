import { Injectable } from '@nestjs/common';
import { derivedId, isUuid } from '@sluice/contracts';
import { InjectPool } from '@sluice/platform';
import type { Pool } from 'pg';
import { FlowCatalog, type KnownFlow } from '../flows/flow-catalog.ts';
import { RunReader } from '../runs/run-reader.ts';
import type { RunState } from '../runs/run-state.ts';
import type { RunStarter } from '../starting/run-starter.ts';
import type { ChildOutcome, FlowCall } from '../steps/run-flow/run-flow.step.ts';
import { type EffectCall, StepError } from '../steps/step-type.ts';

/** A run that was started by a request has depth 0, the runs it starts 1, and so on. */
export const MAX_DEPTH = 10;

/** The id of the run that a step starts. */
export function childIdOf(runId: string, key: string): string {
  return derivedId('child', runId, key);
}

/** What a run that waits for another one learns of its end; null while it goes on. */
export function outcomeOf({ id, finished }: RunState): ChildOutcome | null {
  if (!finished) return null;
  const { status, result, error } = finished;
  return { runId: id, status, result, error: error && { code: error.code, message: error.message } };
}

/** Runs that other runs start. */
@Injectable()
export class ChildRuns {
  private starter: RunStarter | null = null;

  constructor(
    @InjectPool('runner') private readonly pool: Pool,
    private readonly catalog: FlowCatalog,
    private readonly reader: RunReader,
  ) {}

  /** The starter needs the effects, of which this is a part; so it is told when everything is there. */
  startWith(starter: RunStarter): void {
    this.starter = starter;
  }

  /**
   * Starts the run of a step unless it has begun already.
   * @throws StepError when it cannot be started; a transient error when the database is away.
   */
  async start(call: EffectCall, request: FlowCall): Promise<{ runId: string; outcome: ChildOutcome | null }> {
    const { runId: parentId, stepKey, started, origin } = call;
    const depth = (started.parent?.depth ?? 0) + 1;
    if (depth > MAX_DEPTH) throw new StepError('too_deep', `runs start each other at most ${MAX_DEPTH} deep`);
    const flow = await this.find(call.appId, request.flow);
    if (flow.status === 'paused') throw new StepError('flow_paused', `the flow ${request.flow} is paused`);
    const runId = childIdOf(parentId, stepKey);
    const waits = request.waitUntilMs !== null;
    const above = started.parent?.waits ? (started.parent.flowIds ?? []) : [];
    const flowIds = waits ? [...above, started.flowId] : [];
    const runIds = [...(started.parent?.waits ? (started.parent.runIds ?? [started.parent.runId]) : []), parentId];
    const parent = { runId: parentId, step: stepKey, depth, waits, ...(waits ? { flowIds, runIds } : {}) };
    await this.starter?.start([
      {
        runId,
        flowId: flow.id,
        mode: started.mode,
        input: { value: request.input },
        inputPayload: null,
        trigger: null,
        triggerId: null,
        requestId: started.requestId,
        orderingKey: null,
        queuedAt: new Date().toISOString(),
        parent,
        appId: call.appId,
        meta: { ...origin.meta, causationId: parentId },
        inputBytes: 0,
      },
    ]);
    const child = await this.reader.load(runId);
    return { runId, outcome: child && outcomeOf(child.run) };
  }

  private async find(appId: string | null, name: string): Promise<KnownFlow> {
    const id = isUuid(name) ? name : await this.idOf(appId, name);
    const flow = id === null ? null : await this.catalog.find(id);
    if (!flow || flow.appId !== appId) throw new StepError('flow_not_found', `there is no flow ${name.slice(0, 200)}`);
    return flow;
  }

  /** By name or number. */
  private async idOf(appId: string | null, name: string): Promise<string | null> {
    const number = /^[1-9]\d{0,8}$/.test(name) ? Number(name) : null;
    const { rows } = await this.pool.query<{ id: string }>({
      name: 'runner_flow_by_name',
      text: `select id from runner.flows where app_id = $1 and not deleted and (name = $2 or number = $3) limit 2`,
      values: [appId, name, number],
    });
    if (rows.length > 1) throw new StepError('flow_ambiguous', `several flows are called ${name.slice(0, 200)}`);
    return rows[0]?.id ?? null;
  }
}

/** Steps of a run that is over, or asked to end, whose runs go on although nobody waits for them any more. */
export function abandonedChildren(run: RunState): string[] {
  const waits = [...run.steps].filter(([, step]) => step.type === 'run_flow' && step.status !== 'succeeded');
  return waits.filter(([key]) => !run.answers.has(key)).map(([key]) => childIdOf(run.id, key));
}
