import { dictGet, isEqual } from './compare.ts';
import { Dict } from './dict.ts';
import { copyItems, hostItem, itemsOf } from './iterate.ts';
import { getItem } from './lookup.ts';
import { entriesOf } from './print.ts';
import type { Runtime } from './runtime.ts';
import { fixed, intArgument } from './signature.ts';
import type { Operation } from './signature.ts';
import { sortItems } from './sorting.ts';
import { typeError, valueError } from './template-error.ts';
import { isTrue } from './truth.ts';
import { fromHost, isPlainObject, Tuple } from './values.ts';

function refuse(): Error {
  return typeError('input data cannot be changed; copy it first (dict(x), x | list)');
}

/** The list, when this evaluation made it: input data is shared with others. */
function ownList(rt: Runtime, value: unknown): unknown[] {
  if (!Array.isArray(value) || !rt.owns(value)) throw refuse();
  return value;
}

function ownDict(value: unknown): Dict {
  if (!(value instanceof Dict)) throw refuse();
  return value;
}

function sequence(value: unknown): readonly unknown[] {
  if (value instanceof Tuple) return value.items;
  return Array.isArray(value) ? value : [];
}

function positionOf(rt: Runtime, value: unknown, wanted: unknown): number {
  return sequence(value).findIndex((item) => {
    rt.spend(1);
    return isEqual(rt, hostItem(rt, item), wanted);
  });
}

const indexMethod = fixed(['value'], 1, (rt, value, [wanted]) => {
  const index = positionOf(rt, value, wanted);
  if (index === -1) throw valueError('the value is not in the list');
  return index;
});

const countMethod = fixed(['value'], 1, (rt, value, [wanted]) => {
  rt.spend(sequence(value).length);
  return sequence(value).filter((item) => isEqual(rt, hostItem(rt, item), wanted)).length;
});

export const TUPLE_METHODS: ReadonlyMap<string, Operation> = new Map([
  ['index', indexMethod],
  ['count', countMethod],
]);

function pop(rt: Runtime, value: unknown, index: unknown): unknown {
  const list = ownList(rt, value);
  const at = intArgument(index, -1);
  const position = at < 0 ? at + list.length : at;
  if (position < 0 || position >= list.length) throw valueError('pop index out of range');
  rt.spend(list.length >> 4);
  return list.splice(position, 1)[0];
}

/** `None` is what Python's changing methods return. */
function changing(change: (rt: Runtime, list: unknown[], args: readonly unknown[]) => void) {
  return (rt: Runtime, value: unknown, args: readonly unknown[]): null => {
    const list = ownList(rt, value);
    rt.spend(2 + (list.length >> 4));
    change(rt, list, args);
    return null;
  };
}

export const LIST_METHODS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['index', indexMethod],
  ['count', countMethod],
  ['copy', fixed([], 0, (rt, value) => rt.own(copyItems(rt, value)))],
  [
    'append',
    fixed(
      ['object'],
      1,
      changing((_rt, list, [item]) => list.push(item)),
    ),
  ],
  [
    'extend',
    fixed(
      ['iterable'],
      1,
      changing((rt, list, [items]) => {
        for (const item of copyItems(rt, items)) list.push(item);
      }),
    ),
  ],
  [
    'insert',
    fixed(
      ['index', 'object'],
      2,
      changing((_rt, list, [index, item]) => void list.splice(intArgument(index, 0), 0, item)),
    ),
  ],
  ['pop', fixed(['index'], 0, (rt, value, [index]) => pop(rt, value, index))],
  [
    'remove',
    fixed(
      ['value'],
      1,
      changing((rt, list, [wanted]) => {
        const index = positionOf(rt, list, wanted);
        if (index === -1) throw valueError('list.remove(x): x not in list');
        list.splice(index, 1);
      }),
    ),
  ],
  [
    'clear',
    fixed(
      [],
      0,
      changing((_rt, list) => void list.splice(0)),
    ),
  ],
  [
    'reverse',
    fixed(
      [],
      0,
      changing((_rt, list) => void list.reverse()),
    ),
  ],
  [
    'sort',
    fixed(
      ['reverse'],
      0,
      changing((rt, list, [reverse]) => {
        const sorted = sortItems(rt, list, (item) => item, reverse !== undefined && isTrue(reverse));
        sorted.forEach((item, index) => (list[index] = item));
      }),
    ),
  ],
]);

/** Keys and values of a dict as Python's views give them, but as lists (see docs/templates.md). */
export function pairs(rt: Runtime, value: unknown): [unknown, unknown][] {
  if (typeof value !== 'object' || value === null) return [];
  const result: [unknown, unknown][] = [];
  for (const [key, item] of entriesOf(value)) {
    rt.spend(5);
    result.push([key, hostItem(rt, item)]);
  }
  return result;
}

function getOr(rt: Runtime, value: unknown, key: unknown, absent: unknown): unknown {
  rt.spend(1);
  if (typeof value !== 'object' || value === null) return absent;
  const found = dictGet(value, key);
  return found === undefined ? absent : found;
}

/** Putting an entry into a dict takes 150 to 250 ns. */
const DICT_STEPS = 6;

/** Puts the entries of a dict, or of a list of pairs, into another. */
export function update(rt: Runtime, into: Dict, from: unknown): void {
  if (from instanceof Dict || isPlainObject(from)) {
    for (const [key, item] of pairs(rt, from)) {
      rt.spend(DICT_STEPS);
      into.set(key, item);
    }
    return;
  }
  for (const item of itemsOf(rt, from)) {
    const pair = itemsOf(rt, fromHost(item));
    if (pair.length !== 2) throw valueError('a dict is made of pairs of a key and a value');
    rt.spend(DICT_STEPS);
    into.set(hostItem(rt, pair[0]), hostItem(rt, pair[1]));
  }
}

export const DICT_METHODS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['get', fixed(['key', 'default'], 1, (rt, value, [key, absent = null]) => getOr(rt, value, key, absent))],
  ['keys', fixed([], 0, (rt, value) => itemsOf(rt, value))],
  ['values', fixed([], 0, (rt, value) => pairs(rt, value).map(([, item]) => item))],
  ['items', fixed([], 0, (rt, value) => pairs(rt, value).map((pair) => new Tuple(pair)))],
  [
    'copy',
    fixed([], 0, (rt, value) => {
      const copy = new Dict();
      update(rt, copy, value);
      return copy;
    }),
  ],
  [
    'update',
    {
      kind: 'variadic',
      run: (rt, value, args) => {
        const dict = ownDict(value);
        if (args.positional.length > 1) throw typeError('update expected at most 1 argument');
        if (args.positional.length === 1) update(rt, dict, args.positional[0]);
        for (const [key, item] of args.keyword ?? []) dict.set(key, item);
        return null;
      },
    },
  ],
  [
    'setdefault',
    fixed(['key', 'default'], 1, (_rt, value, [key, absent = null]) => {
      const dict = ownDict(value);
      if (!dict.has(key)) dict.set(key, absent);
      return dict.get(key);
    }),
  ],
  [
    'pop',
    fixed(['key', 'default'], 1, (rt, value, [key, absent]) => {
      const dict = ownDict(value);
      if (!dict.has(key) && absent === undefined) throw valueError('the key is not in the dict');
      const found = dict.has(key) ? getItem(rt, dict, key) : absent;
      dict.delete(key);
      return found;
    }),
  ],
  [
    'clear',
    fixed([], 0, (_rt, value) => {
      ownDict(value).clear();
      return null;
    }),
  ],
]);
