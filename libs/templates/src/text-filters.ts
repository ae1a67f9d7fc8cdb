import { isDict, textOf } from './compare.ts';
import { pairs } from './collection-methods.ts';
import { lengthOf } from './iterate.ts';
import { escapedLength, escapeHtml } from './html.ts';
import { stripTags } from './strip-tags.ts';
import { toText } from './print.ts';
import { formatPercent } from './percent-format.ts';
import { capitalize, isBmp, SPACE_CLASS, sliceText, splitLines, stripChars, textLength } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { fixed, intArgument, variadic } from './signature.ts';
import type { Operation } from './signature.ts';
import { typeError, valueError } from './template-error.ts';
import { isTrue } from './truth.ts';
import { typeName } from './type-name.ts';
import { Dict } from './dict.ts';
import { likeSource, padText, replaceText, textArgument } from './text-tools.ts';
import { Markup, Tuple, Undefined } from './values.ts';
import { wrapText } from './word-wrap.ts';

/** `soft_str(value)`: its text; what is made of it stays Markup if it was (see `likeSource`). */
function soft(rt: Runtime, value: unknown): string {
  const text = toText(rt, value);
  rt.spendCharacters(text);
  return text;
}

function mapped(change: (text: string) => string): Operation {
  return fixed([], 0, (rt, value) => likeSource(value, rt.made(change(soft(rt, value)))));
}

function escaped(rt: Runtime, value: unknown): Markup {
  return value instanceof Markup ? value : forceEscaped(rt, value);
}

function forceEscaped(rt: Runtime, value: unknown): Markup {
  const text = soft(rt, value);
  const length = escapedLength(text);
  rt.spendText(length);
  rt.spend((length - text.length) >> 1);
  return new Markup(length === text.length ? text : escapeHtml(text));
}

// the separators stay, because the pattern captures them
const WORD_BEGINNING = new RegExp(`((?:${SPACE_CLASS}|[-({[<])+)`);

function title(text: string): string {
  return text
    .split(WORD_BEGINNING)
    .map((word) => {
      const first = String.fromCodePoint(word.codePointAt(0) ?? 0);
      return word === '' ? '' : first.toUpperCase() + word.slice(first.length).toLowerCase();
    })
    .join('');
}

/** A text, or the error that Python gives when `len(value)` or `value + "\n"` fails. */
function onlyText(value: unknown, filter: string): string {
  if (value instanceof Undefined) value.fail();
  const text = textOf(value);
  if (text === undefined) throw typeError(`${filter} needs a text, not ${typeName(value)}`);
  return text;
}

function indent(rt: Runtime, value: unknown, width: unknown, first: unknown, blank: unknown): unknown {
  const text = onlyText(value, 'indent');
  const by = textOf(width) ?? ' '.repeat(Math.min(rt.maxOutput, Math.max(0, intArgument(width, 4))));
  const lines = splitLines(`${text}\n`);
  rt.spendText(text.length + lines.length * (by.length + 1));
  const all = blank !== undefined && isTrue(blank);
  const indented = lines.map((line, index) => (index > 0 && (all || line !== '') ? by + line : line));
  const start = first !== undefined && isTrue(first) ? by : '';
  return likeSource(value, start + indented.join('\n'));
}

function truncate(rt: Runtime, value: unknown, args: readonly unknown[]): unknown {
  const [length, killWords, end, leeway] = args;
  const size = intArgument(length, 255);
  const tail = textArgument(end, '...');
  const tolerance = leeway === null ? 5 : intArgument(leeway, 5);
  if (size < textLength(tail)) throw valueError(`expected length >= ${textLength(tail)}, got ${size}`);
  if (tolerance < 0) throw valueError(`expected leeway >= 0, got ${tolerance}`);
  if (value instanceof Undefined) {
    value.use();
    return value;
  }
  if (textOf(value) === undefined && lengthOf(rt, value) <= size + tolerance) return value;
  const text = onlyText(value, 'truncate');
  rt.spendText(text.length);
  if (textLength(text) <= size + tolerance) return value;
  const head = sliceText(text, 0, size - textLength(tail));
  const space = killWords !== undefined && isTrue(killWords) ? -1 : head.lastIndexOf(' ');
  return likeSource(value, (space === -1 ? head : head.slice(0, space)) + tail);
}

