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
  /** `{maxAttempts, backoff, jitter, on}` as it stands. */
  | 'retry'
  /** `fail`, `continue`, or `{goto}` with the ref of a later step. */
  | 'onError'
  /** A boolean, or a template that decides. */
  | 'condition'
  /** A list, or a template that gives one. */
  | 'list'
  /** The name of a variable, as it stands. */
  | 'name'
  /** A whole number from 1 to `most`, as it stands. */
  | 'count'
  /** One of `choices`, as it stands. */
  | 'choice'
  /** true or false, as it stands. */
  | 'flag'
  /** A status from 200 to 599, or a template that gives one. */
  | 'status'
  /** One of `HTTP_METHODS`, or a template that gives one. */
  | 'method'
  /** JavaScript as it stands: the body of an async function, at most `STEP_LIMITS.codeLength` characters. */
  | 'code'
  /** An object of any values, or one template that gives such an object. */
  | 'object'
  /** `{type: 'bearer', token}`, `{type: 'basic', user, password}` or `{type: 'header', name, value}`. */
  | 'auth'
  /** A list of statuses, such as `200` and `"2xx"`. */
  | 'statuses'
  /** `{by, next, param, start, collect, maxPages}`. */
  | 'paginate'
  /** A list of steps. */
  | 'steps'
  /** A list of `{when, steps}`, at least one. */
  | 'branches'
  /** A list of `{equals, steps}`, at least one. */
  | 'cases'
  /** A list of lists of steps, or an object of them by name, at least one. */
  | 'lanes';

export interface StepField {
  shape: StepFieldShape;
  required?: true;
  /** Of a `count`. */
  most?: number;
  /** Of a `choice`. */
  choices?: readonly string[];
  /** Of steps: what they put out is seen by themselves alone. */
  enclosed?: true;
  /** Of steps: the fields that name what they read besides, with the names where those fields are absent. */
  names?: Readonly<Record<string, string>>;
  /** Its templates are rendered after the steps of this field, and read what these read. */
  after?: string;
}

export interface StepSchema {
  fields: Readonly<Record<string, StepField>>;
  /** Of these fields exactly one is given. */
  exactlyOne?: readonly string[];
  /** Of these fields at most one is given. */
  atMostOne?: readonly string[];
  /** Its templates may read `secrets`. */
  readsSecrets?: true;
  /** Which of `COMMON_STEP_FIELDS` it takes; all of them where nothing is said. */
  common?: readonly (keyof typeof COMMON_STEP_FIELDS)[];
}

/** Fields of every type of step, unless its schema takes only some of them. */
export const COMMON_STEP_FIELDS = {
  if: { shape: 'condition' },
  retry: { shape: 'retry' },
  timeout: { shape: 'timeout' },
  onError: { shape: 'onError' },
} as const satisfies Record<string, StepField>;

export const HTTP_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;

/** What becomes of the body of an answer: what its content type says, JSON, text, or a file that is stored. */
export const HTTP_ANSWERS = ['auto', 'json', 'text', 'file'] as const;
/** How the next page of an answer is found. */
export const PAGE_KINDS = ['link', 'url', 'cursor', 'page'] as const;
/** The name under which the templates of `paginate` read a page. */
export const PAGE_ROOT = 'page';

/** Bounds of a flow, checked when it is saved. Durations in milliseconds. */
export const STEP_LIMITS = {
  steps: 200,
  depth: 20,
  refLength: 64,
  timeoutMs: 300_000,
  backoffMs: 86_400_000,
  maxAttempts: 20,
  /** Items of one loop. */
  items: 10_000,
  /** Items or branches of one step that are under way at once. */
  parallel: 50,
  /** Codes and statuses that a `retry` lists. */
  retryOn: 50,
  /** Redirects that an http step follows. */
  redirects: 10,
  /** Pages that an http step collects. */
  pages: 100,
  /** Characters of a code step's source. */
  codeLength: 65_536,
  /** How long a code step may take that says nothing else. */
  codeMs: 1_000,
} as const;

/** A step that holds steps: whatever may be tried again is in these. */
const BLOCK = ['if', 'onError'] as const;

