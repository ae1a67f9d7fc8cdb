import type { FieldProblem, TriggerState } from '@sluice/contracts';
import { compileTemplate, lintTemplate } from '@sluice/templates';

/** Settings of a trigger that decide how its requests are counted, recognised and answered across origins. */
export type RequestSettings = Pick<TriggerState, 'idempotency' | 'rateLimit' | 'cors'>;

type Sent = Readonly<Record<string, unknown>>;

/** What an idempotency expression may read of a request. */
export const IDEMPOTENCY_ROOTS: readonly string[] = ['body', 'query', 'headers', 'method'];

const MAX_EXPRESSION = 2_000;
const MAX_REQUESTS = 1_000_000_000;
const MAX_WINDOW_S = 86_400;
const MAX_ORIGINS = 50;

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

/** What is wrong with these settings as they were sent; nothing when they are absent or null. */
export function requestSettingsProblems(sent: Sent): FieldProblem[] {
  return [...idempotencyProblems(sent.idempotency), ...rateLimitProblems(sent.rateLimit), ...corsProblems(sent.cors)];
}

function idempotencyProblems(value: unknown): FieldProblem[] {
  const pointer = '/idempotency';
  if (isAbsent(value)) return [];
  if (typeof value !== 'string' || value === '' || value.length > MAX_EXPRESSION) {
    return [
      { pointer, message: `must be a template of 1 to ${MAX_EXPRESSION} characters such as {{ body.order_id }}` },
    ];
  }
  const problems = lintTemplate(value);
  if (problems.length > 0) {
    return problems.map(({ line, column, message }) => ({
      pointer,
      message: `${message} (line ${line}, column ${column})`,
    }));
  }
  const { references } = compileTemplate(value);
  // Without a reference every request of the trigger would be a repeat of the first.
  if (references.length === 0)
    return [{ pointer, message: 'must read something of the request, such as body.order_id' }];
  return references
    .filter((name) => !IDEMPOTENCY_ROOTS.includes(name))
    .map((name) => ({ pointer, message: `there is no "${name}" here: only ${IDEMPOTENCY_ROOTS.join(', ')}` }));
}

function isWhole(value: unknown, max: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max;
}

function unknownFields(value: Record<string, unknown>, known: readonly string[], pointer: string): FieldProblem[] {
  return Object.keys(value)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      pointer: `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      message: `unknown field "${name}"`,
    }));
}

function rateLimitProblems(value: unknown): FieldProblem[] {
  const pointer = '/rateLimit';
  if (isAbsent(value)) return [];
  if (!isObject(value))
    return [{ pointer, message: 'must be an object such as {"requests": 100, "windowSeconds": 60}' }];
  const problems = unknownFields(value, ['requests', 'windowSeconds'], pointer);
  if (!isWhole(value.requests, MAX_REQUESTS)) {
    problems.push({ pointer: `${pointer}/requests`, message: `must be a whole number from 1 to ${MAX_REQUESTS}` });
  }
  if (!isWhole(value.windowSeconds, MAX_WINDOW_S)) {
    problems.push({ pointer: `${pointer}/windowSeconds`, message: `must be a whole number from 1 to ${MAX_WINDOW_S}` });
  }
  return problems;
}

function corsProblems(value: unknown): FieldProblem[] {
  const pointer = '/cors';
  if (isAbsent(value)) return [];
  if (!isObject(value))
    return [{ pointer, message: 'must be an object such as {"origins": ["https://shop.example"]}' }];
  const problems = unknownFields(value, ['origins'], pointer);
  const { origins } = value;
  if (!Array.isArray(origins) || origins.length === 0 || origins.length > MAX_ORIGINS) {
    return [...problems, { pointer: `${pointer}/origins`, message: `must be a list of 1 to ${MAX_ORIGINS} origins` }];
  }
  const wrong = origins.map((origin, index) => (isOrigin(origin) ? null : index)).filter((index) => index !== null);
  return [
    ...problems,
    ...wrong.map((index) => ({
      pointer: `${pointer}/origins/${index}`,
      message: 'must be "*" or an origin as browsers send it, such as https://shop.example:8443 (no path)',
    })),
  ];
}

/** An origin in the form in which browsers write it (RFC 6454 §6.2): lower case, no default port, no path. */
function isOrigin(value: unknown): boolean {
  if (value === '*') return true;
  if (typeof value !== 'string' || value.length > 300 || !URL.canParse(value)) return false;
  const url = new URL(value);
  return /^https?:$/.test(url.protocol) && url.origin === value;
}

/** The settings as they are stored; what was not sent is not there, so that a change leaves it as it is. */
export function requestSettingsOf(sent: Sent): RequestSettings {
  const settings: RequestSettings = {};
  if (sent.idempotency !== undefined) settings.idempotency = sent.idempotency as string | null;
  if (sent.rateLimit !== undefined)
    settings.rateLimit = sent.rateLimit as NonNullable<RequestSettings['rateLimit']> | null;
  if (sent.cors !== undefined) settings.cors = sent.cors as NonNullable<RequestSettings['cors']> | null;
  return settings;
}
