import { fieldsOf, STEP_SCHEMAS, type StepField, type StepSchema } from '@sluice/contracts';
import {
  APPROVERS,
  FIRST_STEPS,
  inAnyCaseOneOf,
  REF_NAME,
  RETRY,
  type Schema,
  SHAPES,
  STEPS,
  strict,
  tidyText,
} from './flow-field-schemas.ts';
import { INPUT_TYPES, MAX_INPUTS, MAX_RUNS_AT_ONCE, MAX_SCHEDULES } from './flow.rules.ts';

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

/** C0, DEL and C1. */
const CONTROLS = '\\u0000-\\u001f\\u007f-\\u009f';
const NICKNAMES = ['yearly', 'annually', 'monthly', 'weekly', 'daily', 'midnight', 'hourly'];
const CRON: Schema = {
  type: 'string',
  maxLength: 200,
  pattern: `^\\s*(?:\\S+(?:\\s+\\S+){4}|@(?:${inAnyCaseOneOf(NICKNAMES)}))\\s*$`,
  description: 'minute hour day month weekday, or @hourly, @daily, @weekly, @monthly, @yearly',
};

function flowProperties(): Schema {
  return {
    name: { type: 'string', pattern: tidyText(200, `[^${CONTROLS}]`, `[^\\s${CONTROLS}]`) },
    status: { enum: ['draft', 'active', 'paused', 'live'], description: 'live is another word for active' },
    listener: {
      type: ['string', 'null'],
      pattern: `^[^\\s${CONTROLS}]{1,200}$`,
      description: 'the name by which webhooks of profile listener find the flow',
    },
    externalKey: { type: ['string', 'null'], pattern: '^[!-~]{1,200}$' },
    appId: { type: 'string' },
    inputs: {
      type: 'object',
      maxProperties: MAX_INPUTS,
      propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]{0,99}$' },
      additionalProperties: strict({ type: { enum: INPUT_TYPES }, required: { type: 'boolean' } }, ['type']),
    },
    steps: { ...FIRST_STEPS, description: 'run one after the other; a webhook step may be the first' },
    response: strict({
      mode: { enum: ['sync', 'async'] },
      status: { anyOf: [{ $ref: '#/$defs/status' }, { type: 'null' }] },
      body: {},
    }),
    onError: {
      ...strict({ steps: STEPS, response: strict({ status: { $ref: '#/$defs/status' }, body: {} }) }),
      minProperties: 1,
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
      maxItems: MAX_SCHEDULES,
      items: strict({ cron: CRON, timeZone: { type: 'string', minLength: 1 }, input: {} }, ['cron']),
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
      ref: { ...REF_NAME, description: 'the name by which later steps read the output' },
      condition: SHAPES.condition,
      status: SHAPES.status,
      retry: RETRY,
      approvers: APPROVERS,
      step: stepChoice(),
      steps,
    },
  };
}
