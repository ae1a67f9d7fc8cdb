import { notData } from './print.ts';
import { Float, isPlainObject, MadeMapping, Markup, Range, Special, Tuple, Undefined } from './values.ts';

/** `bool(value)`; a strict undefined fails. */
export function isTrue(value: unknown): boolean {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'string':
      return value !== '';
    case 'number':
      return value !== 0;
    case 'bigint':
      return value !== 0n;
    default:
      return value !== null && value !== undefined && objectIsTrue(value);
  }
}

function objectIsTrue(value: object | symbol | ((...args: never[]) => unknown)): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Undefined) {
    value.use();
    return false;
  }
  if (value instanceof Float) return value.value !== 0;
  if (value instanceof Markup) return value.text !== '';
  if (value instanceof Tuple) return value.items.length > 0;
  if (value instanceof MadeMapping) return value.size > 0;
  if (value instanceof Range) return value.length > 0;
  if (value instanceof Special) return value.isTrue();
  if (!isPlainObject(value)) throw notData();
  for (const key in value) if (Object.hasOwn(value, key)) return true;
  return false;
}
