import {
  didYouMean,
  HEADER_NAME,
  HTTP_METHODS,
  isBuiltInEventType,
  isCalendarDay,
  isSendersHeader,
  parseDurationMs,
  RESERVED_REFS,
  responseStatusOf,
  type Role,
  STEP_LIMITS,
  type StepField,
  type StepFieldShape,
} from '@sluice/contracts';
import { problemOfCode } from './code-source.rules.ts';
import { at, type FlowProblems } from './flow-problems.ts';
import { HTTP_FIELD_CHECKS } from './http-field.rules.ts';
import { checkText, checkValue, isTemplate, type TemplateScope, textsIn } from './template.rules.ts';

type BlockShape = 'steps' | 'branches' | 'cases' | 'lanes';
type LiteralShape = 'count' | 'choice' | 'flag';
type Check = (value: unknown, pointer: string, scope: TemplateScope, problems: FlowProblems) => void;

/** What a ref, or another name that templates read, looks like. */
export const REF = /^[A-Za-z_][A-Za-z0-9_]*$/;
export const NAME_RULE = `letters, digits and _, not beginning with a digit, at most ${STEP_LIMITS.refLength} characters`;

const ABSOLUTE = /^https?:\/\//i;
const ERROR_CODE = /^[A-Za-z][\w.-]{0,63}$/;
const MAX_DELAY_MS = 10 * 366 * 86_400_000;
/** RFC 3339 §5.6: a date and time with its offset; a bare date is midnight UTC. */
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:\d{2}))?$/;

export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** A text that is either a template or passes `literal`. */
function textOr(what: string, literal: (text: string) => boolean): Check {
  return (value, pointer, scope, problems) => {
    if (typeof value !== 'string') problems.add(pointer, `must be ${what}, as text`);
    else if (isTemplate(value)) checkText(value, pointer, scope, problems);
    else if (!literal(value)) problems.add(pointer, `must be ${what}`);
  };
}

function isDurationWithin(text: string, leastMs: number, mostMs: number): boolean {
  const ms = parseDurationMs(text);
  return ms !== null && ms >= leastMs && ms <= mostMs;
}

/** Without templates, because it is needed before the step runs. */
function literalDuration(value: unknown, pointer: string, mostMs: number, problems: FlowProblems): void {
  if (typeof value === 'string' && isDurationWithin(value, 1, mostMs)) return;
  problems.add(pointer, `must be an ISO 8601 duration such as "PT10S", at most ${mostMs / 1000} seconds`);
}

const RETRY_FIELDS = ['maxAttempts', 'backoff', 'jitter', 'on'];
const BACKOFF_FIELDS = ['type', 'initial', 'max'];
/** A status, a class of statuses, or the code of an error. */
const RETRY_ON = /^(?:[1-5]\d\d|[1-5]xx|[A-Za-z][A-Za-z0-9_]{0,63})$/;

function refuseOthers(value: object, known: readonly string[], pointer: string, problems: FlowProblems): void {
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) problems.add(at(pointer, name), `unknown field "${name}"${didYouMean(name, known)}`);
  }
}

