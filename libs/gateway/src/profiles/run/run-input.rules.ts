import type { FieldProblem } from '@sluice/contracts';
import type { FlowInputs } from '../../routing/route.ts';

const MAX_PROBLEMS = 100;

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

const IS_TYPE: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  object: isObject,
  array: Array.isArray,
};

/**
 * What is wrong with a body whose keys are the flow's named inputs (LT-07): every missing or mistyped one, by its JSON
 * pointer. Keys that the flow does not declare are let through, because it may read them all the same; `null` is as good
 * as absent.
 */
export function inputProblems(inputs: FlowInputs | null, value: unknown): FieldProblem[] {
  if (!isObject(value)) return [{ pointer: '', message: 'must be a JSON object of the named inputs' }];
  if (inputs === null) return [];
  const problems: FieldProblem[] = [];
  for (const [name, { type, required }] of Object.entries(inputs)) {
    const sent = Object.hasOwn(value, name) ? value[name] : undefined;
    const absent = sent === undefined || sent === null;
    if (absent && required === true) problems.push({ pointer: `/${name}`, message: `is required (${type})` });
    if (!absent && IS_TYPE[type]?.(sent) === false) {
      problems.push({ pointer: `/${name}`, message: `must be of type ${type}` });
    }
  }
  return problems.slice(0, MAX_PROBLEMS);
}
