import { textOf } from './compare.ts';
import { hostItem, itemsOf } from './iterate.ts';
import { toText } from './print.ts';
import { codePoints, textLength } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { typeError } from './template-error.ts';
import { typeName } from './type-name.ts';
import { Markup, Undefined } from './values.ts';

/** An argument that has to be a str. */
export function textArgument(value: unknown, absent: string, name = 'argument'): string {
  if (value === undefined) return absent;
  if (value instanceof Undefined) value.fail();
  const text = textOf(value);
  if (text === undefined) throw typeError(`${name} must be str, not ${typeName(value)}`);
  return text;
}

/** The result of a text operation on `source`: Markup stays Markup. */
export function likeSource(source: unknown, text: string): string | Markup {
  return source instanceof Markup ? new Markup(text) : text;
}

/** `text.replace(old, new, count)`; a negative count means all. */
export function replaceText(rt: Runtime, text: string, old: string, by: string, count: number): string {
  rt.spendText(text.length, old === '' ? 8 : 2);
  const parts = old === '' ? ['', ...codePoints(text), ''] : text.split(old);
  const times = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  rt.spend(parts.length);
  rt.spendText(text.length + Math.max(0, by.length - old.length) * times);
  if (times === parts.length - 1) return parts.join(by);
  return parts.slice(0, times + 1).join(by) + old + parts.slice(times + 1).join(old);
}

/** `separator.join(map(str, items))`. */
export function joinTexts(rt: Runtime, separator: string, items: readonly string[]): string {
  let length = separator.length * Math.max(0, items.length - 1);
  for (const item of items) length += item.length;
  rt.spendText(length);
  return items.join(separator);
}

/** The items of a value as text; with `strict` only texts are allowed (`str.join`). */
export function itemTexts(rt: Runtime, value: unknown, strict = false): string[] {
  return itemsOf(rt, value).map((item, index) => {
    const known = strict ? textOf(item) : toText(rt, hostItem(rt, item));
    if (known === undefined) throw typeError(`sequence item ${index}: expected str instance, ${typeName(item)} found`);
    return known;
  });
}

/** Puts `fill` around a text until it has `width` characters. */
export function padText(rt: Runtime, text: string, width: number, side: 'left' | 'right' | 'both', fill = ' '): string {
  if (textLength(fill) !== 1) throw typeError('The fill character must be exactly one character long');
  const missing = width - textLength(text);
  if (missing <= 0) return text;
  rt.spendText(text.length + missing);
  if (side === 'left') return fill.repeat(missing) + text;
  if (side === 'right') return text + fill.repeat(missing);
  // CPython puts the odd character to the left when the width is odd
  const left = (missing >> 1) + (missing & width & 1);
  return fill.repeat(left) + text + fill.repeat(missing - left);
}
