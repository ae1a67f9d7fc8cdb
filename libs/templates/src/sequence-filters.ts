import { calculate } from './arithmetic.ts';
import { pairs } from './collection-methods.ts';
import { isDict, textOf } from './compare.ts';
import { copyItems, hostItem, itemsOf, lengthOf } from './iterate.ts';
import { toText } from './print.ts';
import type { Runtime } from './runtime.ts';
import { fixed, intArgument } from './signature.ts';
import type { Operation } from './signature.ts';
import { attributeGetter } from './sorting.ts';
import { typeError, valueError } from './template-error.ts';
import { reverseText } from './text-filters.ts';
import { itemTexts, joinTexts, likeSource } from './text-tools.ts';
import { isTrue } from './truth.ts';
import { Tuple, Undefined } from './values.ts';

function batch(rt: Runtime, value: unknown, size: unknown, fill: unknown): unknown[] {
  const count = intArgument(size, 0);
  const items = copyItems(rt, value);
  // Jinja compares the size with a row that is empty at first
  const rows: unknown[][] = count === 0 && items.length > 0 ? [[]] : [];
  for (const item of items) {
    const row = rows.at(-1);
    if (row === undefined || row.length === count) {
      rt.spend(3);
      rows.push([item]);
    } else row.push(item);
  }
  const last = rows.at(-1);
  if (last === undefined || fill === undefined || fill === null) return rows;
  rt.spend(Math.max(0, count - last.length));
  while (last.length < count) last.push(fill);
  return rows;
}

function slice(rt: Runtime, value: unknown, slices: unknown, fill: unknown): unknown[] {
  const count = intArgument(slices, 0);
  const items = copyItems(rt, value);
  if (count === 0) throw valueError('integer division or modulo by zero');
  const perSlice = Math.floor(items.length / count);
  const withExtra = items.length - perSlice * count;
  rt.spend(3 * Math.max(0, count));
  const rows: unknown[][] = [];
  let start = 0;
  for (let index = 0; index < count; index += 1) {
    const end = start + perSlice + (index < withExtra ? 1 : 0);
    const row = items.slice(start, end);
    if (fill !== undefined && fill !== null && index >= withExtra) row.push(fill);
    rows.push(row);
    start = end;
  }
  return rows;
}

function first(rt: Runtime, value: unknown): unknown {
  const items = itemsOf(rt, value);
  return items.length === 0 ? rt.missing('No first item, sequence was empty.', '') : hostItem(rt, items[0]);
}

function last(rt: Runtime, value: unknown): unknown {
  const items = itemsOf(rt, value);
  return items.length === 0 ? rt.missing('No last item, sequence was empty.', '') : hostItem(rt, items.at(-1));
}

function join(rt: Runtime, value: unknown, separator: unknown, attribute: unknown): string {
  const by = separator === undefined ? '' : toText(rt, separator);
  if (attribute === undefined || attribute === null) return joinTexts(rt, by, itemTexts(rt, value));
  const getter = attributeGetter(rt, attribute);
  return joinTexts(
    rt,
    by,
    itemsOf(rt, value).map((item) => toText(rt, getter(item))),
  );
}

function reverse(rt: Runtime, value: unknown): unknown {
  const text = textOf(value);
  if (text !== undefined) return likeSource(value, reverseText(rt, text));
  return copyItems(rt, value).reverse();
}

function sum(rt: Runtime, value: unknown, attribute: unknown, start: unknown): unknown {
  if (textOf(start) !== undefined) throw typeError("sum() can't sum strings [use ''.join(seq) instead]");
  const getter = attribute === undefined ? (item: unknown) => hostItem(rt, item) : attributeGetter(rt, attribute);
  let total: unknown = start;
  for (const item of itemsOf(rt, value)) {
    rt.spend(2);
    total = calculate(rt, '+', total, getter(item));
  }
  return total;
}

function orDefault(value: unknown, absent: unknown, falsy: unknown): unknown {
  if (value instanceof Undefined) return absent;
  return falsy !== undefined && isTrue(falsy) && !isTrue(value) ? absent : value;
}

function items(rt: Runtime, value: unknown): unknown[] {
  if (value instanceof Undefined) return [];
  if (!isDict(value)) throw typeError('Can only get item pairs from a mapping.');
  return pairs(rt, value).map((pair) => new Tuple(pair));
}

const length = fixed([], 0, lengthOf);
const absent = fixed(['default_value', 'boolean'], 0, (_rt, value, [other = '', falsy]) =>
  orDefault(value, other, falsy),
);

export const SEQUENCE_FILTERS: readonly (readonly [string, Operation])[] = [
  ['length', length],
  ['count', length],
  ['default', absent],
  ['d', absent],
  ['first', fixed([], 0, first)],
  ['last', fixed([], 0, last)],
  ['list', fixed([], 0, (rt, value) => rt.own(copyItems(rt, value)))],
  ['join', fixed(['d', 'attribute'], 0, (rt, value, [by, attribute]) => join(rt, value, by, attribute))],
  ['reverse', fixed([], 0, reverse)],
  ['sum', fixed(['attribute', 'start'], 0, (rt, value, [attribute, start = 0]) => sum(rt, value, attribute, start))],
  ['items', fixed([], 0, items)],
  ['batch', fixed(['linecount', 'fill_with'], 1, (rt, value, [size, fill]) => batch(rt, value, size, fill))],
  ['slice', fixed(['slices', 'fill_with'], 1, (rt, value, [count, fill]) => slice(rt, value, count, fill))],
];
