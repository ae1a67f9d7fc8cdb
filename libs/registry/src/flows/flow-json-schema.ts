import {
  BUILT_IN_EVENT_TYPES,
  fieldsOf,
  HTTP_METHODS,
  STEP_LIMITS,
  STEP_SCHEMAS,
  type StepField,
  type StepFieldShape,
  type StepSchema,
} from '@sluice/contracts';
import { INPUT_TYPES, MAX_RUNS_AT_ONCE } from './flow.rules.ts';

type Schema = Record<string, unknown>;

const TEMPLATE: Schema = { type: 'string', pattern: '\\{[{%#]' };
const DURATION: Schema = {
  type: 'string',
  pattern: '^P(?=.)(?:\\d+W|(?:\\d+D)?(?:T(?=\\d)(?:\\d+H)?(?:\\d+M)?(?:\\d+(?:[.,]\\d+)?S)?)?)$',
};
const NAME: Schema = { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$', maxLength: STEP_LIMITS.refLength };
const STEPS: Schema = { type: 'array', items: { $ref: '#/$defs/step' }, maxItems: STEP_LIMITS.steps };
const NOT_EMPTY = { minItems: 1 };

const strict = (properties: Schema, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
  additionalProperties: false,
});

const RETRY = strict(
  {
    maxAttempts: { type: 'integer', minimum: 1, maximum: STEP_LIMITS.maxAttempts },
    backoff: {
      description: 'the wait before the second attempt, which doubles; or how waits grow',
      oneOf: [DURATION, strict({ type: { enum: ['fixed', 'exponential'] }, initial: DURATION, max: DURATION })],
    },
    jitter: { type: 'number', minimum: 0, maximum: 1, description: 'share of the wait that varies' },
    on: {
      type: 'array',
      minItems: 1,
      maxItems: STEP_LIMITS.retryOn,
      items: { type: ['string', 'integer'] },
      description: 'statuses (503, "5xx") and codes of errors that are tried again, and no others',
    },
  },
  ['maxAttempts'],
);

/** Templates may stand wherever text may; what is more than a shape is told when the flow is saved. */
const SHAPES: Readonly<Record<Exclude<StepFieldShape, 'count' | 'choice'>, Schema>> = {
  text: { type: 'string', minLength: 1 },
  value: {},
  texts: { oneOf: [{ type: 'object' }, TEMPLATE] },
  headers: { oneOf: [{ type: 'object' }, TEMPLATE] },
  approvers: {},
  url: { anyOf: [{ type: 'string', pattern: '^[Hh][Tt][Tt][Pp][Ss]?://' }, TEMPLATE] },
  errorCode: { anyOf: [{ type: 'string', pattern: '^[A-Za-z][A-Za-z0-9_.-]{0,63}$' }, TEMPLATE] },
  eventType: {
    anyOf: [
      {
        type: 'string',
        pattern: '\\S',
        maxLength: STEP_LIMITS.eventTypeLength,
        not: { enum: BUILT_IN_EVENT_TYPES.map(({ name }) => name) },
      },
      TEMPLATE,
    ],
  },
  wait: { anyOf: [DURATION, TEMPLATE] },
  duration: { anyOf: [DURATION, TEMPLATE] },
  time: { type: 'string' },
  timeout: DURATION,
  retry: { $ref: '#/$defs/retry' },
  onError: { oneOf: [{ enum: ['fail', 'continue'] }, strict({ goto: NAME }, ['goto'])] },
  condition: { oneOf: [{ type: 'boolean' }, TEMPLATE] },
  list: { oneOf: [{ type: 'array' }, TEMPLATE] },
  name: NAME,
  flag: { type: 'boolean' },
  status: {
    anyOf: [{ type: 'integer', minimum: 200, maximum: 599 }, TEMPLATE, { type: 'string', pattern: '^[2-5]\\d\\d$' }],
  },
  code: { type: 'string', maxLength: STEP_LIMITS.codeLength },
  object: { oneOf: [{ type: 'object' }, TEMPLATE] },
  auth: { type: 'object', required: ['type'], properties: { type: { enum: ['bearer', 'basic', 'header'] } } },
  statuses: { type: 'array', ...NOT_EMPTY, items: { type: ['integer', 'string'] } },
  paginate: { type: 'object', required: ['by'] },
  method: { anyOf: [{ enum: HTTP_METHODS }, { type: 'string' }] },
  steps: STEPS,
  branches: {
    type: 'array',
    ...NOT_EMPTY,
    items: strict({ when: { $ref: '#/$defs/condition' }, steps: STEPS }, ['when', 'steps']),
  },
  cases: { type: 'array', ...NOT_EMPTY, items: strict({ equals: {}, steps: STEPS }, ['equals', 'steps']) },
  lanes: {
    oneOf: [
      { type: 'array', ...NOT_EMPTY, items: STEPS },
      { type: 'object', minProperties: 1, propertyNames: NAME, additionalProperties: STEPS },
    ],
  },
};

