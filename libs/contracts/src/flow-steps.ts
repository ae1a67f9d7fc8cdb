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
  /** An ISO 8601 duration of at most `STEP_LIMITS.waitMs`, or a template that gives one. */
  | 'wait'
  /** An absolute URL of http or https, or a template that gives one. */
  | 'url'
  /** The code of an error, or a template that gives one. */
  | 'errorCode'
  /** The type of an event, which is none of Sluice's own, or a template that gives one. */
  | 'eventType'
  /** Headers of a request: as `texts`, without those that are not the flow's to set. */
  | 'headers'
  /** A text or a list of texts: ids of users, `role:<role>`, addresses; or templates. */
  | 'approvers'
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
  /** For editors: the schema of flows and the documentation show it. */
  description?: string;
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
  /** What it does and puts out, in one sentence. */
  description?: string;
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
  if: { shape: 'condition', description: 'the step is skipped when this does not hold' },
  retry: { shape: 'retry', description: 'when an attempt that failed is made again' },
  timeout: { shape: 'timeout', description: 'how long an attempt may take, or all that a step holds' },
  onError: { shape: 'onError', description: 'what happens when the step has failed for good' },
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
  /** How long a step may wait for somebody. */
  waitMs: 366 * 86_400_000,
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
  /** The number at which an http step begins to count pages. */
  firstPage: 1_000_000,
  /** Characters of the type of an event. */
  eventTypeLength: 200,
  /** Characters of a code step's source. */
  codeLength: 65_536,
  /** How long a code step may take that says nothing else. */
  codeMs: 1_000,
} as const;

/** A step that holds steps: whatever may be tried again is in these. */
const BLOCK = ['if', 'onError'] as const;

