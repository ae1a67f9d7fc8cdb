import { fieldsOf, STEP_SCHEMAS, type StepField, type StepSchema } from '@sluice/contracts';
import { at } from './flow-problems.ts';
import { isObject } from './step-field.rules.ts';

/** A list of steps inside a step. */
export interface Block {
  steps: unknown;
  pointer: string;
  /** What they put out is seen by themselves alone. */
  enclosed: boolean;
  /** Names that they read besides. */
  names: readonly string[];
}

export function schemaOf(type: unknown): StepSchema | undefined {
  return typeof type === 'string' && Object.hasOwn(STEP_SCHEMAS, type) ? STEP_SCHEMAS[type] : undefined;
}

/** The lists of steps inside a step, by its type's schema; what has not the shape of a list of lists gives none. */
export function blocksOf(step: Record<string, unknown>, pointer: string): Block[] {
  const schema = schemaOf(step.type);
  if (!schema) return [];
  return Object.entries(fieldsOf(schema)).flatMap(([name, field]) => {
    const names = namesOf(step, field);
    return listsOf(step[name], field, at(pointer, name)).map(({ steps, pointer: place }) => ({
      steps,
      pointer: place,
      enclosed: field.enclosed === true,
      names,
    }));
  });
}

/** The lists that a field holds, with their pointers. */
export function listsOf(value: unknown, field: StepField, pointer: string): { steps: unknown; pointer: string }[] {
  if (value === undefined) return [];
  switch (field.shape) {
    case 'steps':
      return [{ steps: value, pointer }];
    case 'lanes':
      if (value === null || typeof value !== 'object') return [];
      return Object.entries(value).map(([name, steps]) => ({ steps: steps as unknown, pointer: at(pointer, name) }));
    case 'branches':
    case 'cases':
      if (!Array.isArray(value)) return [];
      return value.flatMap((each: unknown, index) =>
        isObject(each) && each.steps !== undefined ? [{ steps: each.steps, pointer: at(pointer, index, 'steps') }] : [],
      );
    default:
      return [];
  }
}

/** The names that the steps of a field read besides the refs before them. */
export function namesOf(step: Record<string, unknown>, field: StepField): string[] {
  return Object.entries(field.names ?? {}).map(([name, otherwise]) => {
    const given = step[name];
    return typeof given === 'string' ? given : otherwise;
  });
}
