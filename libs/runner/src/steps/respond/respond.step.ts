import { isHopHeader, responseContentOf } from '@sluice/contracts';
import { jsonValue } from '../../runs/json-value.rules.ts';
import { responseStatus } from '../../runs/response.rules.ts';
import { MAX_RESPONSE_BYTES } from '../../runs/run-limits.ts';
import { type EarlyResponse, StepError, type StepType } from '../step-type.ts';

/** RFC 9110 §5.6.2. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 §5.5, without obs-text: what every client reads alike. */
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

function headersOf(value: unknown): Record<string, string> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new StepError('invalid_response_headers', 'the headers are not an object');
  }
  const headers: Record<string, string> = {};
  for (const [name, each] of Object.entries(value)) {
    const text = typeof each === 'string' ? each : JSON.stringify(each ?? '');
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(text) || isHopHeader(name)) {
      throw new StepError(
        'invalid_response_headers',
        `the header ${JSON.stringify(name).slice(0, 100)} cannot be sent`,
      );
    }
    headers[name.toLowerCase()] = text;
  }
  return headers;
}

function contentOf(value: unknown): { contentType: string; body: string } {
  const made = jsonValue(value);
  if (made.size > MAX_RESPONSE_BYTES) {
    throw new StepError('response_too_large', `the response has more than ${MAX_RESPONSE_BYTES} bytes`);
  }
  return responseContentOf(made.value);
}

/** `status`, `headers`, `body`: answers the caller who waits, and the run goes on. The first one counts. */
export const respondStep: StepType = {
  type: 'respond',
  compile(step, compiler) {
    const status = compiler.value(step.status ?? 200);
    const headers = compiler.value(step.headers ?? {});
    const body = compiler.value(step.body ?? null);
    return {
      begin(scope) {
        const given = headersOf(headers.evaluate(scope.context, scope));
        const { 'content-type': contentType, ...others } = given;
        const content = contentOf(body.evaluate(scope.context, scope));
        const response: EarlyResponse = {
          status: responseStatus(status.evaluate(scope.context, scope)),
          contentType: contentType ?? content.contentType,
          body: content.body,
          ...(Object.keys(others).length > 0 ? { headers: others } : {}),
        };
        return { kind: 'respond', response };
      },
    };
  },
};