function format(rt: Runtime, value: unknown, positional: unknown[], keyword: Map<string, unknown> | null): unknown {
  if (positional.length > 0 && keyword !== null) {
    throw typeError("can't handle positional and keyword arguments at the same time");
  }
  let values: unknown = new Tuple(positional);
  if (keyword !== null && keyword.size > 0) {
    const dict = new Dict();
    for (const [key, item] of keyword) dict.set(key, item);
    values = dict;
  }
  return likeSource(value, formatPercent(rt, soft(rt, value), values, value instanceof Markup));
}

function xmlAttributes(rt: Runtime, value: unknown, autospace: unknown): string {
  if (value instanceof Undefined) value.fail();
  if (!isDict(value)) throw typeError(`xmlattr needs a dict, not ${typeName(value)}`);
  let text = '';
  for (const [key, item] of pairs(rt, value)) {
    if (item === null || item instanceof Undefined) continue;
    const name = onlyText(key, 'xmlattr');
    if (/[ \t\n\r\f\v/>=]/.test(name)) throw valueError(`Invalid character in attribute name: '${name}'`);
    text += `${text === '' ? '' : ' '}${escaped(rt, key).text}="${escaped(rt, item).text}"`;
    rt.spendText(text.length);
  }
  return (autospace === undefined || isTrue(autospace)) && text !== '' ? ` ${text}` : text;
}

function reverse(rt: Runtime, text: string): string {
  rt.spendText(text.length, 2);
  return (isBmp(text) ? text.split('') : Array.from(text)).reverse().join('');
}

const escapeOperation = fixed([], 0, (rt, value) => escaped(rt, value));

export const TEXT_FILTERS: readonly (readonly [string, Operation])[] = [
  ['upper', mapped((text) => text.toUpperCase())],
  ['lower', mapped((text) => text.toLowerCase())],
  ['capitalize', mapped(capitalize)],
  ['title', mapped(title)],
  ['string', fixed([], 0, (rt, value) => (value instanceof Markup ? value : soft(rt, value)))],
  ['escape', escapeOperation],
  ['e', escapeOperation],
  ['forceescape', fixed([], 0, forceEscaped)],
  ['safe', fixed([], 0, (rt, value) => new Markup(soft(rt, value)))],
  ['striptags', fixed([], 0, (rt, value) => stripTags(rt, soft(rt, value)))],
  [
    'trim',
    fixed(['chars'], 0, (rt, value, [chars]) => {
      const set = chars === undefined || chars === null ? null : textArgument(chars, '');
      rt.spend(set?.length ?? 0);
      return likeSource(value, stripChars(soft(rt, value), set, 'both'));
    }),
  ],
  [
    'center',
    fixed(['width'], 0, (rt, value, [width]) =>
      likeSource(value, padText(rt, soft(rt, value), intArgument(width, 80), 'both')),
    ),
  ],
  [
    'replace',
    fixed(['old', 'new', 'count'], 2, (rt, value, [old, by, count]) =>
      replaceText(rt, soft(rt, value), toText(rt, old), toText(rt, by), count === null ? -1 : intArgument(count, -1)),
    ),
  ],
  [
    'indent',
    fixed(['width', 'first', 'blank'], 0, (rt, value, [width, first, blank]) => indent(rt, value, width, first, blank)),
  ],
  ['truncate', fixed(['length', 'killwords', 'end', 'leeway'], 0, truncate)],
  [
    'wordwrap',
    fixed(['width', 'break_long_words', 'wrapstring', 'break_on_hyphens'], 0, (rt, value, args) => {
      const [width, breakLong, by, breakHyphens] = args;
      return wrapText(rt, onlyText(value, 'wordwrap'), {
        width: intArgument(width, 79),
        breakLongWords: breakLong === undefined || isTrue(breakLong),
        separator: by === null ? '\n' : textArgument(by, '\n'),
        breakOnHyphens: breakHyphens === undefined || isTrue(breakHyphens),
      });
    }),
  ],
  ['wordcount', fixed([], 0, (rt, value) => soft(rt, value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)],
  ['format', variadic((rt, value, { positional, keyword }) => format(rt, value, positional, keyword))],
  ['xmlattr', fixed(['autospace'], 0, (rt, value, [autospace]) => xmlAttributes(rt, value, autospace))],
];

export { reverse as reverseText };
