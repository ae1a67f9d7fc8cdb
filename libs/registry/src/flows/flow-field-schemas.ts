import {
  BUILT_IN_EVENT_TYPES,
  HEADER_NAME,
  HTTP_METHODS,
  PAGE_KINDS,
  RESERVED_REFS,
  SENDERS_HEADERS,
  STEP_LIMITS,
  type StepFieldShape,
} from '@sluice/contracts';
import { ROLES } from './step-field.rules.ts';

export type Schema = Record<string, unknown>;

export const strict = (properties: Schema, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
  additionalProperties: false,
});

/** Patterns have no flags in a schema. */
const inAnyCase = (text: string): string =>
  text.replace(/[a-z]/gi, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`);
export const inAnyCaseOneOf = (words: Iterable<string>): string => [...words].map(inAnyCase).join('|');
const literally = (text: string): string => text.replaceAll('.', '\\.');

const matches = (pattern: string): Schema => ({ type: 'string', pattern });
const TEMPLATE = matches('\\{[{%#]');
const NOT_BLANK = matches('\\S');
const DURATION_PARTS = '(?:\\d+W|(?:\\d+D)?(?:T(?=\\d)(?:\\d+H)?(?:\\d+M)?(?:\\d+(?:[.,]\\d+)?S)?)?)$';
const DURATION = matches(`^P(?=.)${DURATION_PARTS}`);
/** How long at most is in no pattern. */
const SOME_TIME = matches(`^P(?=.*[1-9])${DURATION_PARTS}`);
const INSTANT = matches(
  '^\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])' +
    '(?:[Tt ](?:[01]\\d|2[0-4]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d+)?)?(?:[Zz]|[+-]\\d{2}:\\d{2}))?$',
);
/** Text of at most so many characters besides blanks around it. */
export const tidyText = (most: number, sign = '[\\s\\S]', edge = '\\S'): string =>
  `^\\s*${edge}(?:${sign}{0,${most - 2}}${edge})?\\s*$`;

/** The name of an entry, of which some have a meaning elsewhere only. */
export const NAME: Schema = { ...matches('^[A-Za-z_][A-Za-z0-9_]*$'), maxLength: STEP_LIMITS.refLength };
export const REF_NAME: Schema = { ...NAME, not: { enum: RESERVED_REFS } };

const WEBHOOK: Schema = { type: 'object', required: ['type'], properties: { type: { const: 'webhook' } } };
const LATER_STEP: Schema = { $ref: '#/$defs/step', not: WEBHOOK };
/** Steps inside of others. */
export const STEPS: Schema = { type: 'array', items: LATER_STEP, maxItems: STEP_LIMITS.steps };
/** Only the first step of a flow may be a webhook. */
export const FIRST_STEPS: Schema = { ...STEPS, prefixItems: [{ $ref: '#/$defs/step' }] };
const NOT_EMPTY = { minItems: 1 };

const TEXT_VALUE: Schema = { type: ['string', 'number', 'boolean'] };
const headers = (name: string): Schema => ({
  oneOf: [{ type: 'object', propertyNames: { pattern: name }, additionalProperties: TEXT_VALUE }, TEMPLATE],
});
const FREE_HEADER = `^(?!(?:${inAnyCaseOneOf([...SENDERS_HEADERS, 'sluice-hops'])})$)${HEADER_NAME.source.slice(1)}`;

const statusOrClass = (pattern: string): Schema => ({
  anyOf: [{ type: 'integer', minimum: 100, maximum: 599 }, matches(pattern)],
});

export const RETRY = strict(
  {
    maxAttempts: { type: 'integer', minimum: 1, maximum: STEP_LIMITS.maxAttempts },
    backoff: {
      description: 'the wait before the second attempt, which doubles; or how waits grow',
      oneOf: [SOME_TIME, strict({ type: { enum: ['fixed', 'exponential'] }, initial: SOME_TIME, max: SOME_TIME })],
    },
    jitter: { type: 'number', minimum: 0, maximum: 1, description: 'share of the wait that varies' },
    on: {
      type: 'array',
      minItems: 1,
      maxItems: STEP_LIMITS.retryOn,
      items: statusOrClass('^(?:[1-5]\\d\\d|[1-5]xx|[A-Za-z][A-Za-z0-9_]{0,63})$'),
      description: 'statuses (503, "5xx") and codes of errors that are tried again, and no others',
    },
  },
  ['maxAttempts'],
);

const TEXT: Schema = { type: 'string', minLength: 1 };
const AUTH: Schema = {
  type: 'object',
  required: ['type'],
  oneOf: [
    strict({ type: { const: 'bearer' }, token: TEXT }, ['type', 'token']),
    strict({ type: { const: 'basic' }, user: TEXT, password: TEXT }, ['type', 'user', 'password']),
    strict({ type: { const: 'header' }, name: { anyOf: [matches(HEADER_NAME.source), TEMPLATE] }, value: TEXT }, [
      'type',
      'name',
      'value',
    ]),
  ],
};

const PAGINATE: Schema = {
  ...strict(
    {
      by: { enum: PAGE_KINDS },
      next: { ...TEMPLATE, description: 'of url and cursor: what finds the next one in `page`' },
      param: { ...TEXT, description: 'the name of the query parameter' },
      start: { type: 'integer', minimum: 0, maximum: STEP_LIMITS.firstPage },
      collect: { ...TEMPLATE, description: 'what is kept of a page' },
      maxPages: { type: 'integer', minimum: 1, maximum: STEP_LIMITS.pages },
    },
    ['by'],
  ),
  oneOf: [
    { type: 'object', required: ['next'], properties: { by: { enum: ['url', 'cursor'] }, next: true } },
    {
      type: 'object',
      properties: { by: { enum: PAGE_KINDS.filter((by) => by !== 'url' && by !== 'cursor') }, next: false },
    },
  ],
};

const EVENT_TYPE: Schema = {
  ...matches(tidyText(STEP_LIMITS.eventTypeLength)),
  not: { pattern: `^\\s*(?:${BUILT_IN_EVENT_TYPES.map(({ name }) => literally(name)).join('|')})\\s*$` },
};

/** Any JSON in which a text that begins with `role:` names a role. */
export const APPROVERS: Schema = {
  anyOf: [
    { type: ['number', 'boolean', 'null'] },
    TEMPLATE,
    matches(`^(?!\\s*role:)|^\\s*role:\\s*(?:${ROLES.join('|')})\\s*$`),
    { type: 'array', items: { $ref: '#/$defs/approvers' } },
    { type: 'object', additionalProperties: { $ref: '#/$defs/approvers' } },
  ],
};

/** Templates may stand wherever text may; what is more than a shape is told when the flow is saved. */
export const SHAPES: Readonly<Record<Exclude<StepFieldShape, 'count' | 'choice'>, Schema>> = {
  text: NOT_BLANK,
  value: {},
  texts: headers(HEADER_NAME.source),
  headers: headers(FREE_HEADER),
  approvers: { $ref: '#/$defs/approvers' },
  url: { anyOf: [matches('^[Hh][Tt][Tt][Pp][Ss]?://[/\\\\]*[^/\\\\?#]'), TEMPLATE] },
  errorCode: { anyOf: [matches('^[A-Za-z][A-Za-z0-9_.-]{0,63}$'), TEMPLATE] },
  eventType: { anyOf: [EVENT_TYPE, TEMPLATE] },
  wait: { anyOf: [DURATION, TEMPLATE] },
  duration: { anyOf: [DURATION, TEMPLATE] },
  time: { anyOf: [INSTANT, TEMPLATE] },
  timeout: SOME_TIME,
  retry: { $ref: '#/$defs/retry' },
  onError: { oneOf: [{ enum: ['fail', 'continue'] }, strict({ goto: NAME }, ['goto'])] },
  condition: { oneOf: [{ type: 'boolean' }, TEMPLATE] },
  list: { oneOf: [{ type: 'array' }, TEMPLATE] },
  name: REF_NAME,
  flag: { type: 'boolean' },
  status: {
    anyOf: [{ type: 'integer', minimum: 200, maximum: 599 }, TEMPLATE, matches('^\\s*[2-5]\\d\\d\\s*$')],
  },
  code: { type: 'string', maxLength: STEP_LIMITS.codeLength },
  object: { oneOf: [{ type: 'object' }, TEMPLATE] },
  auth: AUTH,
  statuses: { type: 'array', ...NOT_EMPTY, items: statusOrClass('^(?:[1-5][Xx][Xx]|[1-5]\\d\\d)$') },
  paginate: PAGINATE,
  method: { anyOf: [{ enum: HTTP_METHODS }, matches(`^(?:${inAnyCaseOneOf(HTTP_METHODS)})$`), TEMPLATE] },
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
