import { textOf } from './compare.ts';
import {
  capitalize,
  codePoints,
  SPACE_CLASS,
  splitLines,
  splitSpaces,
  stripChars,
  textLength,
  titleWords,
} from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { fixed, intArgument } from './signature.ts';
import type { Operation } from './signature.ts';
import { formatText } from './text-format.ts';
import { itemTexts, joinTexts, likeSource, padText, replaceText, textArgument } from './text-tools.ts';
import { isTrue } from './truth.ts';
import { valueError } from './template-error.ts';
import { Tuple } from './values.ts';

function source(rt: Runtime, value: unknown): string {
  const text = textOf(value) ?? '';
  rt.spendCharacters(text);
  return text;
}

function mapped(change: (text: string) => string): Operation {
  return fixed([], 0, (rt, value) => likeSource(value, rt.made(change(source(rt, value)))));
}

function tested(pattern: RegExp): Operation {
  return fixed([], 0, (rt, value) => pattern.test(source(rt, value)));
}

function stripped(sides: 'both' | 'left' | 'right'): Operation {
  return fixed(['chars'], 0, (rt, value, [chars]) => {
    const set = chars === undefined || chars === null ? null : textArgument(chars, '');
    rt.spend(set?.length ?? 0);
    return likeSource(value, stripChars(source(rt, value), set, sides));
  });
}

function padded(side: 'left' | 'right' | 'both'): Operation {
  return fixed(['width', 'fillchar'], 1, (rt, value, [width, fill]) =>
    likeSource(value, padText(rt, source(rt, value), intArgument(width, 0), side, textArgument(fill, ' '))),
  );
}

function split(rt: Runtime, value: unknown, separator: unknown, limit: unknown): unknown[] {
  const text = source(rt, value);
  const times = intArgument(limit, -1);
  const by = separator === undefined || separator === null ? null : textArgument(separator, '');
  if (by === '') throw valueError('empty separator');
  const parts = by === null ? splitSpaces(text, times) : splitLimited(text, by, times);
  rt.spend(2 * parts.length);
  return parts.map((part) => likeSource(value, part));
}

function splitLimited(text: string, by: string, times: number): string[] {
  const parts = text.split(by);
  if (times < 0 || parts.length <= times + 1) return parts;
  return [...parts.slice(0, times), parts.slice(times).join(by)];
}

function splitFromRight(rt: Runtime, value: unknown, separator: unknown, limit: unknown): unknown[] {
  const times = intArgument(limit, -1);
  if (times < 0) return split(rt, value, separator, undefined);
  const text = source(rt, value);
  if (separator === undefined || separator === null) {
    const reversed = splitSpaces(reverse(text), times).map(reverse).reverse();
    return reversed.map((part) => likeSource(value, part));
  }
  const by = textArgument(separator, '');
  if (by === '') throw valueError('empty separator');
  const parts = text.split(by);
  rt.spend(2 * parts.length);
  const cut = Math.max(0, parts.length - times);
  const head = cut > 1 ? [parts.slice(0, cut).join(by), ...parts.slice(cut)] : parts;
  return head.map((part) => likeSource(value, part));
}

function reverse(text: string): string {
  return codePoints(text).reverse().join('');
}

/** `find` and its like, in code points; -1 when there is none. */
function found(fromEnd: boolean, failing: boolean): Operation {
  return fixed(['sub', 'start', 'end'], 1, (rt, value, [sub, start, end]) => {
    const text = source(rt, value);
    const { part, offset } = window(text, start, end) ?? { part: null, offset: 0 };
    const wanted = textArgument(sub, '');
    const index = (fromEnd ? part?.lastIndexOf(wanted) : part?.indexOf(wanted)) ?? -1;
    if (index === -1 && failing) throw valueError('substring not found');
    return part === null || index === -1 ? -1 : offset + textLength(part.slice(0, index));
  });
}

