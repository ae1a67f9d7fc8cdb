import { Dict } from './dict.ts';
import { entriesOf, MAX_DATA_DEPTH, tooDeep } from './print.ts';
import { compareText } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { typeError } from './template-error.ts';
import { typeName } from './type-name.ts';
import { Float, fromHost, isPlainObject, Markup, Range, Special, Tuple, Undefined } from './values.ts';

/** The number that an int, float or bool is in a comparison; undefined for everything else. */
export function numberOf(value: unknown): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value instanceof Float ? value.value : undefined;
}

/** The characters of a str or Markup; undefined for everything else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return value instanceof Markup ? value.text : undefined;
}

/** `a == b`. */
export function isEqual(rt: Runtime, a: unknown, b: unknown, depth = 0): boolean {
  if (a instanceof Undefined) a.use();
  if (b instanceof Undefined) b.use();
  if (a === b) return typeof a !== 'number' || !Number.isNaN(a);
  if (typeof a === 'string' && typeof b === 'string') {
    rt.spend(1 + (Math.min(a.length, b.length) >> 6));
    return false;
  }
  const left = numberOf(a);
  if (left !== undefined) {
    const right = numberOf(b);
    // == and not ===, for which 1 and 1n differ
    return right !== undefined && left == right;
  }
  return objectsAreEqual(rt, a, b, depth);
}

function objectsAreEqual(rt: Runtime, a: unknown, b: unknown, depth: number): boolean {
  if (typeof a !== 'object' || a === null) return textOf(a) !== undefined && textOf(a) === textOf(b);
  if (depth > MAX_DATA_DEPTH) throw tooDeep();
  rt.spend(2);
  if (a instanceof Markup) return a.text === textOf(b);
  if (a instanceof Undefined) return b instanceof Undefined;
  if (a instanceof Special) return a.equals(b);
  if (Array.isArray(a)) return Array.isArray(b) && listsAreEqual(rt, a, b, depth);
  if (a instanceof Tuple) return b instanceof Tuple && listsAreEqual(rt, a.items, b.items, depth);
  if (a instanceof Range) return b instanceof Range && rangesAreEqual(a, b);
  return isDict(a) && isDict(b) && dictsAreEqual(rt, a, b, depth);
}

export function isDict(value: unknown): value is object {
  return value instanceof Dict || isPlainObject(value);
}

function listsAreEqual(rt: Runtime, a: readonly unknown[], b: readonly unknown[], depth: number): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) {
    rt.spend(1);
    if (!isEqual(rt, fromHost(a[index]), fromHost(b[index]), depth + 1)) return false;
  }
  return true;
}

function rangesAreEqual(a: Range, b: Range): boolean {
  if (a.length !== b.length) return false;
  return a.length === 0 || (a.start === b.start && (a.length === 1 || a.step === b.step));
}

/** The value under a key of a dict, or JavaScript's `undefined`. */
export function dictGet(dict: object, key: unknown): unknown {
  if (dict instanceof Dict) return dict.get(key);
  const name = textOf(key);
  if (name === undefined || !Object.hasOwn(dict, name)) return undefined;
  return fromHost((dict as Record<string, unknown>)[name]);
}

function dictsAreEqual(rt: Runtime, a: object, b: object, depth: number): boolean {
  let size = 0;
  for (const [key, value] of entriesOf(a)) {
    rt.spend(2);
    size += 1;
    const other = dictGet(b, key);
    if (other === undefined || !isEqual(rt, fromHost(value), other, depth + 1)) return false;
  }
  for (const _ of entriesOf(b)) size -= 1;
  return size === 0;
}

/** Negative, zero or positive as Python orders the two; NaN when they are numbers that do not compare. */
export function compareValues(rt: Runtime, a: unknown, b: unknown, operator: string, depth = 0): number {
  rt.spend(1);
  if (a instanceof Undefined) a.fail();
  if (b instanceof Undefined) b.fail();
  const left = numberOf(a);
  const right = numberOf(b);
  if (left !== undefined && right !== undefined) {
    if (left < right) return -1;
    if (left > right) return 1;
    return left >= right ? 0 : Number.NaN;
  }
  const leftText = textOf(a);
  const rightText = textOf(b);
  if (leftText !== undefined && rightText !== undefined) {
    rt.spend(Math.min(leftText.length, rightText.length) >> 4);
    return compareText(leftText, rightText);
  }
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(rt, a, b, operator, depth);
  if (a instanceof Tuple && b instanceof Tuple) return compareLists(rt, a.items, b.items, operator, depth);
  const special = a instanceof Special ? a.compare(b) : undefined;
  if (special !== undefined) return special;
  throw typeError(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

function compareLists(
  rt: Runtime,
  a: readonly unknown[],
  b: readonly unknown[],
  operator: string,
  depth: number,
): number {
  if (depth > MAX_DATA_DEPTH) throw tooDeep();
  for (let index = 0; index < a.length && index < b.length; index += 1) {
    const left = fromHost(a[index]);
    const right = fromHost(b[index]);
    if (!isEqual(rt, left, right, depth + 1)) return compareValues(rt, left, right, operator, depth + 1);
  }
  return a.length - b.length;
}
