import type { Schema } from '../flows/flow-schema.rules.ts';

const SCHEMA: Schema = { $ref: '#/$defs/schema' };
const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];
const FORMATS = ['date-time', 'date', 'time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uuid'];
const of = (description: string, more: Schema = {}): Schema => ({ ...more, description });
const named = (description: string): Schema => ({ type: 'object', additionalProperties: SCHEMA, description });
const listed = (description: string): Schema => ({ type: 'array', items: SCHEMA, description });

/** The schema of JSON Schemas (draft 2020-12), as far as one writes it by hand: what the editor of event types completes from. */
export const JSON_SCHEMA: Schema = {
  ...SCHEMA,
  $defs: {
    schema: {
      type: 'object',
      properties: {
        type: of('what kind of value', { enum: TYPES }),
        properties: named('the fields of an object'),
        required: of('the fields that may not be missing'),
        additionalProperties: of('whether other fields may be there, or of which kind', SCHEMA),
        items: of('the elements of an array', SCHEMA),
        enum: of('the only values'),
        const: of('the only value'),
        title: of('a name for people'),
        description: of('a sentence for people'),
        default: of('of the sample, when there is no example'),
        example: of('of the sample'),
        examples: of('the first one is of the sample'),
        format: of('of a text', { enum: FORMATS }),
        pattern: of('a regular expression'),
        minLength: of('of a text'),
        maxLength: of('of a text'),
        minimum: of('of a number'),
        maximum: of('of a number'),
        exclusiveMinimum: of('of a number'),
        exclusiveMaximum: of('of a number'),
        multipleOf: of('of a number'),
        minItems: of('of an array'),
        maxItems: of('of an array'),
        uniqueItems: of('of an array', { type: 'boolean' }),
        oneOf: listed('exactly one of these holds'),
        anyOf: listed('at least one of these holds'),
        allOf: listed('all of these hold'),
        not: of('this may not hold', SCHEMA),
        $ref: of('such as #/$defs/address'),
        $defs: named('schemas to refer to'),
      },
    },
  },
};
