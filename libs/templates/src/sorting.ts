import { compareValues, isEqual, textOf } from './compare.ts';
import { getItem } from './lookup.ts';
import { hostItem } from './iterate.ts';
import type { Runtime } from './runtime.ts';
import { Undefined } from './values.ts';

/** `sorted(items, key=key, reverse=reverse)`: stable, in both directions. */
export function sortItems(
  rt: Runtime,
  items: readonly unknown[],
  key: (item: unknown) => unknown,
  reverse: boolean,
): unknown[] {
  rt.spend(3 * items.length);
  const keyed = items.map((item) => ({ item, key: key(item) }));
  keyed.sort((a, b) => {
    const order = compareValues(rt, a.key, b.key, '<');
    return reverse ? -order : order;
  });
  return keyed.map((entry) => entry.item);
}

/** Like sorting by a list of keys in Python: equal keys are not ordered, so that two undefined ones do not fail. */
export function compareKeys(rt: Runtime, a: readonly unknown[], b: readonly unknown[]): number {
  for (let index = 0; index < a.length; index += 1) {
    if (!isEqual(rt, a[index], b[index])) return compareValues(rt, a[index], b[index], '<');
  }
  return 0;
}

/** Texts in lower case, for sorting and grouping without regard to case. */
export function ignoreCase(rt: Runtime, value: unknown): unknown {
  const text = textOf(value);
  if (text === undefined) return value;
  rt.spend(text.length >> 4);
  return text.toLowerCase();
}

/** The getter of `attribute="a.b.0"`: parts of digits are indexes. */
export function attributeGetter(rt: Runtime, attribute: unknown, absent?: unknown): (item: unknown) => unknown {
  const path = attributePath(attribute);
  return (start) => {
    let item = hostItem(rt, start);
    for (const part of path) {
      rt.spend(1);
      item = getItem(rt, item, part);
      if (absent !== undefined && absent !== null && item instanceof Undefined) item = absent;
    }
    return item;
  };
}

function attributePath(attribute: unknown): unknown[] {
  if (attribute === undefined || attribute === null) return [];
  const text = textOf(attribute);
  if (text === undefined) return [attribute];
  return text.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** The getters of `attribute="a.b,c"`. */
export function attributeGetters(rt: Runtime, attribute: unknown): ((item: unknown) => unknown)[] {
  const text = textOf(attribute);
  const paths: unknown[] = text === undefined ? [attribute] : text.split(',');
  return paths.map((path) => attributeGetter(rt, path));
}
