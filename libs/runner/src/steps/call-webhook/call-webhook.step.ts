import { FlowCompileError } from '../../flows/flow-compile-error.ts';
import { StepError, type StepInterpreter, type StepOutcome, type StepScope, type StepType } from '../step-type.ts';

/** What the effect sends: an endpoint by its name, integer or uuid, and what it is told. */
export interface WebhookCall {
  endpoint: string;
  payload: unknown;
}

/**
 * `call_webhook`: calls an inline endpoint and waits for its answer (LU-04). The output is
 * `{ok, verdict, response, status, message}`, whatever the answer; a step that could not call anybody fails.
 */
export const callWebhookStep: StepType = {
  type: 'call_webhook',
  compile(step, compiler): StepInterpreter {
    if (typeof step.endpoint !== 'string')
      throw new FlowCompileError(step.ref, 'a call_webhook step needs an endpoint');
    const endpoint = compiler.text(step.endpoint);
    const payload = compiler.value(step.payload ?? null);
    const call = (scope: StepScope): WebhookCall => ({
      endpoint: nameOf(endpoint.evaluate(scope.context, scope)),
      payload: payload.evaluate(scope.context, scope),
    });
    return {
      begin: (scope): StepOutcome => ({ kind: 'effect', input: call(scope) }),
      request: call,
      failedOutput: (error) => ({
        ok: false,
        verdict: null,
        response: null,
        status: null,
        message: error.message,
        error,
      }),
    };
  },
};

function nameOf(value: unknown): string {
  const name = typeof value === 'number' ? String(value) : value;
  if (typeof name === 'string' && name !== '') return name;
  throw new StepError('endpoint_not_found', 'the name of the endpoint is empty');
}
