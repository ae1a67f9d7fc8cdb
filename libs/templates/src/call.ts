import { DICT_METHODS, LIST_METHODS, TUPLE_METHODS } from './collection-methods.ts';
import { Dict } from './dict.ts';
import { getAttribute, getItem } from './lookup.ts';
import type { Runtime } from './runtime.ts';
import { invoke } from './signature.ts';
import type { Operation } from './signature.ts';
import { typeError } from './template-error.ts';
import { TEXT_METHODS } from './text-methods.ts';
import { typeName } from './type-name.ts';
import { isPlainObject, Markup, Special, Tuple, Undefined } from './values.ts';
import type { CallArguments } from './values.ts';

const NONE: ReadonlyMap<string, Operation> = new Map();

function methodsOf(value: unknown): ReadonlyMap<string, Operation> {
  if (typeof value === 'string' || value instanceof Markup) return TEXT_METHODS;
  if (Array.isArray(value)) return LIST_METHODS;
  if (value instanceof Dict || isPlainObject(value)) return DICT_METHODS;
  return value instanceof Tuple ? TUPLE_METHODS : NONE;
}

/** `value(arguments)`. */
export function callValue(rt: Runtime, value: unknown, args: CallArguments): unknown {
  if (value instanceof Undefined) value.fail();
  if (!(value instanceof Special) || !value.callable) throw typeError(`'${typeName(value)}' object is not callable`);
  rt.spend(3);
  return value.call(rt, args);
}

/** `value.name(arguments)`: methods come before data, as attributes do in Python. */
export function callAttribute(rt: Runtime, value: unknown, name: string, args: CallArguments): unknown {
  if (value instanceof Special) {
    const method = value.method(name);
    if (method !== undefined) {
      rt.spend(3);
      return method(rt, args);
    }
  } else {
    const operation = methodsOf(value).get(name);
    if (operation !== undefined) return invoke(rt, name, operation, value, args);
  }
  if (value instanceof Undefined) value.fail();
  return callValue(rt, getAttribute(rt, value, name), args);
}

/** `value[key](arguments)`: data comes before methods. */
export function callItem(rt: Runtime, value: unknown, key: unknown, args: CallArguments): unknown {
  const found = getItem(rt, value, key);
  if (found instanceof Undefined && typeof key === 'string') return callAttribute(rt, value, key, args);
  return callValue(rt, found, args);
}
