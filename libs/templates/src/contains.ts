import { dictGet, isDict, isEqual, numberOf, textOf } from './compare.ts';
import { hashKey } from './dict.ts';
import { hostItem, itemsOf } from './iterate.ts';
import type { Runtime } from './runtime.ts';
import { typeError } from './template-error.ts';
import { typeName } from './type-name.ts';
import { Range } from './values.ts';

/** `item in collection`. */
export function contains(rt: Runtime, collection: unknown, item: unknown): boolean {
  const text = textOf(collection);
  if (text !== undefined) {
    const part = textOf(item);
    if (part === undefined) throw typeError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    rt.spendText(text.length);
    return text.includes(part);
  }
  if (isDict(collection)) {
    hashKey(item);
    return dictGet(collection, item) !== undefined;
  }
  if (collection instanceof Range) {
    const number = numberOf(item);
    return number !== undefined && inRange(collection, Number(number));
  }
  return itemsOf(rt, collection).some((candidate) => isEqual(rt, hostItem(rt, candidate), item));
}

function inRange(range: Range, number: number): boolean {
  const index = (number - range.start) / range.step;
  return Number.isInteger(index) && index >= 0 && index < range.length;
}
