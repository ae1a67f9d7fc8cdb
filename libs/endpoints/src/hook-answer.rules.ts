import type { HookType } from './hook-types.ts';

/**
 * LU-07. `transport_failure`: no answer, or a status that is not 2xx; `failed`: an answer that says nothing the type can
 * read, though the remote work may be done; `negative`: a readable no; `success`: a readable yes.
 */
export type HookVerdict = 'success' | 'negative' | 'failed' | 'transport_failure';

export interface HookJudgement {
  verdict: HookVerdict;
  /** What the answer gave as its response (LU-05); null when it gave none. */
  response: unknown;
  /** Why, for the person who looks after the endpoint. */
  message: string;
}

export interface HookAnswer {
  status: number;
  body: string;
  /** The answer was longer than what is read of one. */
  truncated?: boolean;
}

type Decision = { yes: boolean; message?: string } | null;

/** Judges the answer of an inline endpoint (LU-05, LU-06, LU-09): the one place that does. */
export function judgeHookAnswer(hookType: HookType, answer: HookAnswer): HookJudgement {
  const { status, body } = answer;
  if (status < 200 || status > 299) return transport(`the answer was ${status}, not 2xx`);
  if (hookType === 'SIEM') return yes(null, `the event was taken with ${status}`);
  const isAccess = hookType === 'PROVISION' || hookType === 'DEPROVISION';
  if (status === 204) return isAccess ? yes(null, 'done: 204') : failed('204 has no answer, and this type needs one');
  if (answer.truncated) return failed('the answer is too long to be read');
  const read = responseIn(body);
  if ('problem' in read) return failed(read.problem);
  const decision = isAccess ? accessDecision(read.response) : flagDecision(read.response, FLAG_OF[hookType]);
  if (!decision) return { ...failed(EXPECTED[hookType]), response: read.response };
  const message = decision.message ?? (decision.yes ? 'the response says yes' : 'the response says no');
  return { verdict: decision.yes ? 'success' : 'negative', response: read.response, message };
}

const FLAG_OF = { REQUEST_VALIDATION: 'valid', PRE_APPROVAL: 'approved' } as const;
const EXPECTED = {
  PROVISION: 'the response is not "COMPLETED", a boolean or {"success": true|false}',
  DEPROVISION: 'the response is not "COMPLETED", a boolean or {"success": true|false}',
  REQUEST_VALIDATION: 'the response is not a boolean or {"valid": true|false, "message"}',
  PRE_APPROVAL: 'the response is not a boolean or {"approved": true|false, "reason"}',
} as const;

const yes = (response: unknown, message: string): HookJudgement => ({ verdict: 'success', response, message });
const failed = (message: string): HookJudgement => ({ verdict: 'failed', response: null, message });
const transport = (message: string): HookJudgement => ({ verdict: 'transport_failure', response: null, message });

/** LU-05: `output.response`, or `response` where there is no `output`. */
function responseIn(body: string): { response: unknown } | { problem: string } {
  if (body.trim() === '') return { problem: 'the answer is empty' };
  let parsed: unknown;
  try {
    // Some servers begin UTF-8 with a mark that JSON does not know (RFC 8259 §8.1 lets a reader pass over it).
    parsed = JSON.parse(body.replace(/^\uFEFF/, ''));
  } catch {
    return { problem: 'the answer is not JSON' };
  }
  if (!isObject(parsed)) return { problem: 'the answer is not a JSON object' };
  if (Object.hasOwn(parsed, 'output')) {
    const { output } = parsed;
    if (isObject(output) && Object.hasOwn(output, 'response')) return { response: output.response };
    return { problem: 'the answer has "output" without "output.response"' };
  }
  if (Object.hasOwn(parsed, 'response')) return { response: parsed.response };
  return { problem: 'the answer has neither "output.response" nor "response"' };
}

/** Any other word than COMPLETED is a no: the vendor's page knows no other good end. */
function accessDecision(response: unknown): Decision {
  const flag = flagDecision(response, 'success');
  if (flag) return flag;
  if (typeof response !== 'string' || response.trim() === '') return null;
  const completed = response.trim().toUpperCase() === 'COMPLETED';
  return { yes: completed, ...(completed ? {} : { message: `the response is "${response.trim().slice(0, 200)}"` }) };
}

function flagDecision(response: unknown, name: string): Decision {
  const bare = booleanOf(response);
  if (bare !== null) return { yes: bare };
  if (!isObject(response)) return null;
  const flag = booleanOf(fieldOf(response, name));
  if (flag === null) return null;
  const told = ['message', 'reason'].map((key) => fieldOf(response, key)).find((text) => typeof text === 'string');
  return { yes: flag, ...(typeof told === 'string' && told !== '' ? { message: told.slice(0, 1000) } : {}) };
}

/** Tolerant of case, in names as in words. */
function fieldOf(object: Record<string, unknown>, name: string): unknown {
  const key = Object.keys(object).find((each) => each.toLowerCase() === name);
  return key === undefined ? undefined : object[key];
}

function booleanOf(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return null;
  const word = value.trim().toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
