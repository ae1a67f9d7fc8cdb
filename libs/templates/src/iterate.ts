import { Dict } from './dict.ts';
import { notData } from './print.ts';
import { codePoints } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { typeError } from './template-error.ts';
import { typeName } from './type-name.ts';
import { fromHost, isPlainObject, Markup, Range, Special, Tuple, Undefined } from './values.ts';

/**
 * The items that iterating over a value gives: a live list for lists, otherwise a new one. Costs a step per item.
 * Items of input lists still have to go through `fromHost`.
 */
export function itemsOf(rt: Runtime, value: unknown): unknown[] {
  if (Array.isArray(value)) {
    rt.spend(1 + value.length);
    return value;
  }
  if (typeof value === 'string') return characters(rt, value);
  if (typeof value !== 'object' || value === null) throw notIterable(value);
  if (value instanceof Markup) return characters(rt, value.text);
  if (value instanceof Tuple) {
    rt.spend(1 + value.items.length);
    return value.items;
  }
  if (value instanceof Undefined) {
    value.use();
    return [];
  }
  if (value instanceof Dict) {
    rt.spend(1 + 2 * value.size);
    return Array.from(value.entries(), ([key]) => key);
  }
  if (value instanceof Range) return numbers(rt, value);
  if (value instanceof Special) throw notIterable(value);
  if (!isPlainObject(value)) throw notData();
  const keys = Object.keys(value);
  rt.spend(1 + 2 * keys.length);
  return keys;
}

/** Like `itemsOf`, for callers that keep or change the list: always a new one. */
export function copyItems(rt: Runtime, value: unknown): unknown[] {
  const items = itemsOf(rt, value);
  return items === value || value instanceof Tuple ? items.map((item) => hostItem(rt, item)) : items;
}

/** An item of a list as the template sees it: a hole or function of the input is undefined. */
export function hostItem(rt: Runtime, item: unknown): unknown {
  return fromHost(item) ?? (item === null ? null : rt.missing('a value that is not JSON data', ''));
}

function characters(rt: Runtime, text: string): unknown[] {
  rt.spend(1 + text.length);
  return codePoints(text);
}

function numbers(rt: Runtime, range: Range): number[] {
  rt.spend(1 + range.length);
  return Array.from({ length: range.length }, (_, index) => range.at(index));
}

function notIterable(value: unknown): Error {
  return typeError(`'${typeName(value)}' object is not iterable`);
}

/** `len(value)`. */
export function lengthOf(rt: Runtime, value: unknown): number {
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'string') {
    rt.spendText(value.length);
    return codePointLength(value);
  }
  if (value instanceof Markup) return codePointLength(value.text);
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof Range) return value.length;
  if (value instanceof Undefined) {
    value.use();
    return 0;
  }
  if (isPlainObject(value)) {
    const { length } = Object.keys(value);
    rt.spend(length);
    return length;
  }
  throw typeError(`object of type '${typeName(value)}' has no len()`);
}

function codePointLength(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length - 1; index += 1) {
    const code = text.charCodeAt(index);
    const next = text.charCodeAt(index + 1);
    if (code >= 0xd800 && code < 0xdc00 && next >= 0xdc00 && next < 0xe000) count -= 1;
  }
  return count;
}