/** `text[start:end]` and where it starts; null past the end of the text, where not even '' is found. */
function window(text: string, start: unknown, end: unknown): { part: string; offset: number } | null {
  if ((start === undefined || start === null) && (end === undefined || end === null)) return { part: text, offset: 0 };
  const points = codePoints(text);
  const bound = (value: unknown, absent: number): number => {
    const index = value === null ? absent : intArgument(value, absent);
    return index < 0 ? Math.max(0, index + points.length) : index;
  };
  const offset = bound(start, 0);
  const to = Math.min(points.length, bound(end, points.length));
  return offset > to ? null : { part: points.slice(offset, to).join(''), offset };
}

function affixed(test: (text: string, affix: string) => boolean): Operation {
  return fixed(['prefix', 'start', 'end'], 1, (rt, value, [affix, start, end]) => {
    const found = window(source(rt, value), start, end);
    const options = (affix instanceof Tuple ? affix.items : [affix]).map((option) => textArgument(option, ''));
    return found !== null && options.some((option) => test(found.part, option));
  });
}

function occurrences(rt: Runtime, value: unknown, sub: unknown, start: unknown, end: unknown): number {
  const found = window(source(rt, value), start, end);
  const wanted = textArgument(sub, '');
  if (found === null) return 0;
  const { part } = found;
  return wanted === '' ? textLength(part) + 1 : part.split(wanted).length - 1;
}

function partition(fromEnd: boolean): Operation {
  return fixed(['sep'], 1, (rt, value, [separator]) => {
    const text = source(rt, value);
    const by = textArgument(separator, '');
    if (by === '') throw valueError('empty separator');
    const index = fromEnd ? text.lastIndexOf(by) : text.indexOf(by);
    const whole = fromEnd ? ['', '', text] : [text, '', ''];
    const parts = index === -1 ? whole : [text.slice(0, index), by, text.slice(index + by.length)];
    return new Tuple(parts.map((part) => likeSource(value, part)));
  });
}

function zeroFill(rt: Runtime, value: unknown, width: unknown): unknown {
  const text = source(rt, value);
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  const digits = padText(rt, text.slice(sign.length), intArgument(width, 0) - sign.length, 'left', '0');
  return likeSource(value, sign + digits);
}

function swapCase(text: string): string {
  return text.replace(/\p{Ll}|\p{Lu}/gu, (letter) => {
    const upper = letter.toUpperCase();
    return upper === letter ? letter.toLowerCase() : upper;
  });
}

function expandTabs(rt: Runtime, value: unknown, size: unknown): unknown {
  const width = intArgument(size, 8);
  const text = source(rt, value);
  if (width > 0) rt.spendText(text.length + width * (text.split('\t').length - 1));
  let column = 0;
  const expanded = codePoints(text).map((character) => {
    if (character === '\n' || character === '\r') column = -1;
    const result = character === '\t' ? ' '.repeat(width > 0 ? width - (column % width) : 0) : character;
    column += result.length === 0 || character === '\t' ? result.length : 1;
    return result;
  });
  return likeSource(value, rt.made(expanded.join('')));
}

export function isUpper(text: string): boolean {
  return text === text.toUpperCase() && /\p{Lu}|\p{Lt}/u.test(text) && !/\p{Ll}|\p{Lt}/u.test(text);
}

export function isLower(text: string): boolean {
  return !/\p{Lu}|\p{Lt}/u.test(text) && /\p{Ll}/u.test(text);
}

