import { Dict } from './dict.ts';
import { dictGet, numberOf, textOf } from './compare.ts';
import { notData, toRepr } from './print.ts';
import { codePoints, isBmp } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { typeError } from './template-error.ts';
import { typeName } from './type-name.ts';
import { Float, fromHost, isPlainObject, Markup, Range, Special, Tuple, Undefined } from './values.ts';

function missingAttribute(rt: Runtime, owner: unknown, name: string): Undefined {
  return rt.missing(name, `${typeName(owner)} object`);
}

/** `value.name`: data of dicts, attributes of special objects. Methods exist only where they are called (call.ts). */
export function getAttribute(rt: Runtime, value: unknown, name: string): unknown {
  if (typeof value === 'object' && value !== null) {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype && Object.hasOwn(value, name)) {
      const found = fromHost((value as Record<string, unknown>)[name]);
      if (found !== undefined) return found;
    }
  }
  return getAttributeSlowly(rt, value, name);
}

function getAttributeSlowly(rt: Runtime, value: unknown, name: string): unknown {
  if (value instanceof Undefined) return chained(value);
  let found: unknown;
  if (value instanceof Special) found = value.attribute(rt, name);
  else if (value instanceof Tuple)
    found = value.names === undefined ? undefined : value.items[value.names.indexOf(name)];
  else if (value instanceof Dict || isPlainObject(value)) found = dictGet(value, name);
  return found ?? (found === null ? null : missingAttribute(rt, value, name));
}

/** Lenient undefined values chain: `missing.a.b` is undefined. */
function chained(value: Undefined): Undefined {
  value.use();
  return value;
}

/** `value[key]`. */
export function getItem(rt: Runtime, value: unknown, key: unknown): unknown {
  if (value instanceof Undefined) return chained(value);
  if (Array.isArray(value)) return indexed(rt, value, value, key);
  if (value instanceof Tuple) return indexed(rt, value, value.items, key);
  if (value instanceof Dict || isPlainObject(value)) {
    const found = hashable(key) ? dictGet(value, key) : undefined;
    return found ?? (found === null ? null : absent(rt, value, key));
  }
  const text = textOf(value);
  if (text !== undefined) return characterAt(rt, value, text, key);
  if (value instanceof Range) return ofRange(rt, value, key);
  const name = textOf(key);
  if (value instanceof Special && name !== undefined) return getAttributeSlowly(rt, value, name);
  if (typeof value === 'object' && value !== null && !(value instanceof Float || value instanceof Special)) {
    throw notData();
  }
  return absent(rt, value, key);
}

function hashable(key: unknown): boolean {
  return typeof key !== 'object' || key === null || !(Array.isArray(key) || key instanceof Dict || isPlainObject(key));
}

function absent(rt: Runtime, value: unknown, key: unknown): Undefined {
  const name = textOf(key);
  if (name !== undefined) return missingAttribute(rt, value, name);
  return rt.missing(`${typeName(value)} object has no element ${toRepr(rt, key)}`, '');
}

/** Position in a sequence of that length, or -1. */
function position(key: unknown, length: number): number {
  const number = typeof key === 'number' || typeof key === 'boolean' ? Number(key) : Number.NaN;
  if (!Number.isSafeInteger(number)) return -1;
  const index = number < 0 ? number + length : number;
  return index >= 0 && index < length ? index : -1;
}

function indexed(rt: Runtime, owner: unknown, items: readonly unknown[], key: unknown): unknown {
  const index = position(key, items.length);
  if (index === -1) {
    const name = textOf(key);
    return owner instanceof Tuple && name !== undefined ? getAttributeSlowly(rt, owner, name) : absent(rt, owner, key);
  }
  const found = fromHost(items[index]);
  return found ?? (found === null ? null : absent(rt, owner, key));
}

function characterAt(rt: Runtime, owner: unknown, text: string, key: unknown): unknown {
  rt.spendCharacters(text);
  const points = isBmp(text) ? text : codePoints(text);
  const index = position(key, points.length);
  const character = index === -1 ? undefined : points[index];
  if (character === undefined) return absent(rt, owner, key);
  return owner instanceof Markup ? new Markup(character) : character;
}

function ofRange(rt: Runtime, range: Range, key: unknown): unknown {
  const index = position(key, range.length);
  return index === -1 ? absent(rt, range, key) : range.at(index);
}

function bound(value: unknown): number | null {
  if (value === null) return null;
  if (value instanceof Undefined) value.fail();
  const number = value instanceof Float ? undefined : numberOf(value);
  if (typeof number === 'bigint') return number < 0n ? -Number.MAX_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
  if (number === undefined || !Number.isSafeInteger(number)) {
    throw typeError('slice indices must be integers or None or have an __index__ method');
  }
  return number;
}

/** Start, stop and step within a sequence of that length (slice.indices of Python). */
function sliceIndexes(length: number, from: unknown, to: unknown, by: unknown): [number, number, number] {
  const step = bound(by) ?? 1;
  if (step === 0) throw typeError('slice step cannot be zero');
  const low = step < 0 ? -1 : 0;
  const high = step < 0 ? length - 1 : length;
  const clamp = (value: number | null, absentValue: number): number => {
    if (value === null) return absentValue;
    return value < 0 ? Math.max(value + length, low) : Math.min(value, high);
  };
  const isBackward = step < 0;
  return [clamp(bound(from), isBackward ? high : low), clamp(bound(to), isBackward ? low : high), step];
}

function pick<T>(items: readonly T[], from: unknown, to: unknown, by: unknown): T[] {
  const [start, stop, step] = sliceIndexes(items.length, from, to, by);
  if (step === 1) return items.slice(start, Math.max(start, stop));
  const result: T[] = [];
  for (let index = start; step < 0 ? index > stop : index < stop; index += step) result.push(items[index] as T);
  return result;
}

/** `value[start:stop:step]`; null stands for what is left out. */
export function getSlice(rt: Runtime, value: unknown, start: unknown, stop: unknown, step: unknown): unknown {
  if (value instanceof Undefined) return chained(value);
  const text = textOf(value);
  if (text !== undefined) {
    rt.spendCharacters(text);
    const [from, to, by] = sliceIndexes(isBmp(text) ? text.length : codePoints(text).length, start, stop, step);
    const part =
      by === 1 && isBmp(text)
        ? text.slice(from, Math.max(from, to))
        : pick(codePoints(text), start, stop, step).join('');
    return value instanceof Markup ? new Markup(part) : part;
  }
  if (Array.isArray(value)) {
    rt.spend(1 + value.length);
    return pick(value, start, stop, step);
  }
  if (value instanceof Tuple) {
    rt.spend(1 + value.items.length);
    return new Tuple(pick(value.items, start, stop, step));
  }
  if (value instanceof Range) {
    const [from, to, by] = sliceIndexes(value.length, start, stop, step);
    return new Range(value.at(from), value.at(to), value.step * by);
  }
  throw typeError(`'${typeName(value)}' object is not subscriptable`);
}