/** Every type of step, with the fields it has besides `ref`, `type` and the common ones. What is not here is refused at save. */
export const STEP_SCHEMAS: Readonly<Record<string, StepSchema>> = {
  webhook: { fields: {}, common: [] },
  set: { fields: { values: { shape: 'value', required: true } } },
  condition: { fields: { branches: { shape: 'branches', required: true }, else: { shape: 'steps' } }, common: BLOCK },
  switch: {
    fields: {
      on: { shape: 'value', required: true },
      cases: { shape: 'cases', required: true },
      default: { shape: 'steps' },
    },
    common: BLOCK,
  },
  foreach: {
    fields: {
      in: { shape: 'list', required: true },
      as: { shape: 'name' },
      index: { shape: 'name' },
      parallel: { shape: 'count', most: STEP_LIMITS.parallel },
      maxItems: { shape: 'count', most: STEP_LIMITS.items },
      onItemError: { shape: 'choice', choices: ['fail', 'continue'] },
      steps: { shape: 'steps', required: true, enclosed: true, names: { as: 'item', index: 'index' } },
      collect: { shape: 'value', after: 'steps' },
    },
    common: [...BLOCK, 'timeout'],
  },
  parallel: {
    fields: {
      branches: { shape: 'lanes', required: true, enclosed: true },
      limit: { shape: 'count', most: STEP_LIMITS.parallel },
      onBranchError: { shape: 'choice', choices: ['fail', 'continue'] },
    },
    common: [...BLOCK, 'timeout'],
  },
  emit: {
    fields: {
      event: { shape: 'text', required: true },
      id: { shape: 'value' },
      subject: { shape: 'value' },
      data: { shape: 'value' },
    },
  },
  http: {
    fields: {
      method: { shape: 'method' },
      url: { shape: 'text', required: true },
      query: { shape: 'object' },
      headers: { shape: 'texts' },
      auth: { shape: 'auth' },
      json: { shape: 'value' },
      form: { shape: 'object' },
      text: { shape: 'value' },
      body: { shape: 'value' },
      file: { shape: 'value' },
      answer: { shape: 'choice', choices: HTTP_ANSWERS },
      expect: { shape: 'statuses' },
      redirects: { shape: 'count', most: STEP_LIMITS.redirects },
      paginate: { shape: 'paginate' },
    },
    atMostOne: ['json', 'form', 'text', 'body', 'file'],
    readsSecrets: true,
  },
  // How long it may take is a rule of inline endpoints (LU-06).
  call_webhook: {
    fields: { endpoint: { shape: 'text', required: true }, payload: { shape: 'value', required: true } },
    common: ['if', 'retry', 'onError'],
  },
  code: { fields: { source: { shape: 'code', required: true }, input: { shape: 'value' } } },
  listener: { fields: { url: { shape: 'text', required: true }, name: { shape: 'text' } } },
  delay: { fields: { for: { shape: 'duration' }, until: { shape: 'time' } }, exactlyOne: ['for', 'until'] },
  wait_for_callback: { fields: { timeout: { shape: 'duration' }, onTimeout: { shape: 'steps' } }, common: BLOCK },
  approval: {
    fields: {
      to: { shape: 'value' },
      message: { shape: 'value' },
      timeout: { shape: 'duration' },
      onTimeout: { shape: 'steps' },
    },
    common: BLOCK,
  },
  respond: { fields: { status: { shape: 'status' }, headers: { shape: 'texts' }, body: { shape: 'value' } } },
  fail: { fields: { message: { shape: 'value' }, code: { shape: 'text' } } },
};

/** The fields of a type of step, its own and the common ones, besides `ref` and `type`. */
export function fieldsOf(schema: StepSchema): Readonly<Record<string, StepField>> {
  const names = schema.common ?? (Object.keys(COMMON_STEP_FIELDS) as (keyof typeof COMMON_STEP_FIELDS)[]);
  return { ...schema.fields, ...Object.fromEntries(names.map((name) => [name, COMMON_STEP_FIELDS[name]])) };
}

/** Names that templates read besides the refs of steps; a ref cannot be one of them. */
export const TEMPLATE_ROOTS = ['trigger', 'flow', 'run', 'callbacks'] as const;
/** The root that only steps with `readsSecrets` may read. */
export const SECRETS_ROOT = 'secrets';
/** Names that a ref cannot have: roots of today and of what is to come, and words of the template language. */
export const RESERVED_REFS: readonly string[] = [
  ...TEMPLATE_ROOTS,
  SECRETS_ROOT,
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
