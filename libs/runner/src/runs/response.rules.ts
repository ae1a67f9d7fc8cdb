import { responseContentOf, responseStatusOf, type RunAnswered, type RunError } from '@sluice/contracts';
import type { CompiledFlow } from '../flows/compiled-flow.ts';
import { jsonValue } from './json-value.rules.ts';
import { MAX_RESPONSE_BYTES } from './run-limits.ts';
import { type EarlyResponse, StepError, type StepScope } from '../steps/step-type.ts';

const JSON_TYPE = 'application/json';

export type Answer = Pick<
  RunAnswered,
  'status' | 'contentType' | 'body' | 'error' | 'runStatus' | 'isDefault' | 'headers' | 'handled'
>;

/** The response of a flow, rendered: its status, and the value that is also the run's result. */
export interface RenderedResponse {
  status: number;
  /** Undefined when the flow describes no body. */
  value: unknown;
}

export function responseStatus(value: unknown): number {
  const status = responseStatusOf(value);
  if (status === null) {
    throw new StepError(
      'invalid_response_status',
      `the response's status is not a number from 200 to 599: ${JSON.stringify(value ?? null).slice(0, 100)}`,
    );
  }
  return status;
}

/** @throws StepError, template errors: the run fails with them. */
export function renderResponse({ status, body }: CompiledFlow['response'], scope: StepScope): RenderedResponse {
  const rendered = {
    status: status ? responseStatus(status.evaluate(scope.context, scope)) : 200,
    value: body ? body.evaluate(scope.context, scope) : undefined,
  };
  if (body) {
    const { value, size } = jsonValue(rendered.value);
    if (size > MAX_RESPONSE_BYTES)
      throw new StepError('response_too_large', `the response has more than ${MAX_RESPONSE_BYTES} bytes`);
    rendered.value = value;
  }
  return rendered;
}

/** Text that parses as JSON is sent as JSON (LC-11); a value that is not text is sent as its JSON. */
export function answerOf(response: RenderedResponse, result: unknown): Answer {
  const { status, value } = response;
  const succeeded = { status, error: null, runStatus: 'succeeded' } as const;
  if (value === undefined) {
    return { ...succeeded, contentType: JSON_TYPE, body: JSON.stringify(result ?? null), isDefault: true };
  }
  return { ...succeeded, ...responseContentOf(value) };
}

/** What a `respond` step says; the run goes on. */
export function respondAnswer(response: EarlyResponse): Answer {
  return { ...response, error: null, runStatus: 'running' };
}

/** The answer that a flow's own `onError` gives: the run failed, and the caller gets what the flow says to that. */
export function handledAnswer(response: RenderedResponse, error: RunError): Answer {
  return { ...answerOf(response, { error }), runStatus: 'failed', handled: true };
}

/** What the waiting caller of a run without success gets; each profile words it in its own way. */
export function failedAnswer(runStatus: 'failed' | 'cancelled' | 'timed_out', error: RunError): Answer {
  return { status: 500, contentType: JSON_TYPE, body: JSON.stringify({ error }), error, runStatus };
}