function fieldSchema({ shape, description, most, choices }: StepField): Schema {
  const said = description === undefined ? {} : { description };
  if (shape === 'count') return { ...said, type: 'integer', minimum: 1, maximum: most };
  if (shape === 'choice') return { ...said, enum: choices };
  return { ...said, ...SHAPES[shape] };
}

function stepSchema(type: string, schema: StepSchema): Schema {
  const fields = Object.entries(fieldsOf(schema));
  const properties = Object.fromEntries(fields.map(([name, field]) => [name, fieldSchema(field)]));
  const required = fields.filter(([, field]) => field.required).map(([name]) => name);
  const { exactlyOne, atMostOne } = schema;
  return {
    ...(schema.description === undefined ? {} : { description: schema.description }),
    ...strict({ ref: { $ref: '#/$defs/ref' }, type: { const: type }, ...properties }, ['ref', 'type', ...required]),
    ...(exactlyOne ? { oneOf: exactlyOne.map((name) => ({ required: [name] })) } : {}),
    ...(atMostOne ? { not: { anyOf: pairsOf(atMostOne).map((required) => ({ required })) } } : {}),
  };
}

const pairsOf = (names: readonly string[]): string[][] =>
  names.flatMap((first, index) => names.slice(index + 1).map((second) => [first, second]));

/** One `if` per type, so that an editor tells what is wrong with a step of its type and not with all of them. */
function stepChoice(): Schema {
  const types = Object.keys(STEP_SCHEMAS);
  return {
    type: 'object',
    required: ['ref', 'type'],
    properties: { ref: { $ref: '#/$defs/ref' }, type: { enum: types } },
    // Without `then`, which would make a promise of the object in the eyes of JavaScript.
    allOf: types.map((type) => ({
      if: { not: { properties: { type: { const: type } }, required: ['type'] } },
      else: { $ref: `#/$defs/steps/${type}` },
    })),
  };
}

function flowProperties(): Schema {
  return {
    name: { type: 'string', minLength: 1, maxLength: 200 },
    status: { enum: ['draft', 'active', 'paused', 'live'], description: 'live is another word for active' },
    listener: { type: ['string', 'null'], description: 'the name by which webhooks of profile listener find the flow' },
    externalKey: { type: ['string', 'null'] },
    appId: { type: 'string' },
    inputs: {
      type: 'object',
      propertyNames: NAME,
      additionalProperties: strict({ type: { enum: INPUT_TYPES }, required: { type: 'boolean' } }, ['type']),
    },
    steps: { ...STEPS, description: 'run one after the other; a webhook step may be the first' },
    response: strict({ mode: { enum: ['sync', 'async'] }, status: { $ref: '#/$defs/status' }, body: {} }),
    onError: {
      ...strict({ steps: STEPS, response: strict({ status: { $ref: '#/$defs/status' }, body: {} }) }),
      description: 'what happens when a step has failed for good; its templates read `error`',
    },
    concurrency: strict(
      { limit: { type: 'integer', minimum: 1, maximum: MAX_RUNS_AT_ONCE }, whenFull: { enum: ['queue', 'reject'] } },
      ['limit'],
    ),
    priority: {
      type: 'integer',
      minimum: 0,
      maximum: 9,
      default: 5,
      description: 'of the runs of an app that wait for a place, those of the higher priority begin first',
    },
    schedules: {
      type: 'array',
      maxItems: 20,
      items: strict({ cron: { type: 'string' }, timeZone: { type: 'string' }, input: {} }, ['cron']),
    },
    strict: { type: 'boolean', description: 'undefined names in templates are errors' },
  };
}

/** The language of flows as a JSON Schema (draft 2020-12), for editors: `GET /v1/flow-schema.json` (FL-01). */
export function flowJsonSchema(): Schema {
  const steps = Object.fromEntries(
    Object.entries(STEP_SCHEMAS).map(([type, schema]) => [type, stepSchema(type, schema)]),
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A flow of Sluice',
    ...strict(flowProperties(), ['name', 'steps']),
    $defs: {
      ref: { ...NAME, description: 'the name by which later steps read the output' },
      condition: SHAPES.condition,
      status: SHAPES.status,
      retry: RETRY,
      step: stepChoice(),
      steps,
    },
  };
}
