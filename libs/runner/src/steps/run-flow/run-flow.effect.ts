import type { ChildRuns } from '../../children/child-runs.ts';
import { type EffectCall, type EffectResult, type StepEffect, StepError } from '../step-type.ts';
import { type FlowCall, outputOfChild } from './run-flow.step.ts';

/** Starts the run of another flow. Its id is derived, so however often this is tried there is one. */
export class RunFlowEffect implements StepEffect {
  private readonly children: ChildRuns;

  constructor(children: ChildRuns) {
    this.children = children;
  }

  /** @throws a transient error when the database is away; trying again is safe. */
  async perform(call: EffectCall): Promise<EffectResult> {
    const request = call.request as FlowCall;
    try {
      const { runId, outcome } = await this.children.start(call, request);
      if (request.waitUntilMs === null) return { output: { runId }, error: null, retryable: false };
      if (outcome !== null) return { output: outputOfChild(outcome), error: null, retryable: false };
      return { output: { runId }, error: null, retryable: false, waitUntilMs: request.waitUntilMs };
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      return { error: { code: error.code, message: error.message }, retryable: error.code !== 'run_flow_failed' };
    }
  }
}
