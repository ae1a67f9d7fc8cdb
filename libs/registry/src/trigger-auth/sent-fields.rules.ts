import type { FieldProblem } from '@sluice/contracts';

/** A JSON object as it was sent. */
export type Sent = Readonly<Record<string, unknown>>;

export function isSent(value: unknown): value is Sent {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

export function unknownFields(sent: Sent, known: readonly string[], below: string): FieldProblem[] {
  return Object.keys(sent)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      pointer: `${below}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      message: `unknown field "${name}"`,
    }));
}

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}$/;
/** Headers with a meaning of their own, which proxies and servers read, change or drop. */
const NOT_FOR_CREDENTIALS = new Set([
  'accept',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'date',
  'expect',
  'host',
  'idempotency-key',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'via',
  'x-forwarded-for',
]);

/** @param also names that are not for this purpose besides those that are for none. */
export function headerNameProblems(name: unknown, pointer: string, also: readonly string[] = []): FieldProblem[] {
  if (typeof name !== 'string' || !TOKEN.test(name)) {
    return [{ pointer, message: 'must be the name of a header, at most 100 characters' }];
  }
  const lower = name.toLowerCase();
  if (!NOT_FOR_CREDENTIALS.has(lower) && !also.includes(lower)) return [];
  return [{ pointer, message: `${name} has a meaning of its own: choose another` }];
}

export function choiceProblems(value: unknown, choices: readonly string[], pointer: string): FieldProblem[] {
  if (typeof value === 'string' && choices.includes(value)) return [];
  return [{ pointer, message: `must be among ${choices.join(', ')}` }];
}

/** Text of so many characters, none of them a control character. */
export function textProblems(value: unknown, min: number, max: number, pointer: string): FieldProblem[] {
  const isText = typeof value === 'string' && value.length >= min && value.length <= max && /^\P{Cc}*$/u.test(value);
  return isText ? [] : [{ pointer, message: `must be text of ${min} to ${max} characters without control characters` }];
}

export function wholeNumberProblems(value: unknown, min: number, max: number, pointer: string): FieldProblem[] {
  const fits = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
  return fits ? [] : [{ pointer, message: `must be a whole number from ${min} to ${max}` }];
}
