import { HTTP_METHODS, parseDurationMs, STEP_LIMITS, type StepFieldShape } from '@sluice/contracts';
import { didYouMean } from './did-you-mean.rules.ts';
import { at, type FlowProblems } from './flow-problems.ts';
import { checkText, checkValue, isTemplate, type TemplateScope } from './template.rules.ts';

type Check = (value: unknown, pointer: string, scope: TemplateScope, problems: FlowProblems) => void;

const MAX_DELAY_MS = 10 * 366 * 86_400_000;
/** RFC 3339 §5.6: a date and time with its offset; a bare date is midnight UTC. */
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:\d{2}))?$/;
/** RFC 9110 §5.6.2. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

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

function checkRetry(value: unknown, pointer: string, problems: FlowProblems): void {
  if (!isObject(value)) return problems.add(pointer, 'must be an object {maxAttempts, backoff}');
  for (const key of Object.keys(value)) {
    if (key === 'maxAttempts' || key === 'backoff') continue;
    problems.add(at(pointer, key), `unknown field "${key}"${didYouMean(key, ['maxAttempts', 'backoff'])}`);
  }
  const { maxAttempts, backoff } = value;
  const attemptsFit =
    Number.isInteger(maxAttempts) && (maxAttempts as number) >= 1 && (maxAttempts as number) <= STEP_LIMITS.maxAttempts;
  if (!attemptsFit)
    problems.add(at(pointer, 'maxAttempts'), `must be a whole number from 1 to ${STEP_LIMITS.maxAttempts}`);
  if (backoff !== undefined) literalDuration(backoff, at(pointer, 'backoff'), STEP_LIMITS.backoffMs, problems);
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

/** One check per shape, except those that hold steps. */
export const FIELD_CHECKS: Readonly<Record<Exclude<StepFieldShape, 'steps' | 'branches'>, Check>> = {
  text: textOr('text that is not empty', (text) => text.trim() !== ''),
  value: checkValue,
  texts: checkTexts,
  duration: textOr('an ISO 8601 duration of at most ten years', (text) => isDurationWithin(text, 0, MAX_DELAY_MS)),
  time: textOr(
    'a time as of RFC 3339',
    (text) => INSTANT.test(text) && !Number.isNaN(Date.parse(text.replace(' ', 'T'))),
  ),
  timeout: (value, pointer, _scope, problems) => literalDuration(value, pointer, STEP_LIMITS.timeoutMs, problems),
  retry: (value, pointer, _scope, problems) => checkRetry(value, pointer, problems),
  onError: (value, pointer, _scope, problems) => {
    if (value !== 'fail' && value !== 'continue') problems.add(pointer, 'must be "fail" or "continue"');
  },
  method: textOr(`one of ${HTTP_METHODS.join(', ')}`, (text) =>
    (HTTP_METHODS as readonly string[]).includes(text.toUpperCase()),
  ),
};
