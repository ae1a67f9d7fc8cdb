import { Float, isPlainObject, MadeMapping, Markup, Range, Special, Tuple, Undefined } from './values.ts';

/** Python's name of a value's type, for messages. */
export function typeName(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return 'str';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return Number.isSafeInteger(value) ? 'int' : 'float';
    default:
      return objectTypeName(value);
  }
}

function objectTypeName(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Float) return 'float';
  if (value instanceof Tuple) return 'tuple';
  if (value instanceof Markup) return 'Markup';
  if (value instanceof Range) return 'range';
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Special) return value.typeName;
  return isPlainObject(value) || value instanceof MadeMapping ? 'dict' : 'object';
}