function isCount(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

function checkRetry(value: unknown, pointer: string, problems: FlowProblems): void {
  if (!isObject(value)) return problems.add(pointer, 'must be an object {maxAttempts, backoff, jitter, on}');
  refuseOthers(value, RETRY_FIELDS, pointer, problems);
  const { maxAttempts, backoff, jitter, on } = value;
  if (!isCount(maxAttempts, STEP_LIMITS.maxAttempts)) {
    problems.add(at(pointer, 'maxAttempts'), `must be a whole number from 1 to ${STEP_LIMITS.maxAttempts}`);
  }
  if (isObject(backoff)) checkBackoff(backoff, at(pointer, 'backoff'), problems);
  else if (backoff !== undefined) literalDuration(backoff, at(pointer, 'backoff'), STEP_LIMITS.backoffMs, problems);
  if (jitter !== undefined && !(typeof jitter === 'number' && jitter >= 0 && jitter <= 1)) {
    problems.add(at(pointer, 'jitter'), 'must be a number from 0 to 1: the share of the wait that varies');
  }
  if (on !== undefined) checkRetryOn(on, at(pointer, 'on'), problems);
}

function checkBackoff(backoff: Record<string, unknown>, pointer: string, problems: FlowProblems): void {
  refuseOthers(backoff, BACKOFF_FIELDS, pointer, problems);
  const { type, initial, max } = backoff;
  if (type !== undefined && type !== 'fixed' && type !== 'exponential') {
    problems.add(at(pointer, 'type'), 'must be "fixed" or "exponential"');
  }
  if (initial !== undefined) literalDuration(initial, at(pointer, 'initial'), STEP_LIMITS.backoffMs, problems);
  if (max !== undefined) literalDuration(max, at(pointer, 'max'), STEP_LIMITS.backoffMs, problems);
}

function checkRetryOn(on: unknown, pointer: string, problems: FlowProblems): void {
  if (!Array.isArray(on) || on.length === 0 || on.length > STEP_LIMITS.retryOn) {
    return problems.add(pointer, `must be a list of 1 to ${STEP_LIMITS.retryOn} statuses or codes of errors`);
  }
  for (const [index, each] of on.entries()) {
    if ((typeof each === 'string' || typeof each === 'number') && RETRY_ON.test(String(each))) continue;
    problems.add(at(pointer, index), 'must be a status such as 503 or "5xx", or the code of an error');
  }
}

function checkTexts(value: unknown, pointer: string, scope: TemplateScope, problems: FlowProblems): void {
  if (typeof value === 'string' && isTemplate(value)) return checkText(value, pointer, scope, problems);
  if (!isObject(value)) return problems.add(pointer, 'must be an object of texts');
  for (const [name, text] of Object.entries(value)) {
    const place = at(pointer, name);
    if (!HEADER_NAME.test(name)) problems.add(place, `${JSON.stringify(name)} is not a header name`);
    if (typeof text === 'string') checkText(text, place, scope, problems);
    else if (typeof text !== 'number' && typeof text !== 'boolean') problems.add(place, 'must be text');
  }
}

function checkHeaders(value: unknown, pointer: string, scope: TemplateScope, problems: FlowProblems): void {
  checkTexts(value, pointer, scope, problems);
  if (!isObject(value)) return;
  for (const name of Object.keys(value)) {
    // DL-11: what counts the hops stops circles, and is not a flow's to set.
    if (isSendersHeader(name) || name.toLowerCase() === 'sluice-hops')
      problems.add(at(pointer, name), `the header ${name} cannot be set`);
  }
}

export const ROLES: readonly string[] = ['viewer', 'operator', 'editor', 'administrator'] satisfies Role[];

function checkApprovers(value: unknown, pointer: string, scope: TemplateScope, problems: FlowProblems): void {
  checkValue(value, pointer, scope, problems);
  for (const { text, place } of textsIn(value, pointer)) {
    const role = /^\s*role:(.*)$/s.exec(text)?.[1]?.trim();
    if (role === undefined || isTemplate(text) || ROLES.includes(role)) continue;
    problems.add(place, `there is no role "${role}"${didYouMean(role, ROLES)}; it is one of ${ROLES.join(', ')}`);
  }
}

function checkList(value: unknown, pointer: string, scope: TemplateScope, problems: FlowProblems): void {
  if (Array.isArray(value)) return checkValue(value, pointer, scope, problems);
  if (typeof value === 'string' && isTemplate(value)) return checkText(value, pointer, scope, problems);
  problems.add(pointer, 'must be a list, or a template that gives one such as "{{ web1.items }}"');
}

function checkStatus(value: unknown, pointer: string, scope: TemplateScope, problems: FlowProblems): void {
  if (typeof value === 'string' && isTemplate(value)) return checkText(value, pointer, scope, problems);
  if (responseStatusOf(value) === null) problems.add(pointer, 'must be three digits from 200 to 599');
}

function checkCondition(value: unknown, pointer: string, scope: TemplateScope, problems: FlowProblems): void {
  if (typeof value === 'boolean') return;
  if (typeof value === 'string' && isTemplate(value)) return checkText(value, pointer, scope, problems);
  problems.add(pointer, 'must be a template such as "{{ web1.amount > 100 }}"');
}

function checkName(value: unknown, pointer: string, scope: TemplateScope, problems: FlowProblems): void {
  if (typeof value !== 'string' || !REF.test(value) || value.length > STEP_LIMITS.refLength) {
    return problems.add(pointer, `must be a name: ${NAME_RULE}`);
  }
  if (RESERVED_REFS.includes(value)) problems.add(pointer, `"${value}" has a meaning of its own in templates`);
  else if (scope.all.has(value)) problems.add(pointer, `"${value}" is the ref of a step already`);
}

/** What only a template can tell is judged when the step runs. */
function checkEventType(value: unknown, pointer: string, scope: TemplateScope, problems: FlowProblems): void {
  if (typeof value === 'string' && isTemplate(value)) return checkText(value, pointer, scope, problems);
  const type = typeof value === 'string' ? value.trim() : '';
  if (type === '' || type.length > STEP_LIMITS.eventTypeLength) {
    return problems.add(pointer, `must be text of 1 to ${STEP_LIMITS.eventTypeLength} characters`);
  }
  if (isBuiltInEventType(type)) problems.add(pointer, `"${type}" is an event of Sluice's own: give yours another type`);
}

/** @param field what the schema says of it beside its shape. */
function checkLiteral(value: unknown, pointer: string, field: StepField, problems: FlowProblems): void {
  const { shape, most = Number.MAX_SAFE_INTEGER, choices = [] } = field;
  if (shape === 'count' && !isCount(value, most)) problems.add(pointer, `must be a whole number from 1 to ${most}`);
  if (shape === 'flag' && typeof value !== 'boolean') problems.add(pointer, 'must be true or false');
  if (shape === 'choice' && !(typeof value === 'string' && choices.includes(value))) {
    const meant = typeof value === 'string' ? didYouMean(value, choices) : '';
    problems.add(pointer, `must be one of ${choices.map((each) => `"${each}"`).join(', ')}${meant}`);
  }
}

/** Checks what stands in a field that holds no steps. */
export function checkField(
  value: unknown,
  pointer: string,
  field: StepField,
  scope: TemplateScope,
  problems: FlowProblems,
): void {
  const { shape } = field;
  if (shape === 'count' || shape === 'choice' || shape === 'flag') checkLiteral(value, pointer, field, problems);
  else if (shape in FIELD_CHECKS) FIELD_CHECKS[shape as keyof typeof FIELD_CHECKS](value, pointer, scope, problems);
}

/** One check per shape, except those that hold steps. */
const FIELD_CHECKS: Readonly<Record<Exclude<StepFieldShape, BlockShape | LiteralShape>, Check>> = {
  text: textOr('text that is not empty', (text) => text.trim() !== ''),
  value: checkValue,
  texts: checkTexts,
  headers: checkHeaders,
  approvers: checkApprovers,
  url: textOr(
    'an absolute URL that begins with http:// or https://',
    (text) => ABSOLUTE.test(text) && URL.canParse(text),
  ),
  errorCode: textOr('a code: letters, digits, "_", "." and "-", beginning with a letter, at most 64 of them', (text) =>
    ERROR_CODE.test(text),
  ),
  eventType: checkEventType,
  wait: textOr('an ISO 8601 duration of at most 366 days', (text) => isDurationWithin(text, 0, STEP_LIMITS.waitMs)),
  duration: textOr('an ISO 8601 duration of at most ten years', (text) => isDurationWithin(text, 0, MAX_DELAY_MS)),
  time: textOr(
    'a time as of RFC 3339',
    (text) => INSTANT.test(text) && !Number.isNaN(Date.parse(text.replace(' ', 'T'))) && isCalendarDay(text),
  ),
  timeout: (value, pointer, _scope, problems) => literalDuration(value, pointer, STEP_LIMITS.timeoutMs, problems),
  retry: (value, pointer, _scope, problems) => checkRetry(value, pointer, problems),
  // Where a `goto` may lead depends on where the step stands: see StepsCheck.
  onError: (value, pointer, _scope, problems) => {
    if (value === 'fail' || value === 'continue' || isObject(value)) return;
    problems.add(pointer, 'must be "fail", "continue" or {"goto": ref}');
  },
  condition: checkCondition,
  list: checkList,
  name: checkName,
  status: checkStatus,
  ...HTTP_FIELD_CHECKS,
  code: (value, pointer, _scope, problems) => {
    if (typeof value !== 'string') return problems.add(pointer, 'must be JavaScript, as text');
    if (value.length > STEP_LIMITS.codeLength) {
      return problems.add(pointer, `has at most ${STEP_LIMITS.codeLength} characters`);
    }
    const problem = problemOfCode(value);
    if (problem !== null) problems.add(pointer, `the code is not valid: ${problem}`);
  },
  method: textOr(`one of ${HTTP_METHODS.join(', ')}`, (text) =>
    (HTTP_METHODS as readonly string[]).includes(text.toUpperCase()),
  ),
};