export const TEXT_METHODS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['upper', mapped((text) => text.toUpperCase())],
  ['lower', mapped((text) => text.toLowerCase())],
  ['casefold', mapped((text) => text.toUpperCase().toLowerCase())],
  ['capitalize', mapped(capitalize)],
  ['title', mapped(titleWords)],
  ['swapcase', mapped(swapCase)],
  ['strip', stripped('both')],
  ['lstrip', stripped('left')],
  ['rstrip', stripped('right')],
  ['center', padded('both')],
  ['ljust', padded('right')],
  ['rjust', padded('left')],
  ['zfill', fixed(['width'], 1, (rt, value, [width]) => zeroFill(rt, value, width))],
  ['expandtabs', fixed(['tabsize'], 0, (rt, value, [size]) => expandTabs(rt, value, size))],
  ['split', fixed(['sep', 'maxsplit'], 0, (rt, value, [by, limit]) => split(rt, value, by, limit))],
  ['rsplit', fixed(['sep', 'maxsplit'], 0, (rt, value, [by, limit]) => splitFromRight(rt, value, by, limit))],
  [
    'splitlines',
    fixed(['keepends'], 0, (rt, value, [keep]) => {
      const lines = splitLines(source(rt, value), keep !== undefined && isTrue(keep));
      rt.spend(2 * lines.length);
      return lines.map((line) => likeSource(value, line));
    }),
  ],
  [
    'replace',
    fixed(['old', 'new', 'count'], 2, (rt, value, [old, by, count]) => {
      const text = replaceText(
        rt,
        source(rt, value),
        textArgument(old, ''),
        textArgument(by, ''),
        intArgument(count, -1),
      );
      return likeSource(value, text);
    }),
  ],
  [
    'join',
    fixed(['iterable'], 1, (rt, value, [items]) => {
      return likeSource(value, joinTexts(rt, source(rt, value), itemTexts(rt, items, true)));
    }),
  ],
  [
    'format',
    { kind: 'variadic', run: (rt, value, args) => likeSource(value, formatText(rt, source(rt, value), args)) },
  ],
  ['startswith', affixed((text, prefix) => text.startsWith(prefix))],
  ['endswith', affixed((text, suffix) => text.endsWith(suffix))],
  ['find', found(false, false)],
  ['rfind', found(true, false)],
  ['index', found(false, true)],
  ['rindex', found(true, true)],
  [
    'count',
    fixed(['sub', 'start', 'end'], 1, (rt, value, [sub, start, end]) => occurrences(rt, value, sub, start, end)),
  ],
  ['partition', partition(false)],
  ['rpartition', partition(true)],
  [
    'removeprefix',
    fixed(['prefix'], 1, (rt, value, [prefix]) => {
      const text = source(rt, value);
      const wanted = textArgument(prefix, '');
      return likeSource(value, text.startsWith(wanted) ? text.slice(wanted.length) : text);
    }),
  ],
  [
    'removesuffix',
    fixed(['suffix'], 1, (rt, value, [suffix]) => {
      const text = source(rt, value);
      const wanted = textArgument(suffix, '');
      return likeSource(value, wanted !== '' && text.endsWith(wanted) ? text.slice(0, -wanted.length) : text);
    }),
  ],
  ['isdigit', tested(/^[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2089]+$/u)],
  ['isdecimal', tested(/^\p{Nd}+$/u)],
  ['isnumeric', tested(/^\p{N}+$/u)],
  ['isalpha', tested(/^\p{L}+$/u)],
  ['isalnum', tested(/^[\p{L}\p{N}]+$/u)],
  ['isascii', tested(/^\p{ASCII}*$/u)],
  ['isprintable', tested(/^(?:[^\p{C}\p{Z}]| )*$/u)],
  ['isidentifier', tested(/^[\p{XID_Start}_]\p{XID_Continue}*$/u)],
  ['isspace', tested(new RegExp(`^${SPACE_CLASS}+$`))],
  ['isupper', fixed([], 0, (rt, value) => isUpper(source(rt, value)))],
  ['islower', fixed([], 0, (rt, value) => isLower(source(rt, value)))],
  ['istitle', fixed([], 0, (rt, value) => isTitle(source(rt, value)))],
]);

function isTitle(text: string): boolean {
  return /[\p{Lu}\p{Ll}\p{Lt}]/u.test(text) && titleWords(text) === text;
}
