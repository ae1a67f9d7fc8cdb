import { pairs } from './collection-methods.ts';
import { compareValues, isDict, isEqual, textOf } from './compare.ts';
import { hashKey } from './dict.ts';
import type { HashKey } from './dict.ts';
import { copyItems } from './iterate.ts';
import type { Runtime } from './runtime.ts';
import { fixed, intArgument } from './signature.ts';
import type { Operation } from './signature.ts';
import { attributeGetter, attributeGetters, compareKeys, ignoreCase, sortItems } from './sorting.ts';
import { typeError, valueError } from './template-error.ts';
import { isTrue } from './truth.ts';
import { typeName } from './type-name.ts';
import { Tuple, Undefined } from './values.ts';

function flag(value: unknown): boolean {
  return value !== undefined && isTrue(value);
}

/** The value of an attribute, in lower case unless case matters. */
function keyGetter(rt: Runtime, attribute: unknown, caseSensitive: unknown, absent?: unknown) {
  const getter = attributeGetter(rt, attribute, absent);
  return flag(caseSensitive) ? getter : (item: unknown) => ignoreCase(rt, getter(item));
}

function sort(rt: Runtime, value: unknown, reverse: unknown, caseSensitive: unknown, attribute: unknown): unknown[] {
  const getters = attributeGetters(rt, attribute);
  const matters = flag(caseSensitive);
  const backwards = intArgument(reverse, 0) !== 0;
  const keyed = copyItems(rt, value).map((item) => {
    rt.spend(3);
    const keys = getters.map((getter) => getter(item));
    return { item, keys: matters ? keys : keys.map((key) => ignoreCase(rt, key)) };
  });
  keyed.sort((a, b) => (backwards ? compareKeys(rt, b.keys, a.keys) : compareKeys(rt, a.keys, b.keys)));
  return keyed.map((entry) => entry.item);
}

function unique(rt: Runtime, value: unknown, caseSensitive: unknown, attribute: unknown): unknown[] {
  const getter = keyGetter(rt, attribute, caseSensitive);
  const seen = new Set<HashKey>();
  return copyItems(rt, value).filter((item) => {
    rt.spend(3);
    const key = hashKey(getter(item));
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function extreme(sign: 1 | -1): Operation {
  return fixed(['case_sensitive', 'attribute'], 0, (rt, value, [caseSensitive, attribute]) => {
    const items = copyItems(rt, value);
    const getter = keyGetter(rt, attribute, caseSensitive);
    if (items.length === 0) return rt.missing('No aggregated item, sequence was empty.', '');
    let best = items[0];
    let bestKey = getter(best);
    for (const item of items.slice(1)) {
      const key = getter(item);
      // the operands in Python's order, so that an error names them the same way
      if (!(compareValues(rt, key, bestKey, sign === 1 ? '<' : '>') * sign < 0)) continue;
      best = item;
      bestKey = key;
    }
    return best;
  });
}

function groupBy(rt: Runtime, value: unknown, args: readonly unknown[]): unknown[] {
  const [attribute, absent, caseSensitive] = args;
  const key = keyGetter(rt, attribute, caseSensitive, absent);
  const shown = attributeGetter(rt, attribute, absent);
  const groups: { key: unknown; items: unknown[] }[] = [];
  for (const item of sortItems(rt, copyItems(rt, value), key, false)) {
    const itemKey = key(item);
    const group = groups.at(-1);
    if (group !== undefined && isEqual(rt, group.key, itemKey)) group.items.push(item);
    else groups.push({ key: itemKey, items: [item] });
    rt.spend(3);
  }
  return groups.map(({ items }) => new Tuple([shown(items[0]), items], ['grouper', 'list']));
}

function dictSort(rt: Runtime, value: unknown, caseSensitive: unknown, by: unknown, reverse: unknown): unknown[] {
  if (value instanceof Undefined) value.fail();
  if (!isDict(value)) throw typeError(`'${typeName(value)}' object has no attribute 'items'`);
  const which = textOf(by ?? 'key');
  if (which !== 'key' && which !== 'value') throw valueError('You can only sort by either "key" or "value"');
  const index = which === 'key' ? 0 : 1;
  const matters = flag(caseSensitive);
  const tuples = pairs(rt, value).map((pair) => new Tuple(pair));
  const key = (item: unknown): unknown => {
    const part = item instanceof Tuple ? item.items[index] : undefined;
    return matters ? part : ignoreCase(rt, part);
  };
  return sortItems(rt, tuples, key, intArgument(reverse, 0) !== 0);
}

export const ORDER_FILTERS: readonly (readonly [string, Operation])[] = [
  [
    'sort',
    fixed(['reverse', 'case_sensitive', 'attribute'], 0, (rt, value, [reverse, caseSensitive, attribute]) =>
      sort(rt, value, reverse, caseSensitive, attribute),
    ),
  ],
  [
    'unique',
    fixed(['case_sensitive', 'attribute'], 0, (rt, value, [caseSensitive, attribute]) =>
      unique(rt, value, caseSensitive, attribute),
    ),
  ],
  ['min', extreme(1)],
  ['max', extreme(-1)],
  ['groupby', fixed(['attribute', 'default', 'case_sensitive'], 1, groupBy)],
  [
    'dictsort',
    fixed(['case_sensitive', 'by', 'reverse'], 0, (rt, value, [caseSensitive, by, reverse]) =>
      dictSort(rt, value, caseSensitive, by, reverse),
    ),
  ],
];
