import { Dict } from './dict.ts';
import { copyItems } from './iterate.ts';
import { MAX_DATA_DEPTH, notData, tooDeep } from './print.ts';
import { floatText } from './python-float.ts';
import type { Runtime } from './runtime.ts';
import { typeError, valueError } from './template-error.ts';
import { typeName } from './type-name.ts';
import { Float, isPlainObject, Markup, Range, Special, Tuple, Undefined } from './values.ts';

/**
 * A value as JSON, for a template that is one expression. Input objects are given back as they are, not copied. Undefined
 * is null, tuples are lists, and an int beyond 2^53 is a string of its digits, because a number would lose some.
 */
export function toNative(rt: Runtime, value: unknown, depth = 0): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw valueError(`${floatText(value)} is not a JSON value`);
      return value;
    case 'bigint':
      return value.toString();
    case 'undefined':
      return null;
    default:
      return value === null ? null : objectToNative(rt, value, depth);
  }
}

function objectToNative(rt: Runtime, value: unknown, depth: number): unknown {
  if (depth > MAX_DATA_DEPTH) throw tooDeep();
  if (Array.isArray(value) || value instanceof Tuple || value instanceof Range) {
    return copyItems(rt, value).map((item) => toNative(rt, item, depth + 1));
  }
  if (value instanceof Float) return value.value;
  if (value instanceof Markup) return value.text;
  if (value instanceof Undefined) {
    value.use();
    return null;
  }
  if (value instanceof Dict) return dictToNative(rt, value, depth);
  if (isPlainObject(value)) return value;
  if (!(value instanceof Special)) throw notData();
  const native = value.native();
  if (native === undefined) throw typeError(`a ${value.typeName} is not a JSON value`);
  return native;
}

function dictToNative(rt: Runtime, dict: Dict, depth: number): unknown {
  const entries: [string, unknown][] = [];
  for (const [key, item] of dict.entries()) {
    rt.spend(3);
    entries.push([jsonKey(key), toNative(rt, item, depth + 1)]);
  }
  // fromEntries defines own properties, also one named __proto__
  return Object.fromEntries(entries);
}

/** How json.dumps writes a key. */
export function jsonKey(key: unknown): string {
  if (typeof key === 'string') return key;
  if (key instanceof Markup) return key.text;
  if (key === null) return 'null';
  if (typeof key === 'boolean' || typeof key === 'bigint') return String(key);
  if (typeof key === 'number') return Number.isSafeInteger(key) ? String(key) : floatText(key);
  if (key instanceof Float) return floatText(key.value);
  throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}
