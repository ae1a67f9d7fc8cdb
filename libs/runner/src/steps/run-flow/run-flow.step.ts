import { waitUntil } from '../../waiting/wait-length.ts';
import { FlowCompileError } from '../../flows/flow-compile-error.ts';
import { StepError, type StepInterpreter, type StepOutcome, type StepScope, type StepType } from '../step-type.ts';

/** What the effect starts. */
export interface FlowCall {
  flow: string;
  input: unknown;
  /** Null: nobody waits for the other run. Unix milliseconds. */
  waitUntilMs: number | null;
}

/** How a run ended that another one waited for, as `StepAnswered` has it. */
export interface ChildOutcome {
  runId: string;
  status: string;
  result: unknown;
  error: { code: string; message: string } | null;
}

/**
 * The output of the step that waited.
 * @throws StepError when the other run did not succeed.
 */
export function outputOfChild({ runId, status, result, error }: ChildOutcome): unknown {
  if (status === 'succeeded') return { runId, status, result };
  throw new StepError('run_flow_failed', `run ${runId} ended as ${status}${error ? `: ${error.message}` : ''}`);
}

/** `flow`, `input`, `wait`, `timeout`: starts a run of another flow, and waits for its end unless it is told not to. */
export const runFlowStep: StepType = {
  type: 'run_flow',
  compile(step, compiler): StepInterpreter {
    if (typeof step.flow !== 'string') throw new FlowCompileError(step.ref, 'a run_flow step needs a flow');
    const flow = compiler.text(step.flow);
    const input = compiler.value(step.input ?? {});
    const timeout = step.timeout === undefined ? null : compiler.value(step.timeout);
    const call = (scope: StepScope) => ({
      flow: nameOf(flow.evaluate(scope.context, scope)),
      input: input.evaluate(scope.context, scope) ?? null,
    });
    return {
      begin: (scope): StepOutcome => ({ kind: 'effect', input: call(scope) }),
      request: (scope): FlowCall => ({
        ...call(scope),
        waitUntilMs: step.wait === false ? null : waitUntil(timeout, scope),
      }),
      resume(_scope, end) {
        if (end.kind === 'answered') return outputOfChild(end.value as ChildOutcome);
        throw new StepError('wait_timeout', `the run did not end until ${new Date(end.untilMs).toISOString()}`);
      },
    };
  },
};

function nameOf(value: unknown): string {
  const name = typeof value === 'number' ? String(value) : value;
  if (typeof name === 'string' && name !== '') return name;
  throw new StepError('flow_not_found', 'the name of the flow is empty');
}