/** Every type of step, with the fields it has besides `ref`, `type` and the common ones. What is not here is refused at save. */
export const STEP_SCHEMAS: Readonly<Record<string, StepSchema>> = {
  webhook: {
    description: 'The first step of a flow that a request starts; its output is what the request brought.',
    fields: {},
    common: [],
  },
  set: {
    description: 'Puts values together; its output is the rendered values.',
    fields: { values: { shape: 'value', required: true, description: 'any JSON whose texts may be templates' } },
  },
  condition: {
    description: 'Runs the steps of the first branch that holds, otherwise those of `else`.',
    fields: {
      branches: { shape: 'branches', required: true, description: 'each {when, steps}' },
      else: { shape: 'steps', description: 'steps for when no branch holds' },
    },
    common: BLOCK,
  },
  switch: {
    description: 'Runs the steps of the first case that equals a value, otherwise those of `default`.',
    fields: {
      on: { shape: 'value', required: true, description: 'the value' },
      cases: { shape: 'cases', required: true, description: 'each {equals, steps}' },
      default: { shape: 'steps', description: 'steps for when no case equals it' },
    },
    common: BLOCK,
  },
  foreach: {
    description: 'Runs its steps once for each item of a list; its output is the list of what each item put out.',
    fields: {
      in: { shape: 'list', required: true, description: 'the list, or an object, whose items are {key, value}' },
      as: { shape: 'name', description: 'the name of the item in templates' },
      index: { shape: 'name', description: `the name of the item's number in templates, counted from 0` },
      parallel: {
        shape: 'count',
        most: STEP_LIMITS.parallel,
        description: 'how many items are under way at once; 1 unless given',
      },
      maxItems: { shape: 'count', most: STEP_LIMITS.items, description: 'a longer list fails the step' },
      onItemError: {
        shape: 'choice',
        choices: ['fail', 'continue'],
        description: 'continue: an item that fails puts out {ok: false, error}, and the others go on',
      },
      steps: {
        shape: 'steps',
        required: true,
        enclosed: true,
        names: { as: 'item', index: 'index' },
        description: 'what runs for each item',
      },
      collect: {
        shape: 'value',
        after: 'steps',
        description: 'what is kept of each item instead of the output of its last step; false keeps nothing',
      },
    },
    common: [...BLOCK, 'timeout'],
  },
  parallel: {
    description: 'Runs branches side by side; its output has the last output of each branch.',
    fields: {
      branches: {
        shape: 'lanes',
        required: true,
        enclosed: true,
        description: 'lists of steps by name, or a list of lists',
      },
      limit: {
        shape: 'count',
        most: STEP_LIMITS.parallel,
        description: 'how many branches are under way at once; all unless given',
      },
      onBranchError: {
        shape: 'choice',
        choices: ['fail', 'continue'],
        description: 'continue: a branch that fails puts out {ok: false, error}, and the others go on',
      },
    },
    common: [...BLOCK, 'timeout'],
  },
  emit: {
    fields: {
      event: { shape: 'eventType', required: true, description: 'the type of the event' },
      id: { shape: 'value', description: 'an id of your own: the same one is published once' },
      subject: { shape: 'value', description: 'what the event is about' },
      data: { shape: 'value', description: 'any JSON' },
    },
  },
  http: {
    description: 'Sends an HTTP request; its output is {ok, status, headers, body}.',
    fields: {
      method: { shape: 'method', description: 'GET, or POST when there is something to send' },
      url: { shape: 'url', required: true, description: 'absolute' },
      query: { shape: 'object', description: 'added to the URL' },
      headers: { shape: 'headers', description: 'texts by name' },
      auth: { shape: 'auth', description: 'a credential out of the secrets' },
      json: { shape: 'value', description: 'sent as JSON' },
      form: { shape: 'object', description: 'sent as a form' },
      text: { shape: 'value', description: 'sent as text' },
      body: { shape: 'value', description: 'sent as it is' },
      file: { shape: 'value', description: 'a file that a step put out, sent as it is' },
      answer: { shape: 'choice', choices: HTTP_ANSWERS, description: 'how the answer is read' },
      expect: { shape: 'statuses', description: 'the statuses that are no failure' },
      redirects: {
        shape: 'count',
        most: STEP_LIMITS.redirects,
        description: 'how many are followed; none unless given',
      },
      paginate: { shape: 'paginate', description: 'how the next page is found' },
    },
    atMostOne: ['json', 'form', 'text', 'body', 'file'],
    readsSecrets: true,
  },
  // How long it may take is a rule of inline endpoints (LU-06).
  call_webhook: {
    description:
      'Calls an inline endpoint and waits for its answer; its output is {ok, verdict, response, status, message}.',
    fields: {
      endpoint: { shape: 'text', required: true, description: 'its name, number or id' },
      payload: { shape: 'value', required: true, description: 'what it is told' },
    },
    common: ['if', 'retry', 'onError'],
  },
  code: {
    description: 'Runs JavaScript in a sandbox; its output is what the code returns.',
    fields: {
      source: { shape: 'code', required: true, description: 'the body of an async function' },
      input: { shape: 'value', description: 'what the code reads as `input`' },
    },
  },
  run_flow: {
    description: 'Runs another flow; its output is {runId, status, result}, or {runId} when it does not wait.',
    fields: {
      flow: { shape: 'text', required: true, description: 'its id, number or name' },
      input: { shape: 'value', description: 'what it is started with; {} unless given' },
      wait: { shape: 'flag', description: 'false: go on at once; true unless given' },
      timeout: { shape: 'duration', description: 'how long it waits; a week unless given' },
    },
    common: ['if', 'retry', 'onError'],
  },
  listener: {
    description: 'Calls an app in the way of Lenra; its output is {status, body}.',
    fields: {
      url: { shape: 'url', required: true, description: 'absolute' },
      name: { shape: 'text', description: 'the name of the listener' },
    },
  },
  delay: {
    description: 'Waits; its output is {until}.',
    fields: {
      for: { shape: 'duration', description: 'how long: an ISO 8601 duration' },
      until: { shape: 'time', description: 'until when: an RFC 3339 time' },
    },
    exactlyOne: ['for', 'until'],
  },
  wait_for_callback: {
    description: 'Waits until its link is called; its output is the body of the call.',
    fields: {
      timeout: { shape: 'wait', description: 'how long it waits' },
      onTimeout: { shape: 'steps', description: 'what runs when nobody called in time' },
    },
    common: BLOCK,
  },
  approval: {
    description: 'Waits until somebody decides; its output is {approved, by, comment, at}.',
    fields: {
      to: { shape: 'approvers', description: 'who may decide' },
      message: { shape: 'value', description: 'what they are asked' },
      timeout: { shape: 'wait', description: 'how long it waits' },
      onTimeout: { shape: 'steps', description: 'what runs when nobody decided in time' },
    },
    common: BLOCK,
  },
  respond: {
    description: 'Answers the caller who waits, and the run goes on; its output is {status, sent}.',
    fields: {
      status: { shape: 'status', description: '200 unless given' },
      headers: { shape: 'texts', description: 'texts by name' },
      body: { shape: 'value', description: 'any JSON; text is sent as it is' },
    },
  },
  fail: {
    description: 'Ends the run as failed.',
    fields: {
      message: { shape: 'value', description: 'the words of the error' },
      code: { shape: 'errorCode', description: 'the code of the error; failed_by_flow unless given' },
    },
  },
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
  // JavaScript would take it for the prototype of what holds the outputs.
  '__proto__',
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
