import type { FieldProblem } from '@sluice/contracts';
import { linearPattern } from '@sluice/templates';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { sizeProblems } from './schema-size.ts';

/** What is wrong with a value, each with its JSON pointer; empty when it fits. */
export type SchemaCheck = (data: unknown) => FieldProblem[];

const MAX_PROBLEMS = 50;
/** Steps that all patterns of a check may take together; beyond that the value counts as not fitting. */
const MAX_PATTERN_STEPS = 2_000_000;

class TooCostlyError extends Error {}
let steps = 0;

/** Patterns run on an engine without backtracking, so that no pattern is exponential on any text. */
const regExp = Object.assign(
  (pattern: string) => {
    const compiled = linearPattern(pattern);
    return {
      // What ajv tells patterns apart by: without it all patterns of an instance are the first one.
      toString: () => pattern,
      test: (text: string): boolean =>
        compiled.test(text, (spent) => {
          steps += spent;
          if (steps > MAX_PATTERN_STEPS) throw new TooCostlyError('too costly');
        }),
    };
  },
  { code: 'regExp' },
);

/** A new one for each schema: what ajv has once compiled it keeps for ever. */
function compile(schema: unknown) {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    strictTuples: false,
    validateFormats: true,
    logger: false,
    code: { regExp },
  });
  // The fast expressions: the full ones backtrack.
  formats.default(ajv, {
    mode: 'fast',
    formats: [
      'date',
      'time',
      'date-time',
      'duration',
      'uri',
      'uri-reference',
      'email',
      'uuid',
      'ipv4',
      'ipv6',
      'hostname',
      'json-pointer',
    ],
  });
  ajv.addVocabulary(['example', 'x-enum-descriptions']);
  return ajv.compile(schema as object);
}

/** Everything that is wrong with a JSON Schema (draft 2020-12), each with a pointer into it; empty when it can be used. */
export function schemaProblems(schema: unknown): FieldProblem[] {
  const tooLarge = sizeProblems(schema);
  if (tooLarge.length > 0) return tooLarge;
  const { $schema } = schema as { $schema?: unknown };
  if ($schema !== undefined && $schema !== 'https://json-schema.org/draft/2020-12/schema') {
    return [{ pointer: '/$schema', message: 'must be https://json-schema.org/draft/2020-12/schema, or absent' }];
  }
  try {
    compile(schema);
    return [];
  } catch (error) {
    return [{ pointer: '', message: `is no JSON Schema that can be used: ${(error as Error).message.slice(0, 300)}` }];
  }
}

/** @param schema one without `schemaProblems`. */
export function compileSchema(schema: unknown): SchemaCheck {
  const validate = compile(schema);
  return (data) => {
    steps = 0;
    try {
      if (validate(data)) return [];
    } catch (error) {
      if (!(error instanceof TooCostlyError)) throw error;
      return [{ pointer: '', message: 'is too large for the patterns of the schema' }];
    }
    return (validate.errors ?? []).slice(0, MAX_PROBLEMS).map(problemOf);
  };
}

function problemOf(error: ErrorObject): FieldProblem {
  const { instancePath, keyword, message, params } = error;
  const detail = params as { additionalProperty?: string; missingProperty?: string; allowedValues?: unknown[] };
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') {
    const name = detail.additionalProperty ?? (params as { unevaluatedProperty?: string }).unevaluatedProperty ?? '';
    return { pointer: instancePath, message: `unknown field ${JSON.stringify(name)}` };
  }
  if (keyword === 'enum')
    return { pointer: instancePath, message: `must be one of ${JSON.stringify(detail.allowedValues)}` };
  return { pointer: instancePath, message: message ?? keyword };
}
