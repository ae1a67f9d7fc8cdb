import { parseDurationMs, STEP_LIMITS } from '@sluice/contracts';
import { FlowCompileError } from '../../flows/flow-compile-error.ts';
import type { StepType } from '../step-type.ts';

/** What the effect runs. */
export interface CodeRequest {
  source: string;
  input: unknown;
  /** The instant that the code is told. */
  nowMs: number;
  timeMs: number;
}

/**
 * `source`: the body of an async JavaScript function of `input`; what it returns is the output. It runs apart from this
 * process and only computes, but takes too long for a decision, so it is recorded before and after like a call.
 */
export const codeStep: StepType = {
  type: 'code',
  compile(step, compiler) {
    if (typeof step.source !== 'string') throw new FlowCompileError(step.ref, 'a code step needs a source');
    const { source } = step;
    const input = compiler.value(step.input === undefined ? '{{ trigger.body }}' : step.input);
    const timeMs = (typeof step.timeout === 'string' ? parseDurationMs(step.timeout) : null) ?? STEP_LIMITS.codeMs;
    return {
      begin: (scope) => ({ kind: 'effect', input: input.evaluate(scope.context, scope) }),
      request: (scope): CodeRequest => ({
        source,
        input: input.evaluate(scope.context, scope),
        nowMs: scope.now.getTime(),
        timeMs,
      }),
    };
  },
};
