/** What a field of a step may hold. Templates are text with `{{ }}` or `{% %}`; they are checked wherever they may stand. */
export type StepFieldShape =
  /** Text that may be a template. */
  | 'text'
  /** Any JSON whose strings may be templates. */
  | 'value'
  /** An object of texts that may be templates, or one template that gives such an object. */
  | 'texts'
  /** An ISO 8601 duration, or a template that gives one. */
  | 'duration'
  /** An RFC 3339 time, or a template that gives one. */
  | 'time'
  /** An ISO 8601 duration as it stands, up to `STEP_LIMITS.timeoutMs`. */
  | 'timeout'
  /** `{maxAttempts, backoff}` as it stands. */
  | 'retry'
  /** `fail` or `continue`. */
  | 'onError'
  /** One of `HTTP_METHODS`, or a template that gives one. */
  | 'method'
  /** A list of steps. */
  | 'steps'
  /** A list of `{when, steps}`, at least one. */
  | 'branches';

export interface StepField {
  shape: StepFieldShape;
  required?: true;
}

export interface StepSchema {
  fields: Readonly<Record<string, StepField>>;
  /** Of these fields exactly one is given. */
  exactlyOne?: readonly string[];
  /** Of these fields at most one is given. */
  atMostOne?: readonly string[];
  /** Its templates may read `secrets`. */
  readsSecrets?: true;
}

export const HTTP_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;

/** Bounds of a flow, checked when it is saved. Durations in milliseconds. */
export const STEP_LIMITS = {
  steps: 200,
  depth: 20,
  refLength: 64,
  timeoutMs: 300_000,
  backoffMs: 86_400_000,
  maxAttempts: 20,
} as const;

const onError: StepField = { shape: 'onError' };

/** Every type of step, with the fields it has besides `ref` and `type`. What is not here is refused at save. */
export const STEP_SCHEMAS: Readonly<Record<string, StepSchema>> = {
  webhook: { fields: {} },
  set: { fields: { values: { shape: 'value', required: true }, onError } },
  condition: {
    fields: { branches: { shape: 'branches', required: true }, else: { shape: 'steps' }, onError },
  },
  emit: {
    fields: {
      event: { shape: 'text', required: true },
      subject: { shape: 'value' },
      data: { shape: 'value' },
      onError,
    },
  },
  http: {
    fields: {
      method: { shape: 'method' },
      url: { shape: 'text', required: true },
      headers: { shape: 'texts' },
      json: { shape: 'value' },
      body: { shape: 'value' },
      timeout: { shape: 'timeout' },
      retry: { shape: 'retry' },
      onError,
    },
    atMostOne: ['json', 'body'],
    readsSecrets: true,
  },
  listener: {
    fields: {
      url: { shape: 'text', required: true },
      name: { shape: 'text' },
      timeout: { shape: 'timeout' },
      retry: { shape: 'retry' },
      onError,
    },
  },
  call_webhook: {
    fields: { endpoint: { shape: 'text', required: true }, payload: { shape: 'value', required: true }, onError },
  },
  delay: {
    fields: { for: { shape: 'duration' }, until: { shape: 'time' }, onError },
    exactlyOne: ['for', 'until'],
  },
  fail: { fields: { message: { shape: 'value' } } },
};

/** Names that templates read besides the refs of steps; a ref cannot be one of them. */
export const TEMPLATE_ROOTS = ['trigger', 'flow', 'run'] as const;
/** The root that only steps with `readsSecrets` may read. */
export const SECRETS_ROOT = 'secrets';
/** Names that a ref cannot have: roots of today and of what is to come, and words of the template language. */
export const RESERVED_REFS: readonly string[] = [
  ...TEMPLATE_ROOTS,
  SECRETS_ROOT,
  'callbacks',
  'input',
  'loop',
  'range',
  'dict',
  'namespace',
  'now',
  'cycler',
  'joiner',
  'true',
  'false',
  'none',
  'True',
  'False',
  'None',
  'and',
  'or',
  'not',
  'in',
  'is',
  'if',
  'else',
];

const ISO_8601 = /^P(?:(\d+)W|(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)S)?)?)$/;
const UNITS_MS = [604_800_000, 86_400_000, 3_600_000, 60_000, 1_000];

/**
 * An ISO 8601 duration in milliseconds, or null when it is none. Weeks, days, hours, minutes and seconds: years and
 * months have no fixed length.
 */
export function parseDurationMs(text: string): number | null {
  const match = ISO_8601.exec(text);
  if (!match || text.endsWith('P') || text.endsWith('T')) return null;
  const parts = match.slice(1).map((part) => Number((part ?? '0').replace(',', '.')));
  const sumMs = Math.round(parts.reduce((sum, part, index) => sum + part * (UNITS_MS[index] as number), 0));
  return Number.isSafeInteger(sumMs) ? sumMs : null;
}
