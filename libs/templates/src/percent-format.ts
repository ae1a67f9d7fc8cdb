import { dictGet, isDict, numberOf, textOf } from './compare.ts';
import { decimalSteps, exponentText, fixedText, generalText } from './decimal.ts';
import { escapeHtml } from './html.ts';
import { toRepr, toText } from './print.ts';
import { codePoints, sliceText, textLength } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { TemplateError, typeError, valueError } from './template-error.ts';
import { typeName } from './type-name.ts';
import { Markup, Tuple, Undefined } from './values.ts';

const DIRECTIVE = /%(?:\(([^()]*)\))?([-+ #0]*)(\*|\d+)?(\.(\*|\d+)?)?[hlL]?(.)?/gsu;

interface Directive {
  flags: string;
  width: number;
  precision: number | undefined;
  type: string;
}

/** Values in the order in which directives take them. */
class Values {
  readonly #given: unknown;
  readonly #items: readonly unknown[];
  #next = 0;

  constructor(given: unknown) {
    this.#given = given;
    this.#items = given instanceof Tuple ? given.items : [given];
  }

  next(): unknown {
    if (this.#next >= this.#items.length) throw typeError('not enough arguments for format string');
    const value = this.#items[this.#next];
    this.#next += 1;
    return value;
  }

  /** A width or precision: given in the format, or taken from the values for `*`. */
  size(text: string | undefined): number {
    if (text !== '*') return Number(text ?? 0);
    const value = this.next();
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw typeError('* wants int');
    return value;
  }

  named(key: string): unknown {
    if (typeof this.#given !== 'object' || this.#given === null || !isDict(this.#given)) {
      throw typeError('format requires a mapping');
    }
    const value = dictGet(this.#given, key);
    if (value === undefined) throw valueError(`'${key}'`);
    this.#next = this.#items.length;
    return value;
  }

  finish(): void {
    const isCollection = Array.isArray(this.#given) || isDict(this.#given) || this.#given instanceof Undefined;
    if (this.#next < this.#items.length && !isCollection) {
      throw typeError('not all arguments converted during string formatting');
    }
  }
}

/** `format % values` of Python; with `isMarkup` texts that are put in are escaped, as markupsafe does. */
export function formatPercent(rt: Runtime, format: string, values: unknown, isMarkup = false): string {
  rt.spendText(format.length);
  const source = new Values(values);
  let result = '';
  let end = 0;
  for (const match of format.matchAll(DIRECTIVE)) {
    result += format.slice(end, match.index);
    end = match.index + match[0].length;
    const [, key, flags = '', width, point, precision, type] = match;
    if (type === undefined) throw valueError('incomplete format');
    const directive: Directive = { flags, width: source.size(width), precision: undefined, type };
    if (point !== undefined) directive.precision = source.size(precision);
    rt.spendText(Math.max(directive.width, directive.precision ?? 0, 1));
    if (type === '%') result += '%';
    else result += one(rt, directive, key === undefined ? source.next() : source.named(key), isMarkup);
    if (result.length > rt.maxOutput) rt.spendText(result.length);
  }
  source.finish();
  return rt.made(result + format.slice(end));
}

function one(rt: Runtime, directive: Directive, value: unknown, isMarkup: boolean): string {
  const { type } = directive;
  if (type === 's' || type === 'r' || type === 'a') return textDirective(rt, directive, value, isMarkup);
  if (type === 'c') return pad(directive, '', character(value));
  if ('diu'.includes(type)) return pad(directive, ...integerParts(rt, value, 10, type));
  if (type === 'o') return pad(directive, ...integerParts(rt, value, 8, type, directive.flags));
  if (type === 'x') return pad(directive, ...integerParts(rt, value, 16, type, directive.flags));
  if (type === 'X') {
    const [sign, digits] = integerParts(rt, value, 16, type, directive.flags);
    return pad(directive, sign.toUpperCase(), digits.toUpperCase());
  }
  if ('eEfFgG'.includes(type)) return floatDirective(rt, directive, value);
  throw valueError(`unsupported format character '${type}'`);
}

function textDirective(rt: Runtime, directive: Directive, value: unknown, isMarkup: boolean): string {
  let text = directive.type === 's' ? toText(rt, value) : toRepr(rt, value);
  if (isMarkup && !(value instanceof Markup)) text = escapeHtml(text);
  if (directive.precision !== undefined) text = sliceText(text, 0, directive.precision);
  return pad({ ...directive, flags: directive.flags.replaceAll('0', '') }, '', text);
}

function character(value: unknown): string {
  const text = textOf(value);
  if (text !== undefined && textLength(text) === 1) return text;
  const code = typeof value === 'boolean' ? Number(value) : value;
  if (typeof code === 'number' && code >= 0 && code < 0x110000) return String.fromCodePoint(code);
  throw typeError('%c requires int or char');
}

function integerParts(rt: Runtime, value: unknown, radix: number, type: string, flags = ''): [string, string] {
  const number = numberOf(value);
  if (number === undefined) throw typeError(`%${type} format: a real number is required, not ${typeName(value)}`);
  if (typeof number === 'number' && !Number.isFinite(number)) {
    throw new TemplateError('arithmetic', 'cannot convert this float to an integer');
  }
  if (radix !== 10 && typeof number === 'number' && typeof value !== 'boolean' && !Number.isSafeInteger(value)) {
    throw typeError(`%${type} format: an integer is required, not ${typeName(value)}`);
  }
  // printing an int of 1024 bits, which a float may be, takes 2 µs
  if (!Number.isSafeInteger(number)) rt.spend(200);
  const integer = typeof number === 'bigint' ? number : BigInt(Math.trunc(number));
  const digits = (integer < 0n ? -integer : integer).toString(radix);
  const prefix = flags.includes('#') && radix !== 10 ? (radix === 8 ? '0o' : '0x') : '';
  return [(integer < 0n ? '-' : '') + prefix, digits];
}

/** The magnitude of a float in one of the notations e, f and g. */
export function floatDigits(value: number, type: string, precision: number, alternate: boolean): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : 'inf';
  const notation = type.toLowerCase();
  if (notation === 'f') return fixedText(value, precision);
  return notation === 'e' ? exponentText(value, precision) : generalText(value, precision, alternate);
}

function floatDirective(rt: Runtime, directive: Directive, value: unknown): string {
  const number = numberOf(value);
  if (number === undefined) throw typeError(`must be real number, not ${typeName(value)}`);
  const float = Number(number);
  const precision = directive.precision ?? 6;
  rt.spend('fF'.includes(directive.type) ? decimalSteps(float, precision) : 150);
  const digits = floatDigits(float, directive.type, precision, directive.flags.includes('#'));
  const isUpper = directive.type < 'a';
  const sign = float < 0 || Object.is(float, -0) ? '-' : '';
  return pad(directive, sign, isUpper ? digits.toUpperCase() : digits);
}

/** Sign and padding; zeros go between the sign and the digits. */
function pad(directive: Directive, sign: string, body: string): string {
  const { flags } = directive;
  let text = body;
  if ('diuoxX'.includes(directive.type)) text = text.padStart(directive.precision ?? 0, '0');
  const isNumber = !'srac'.includes(directive.type);
  let shown = sign;
  if (isNumber && !sign.startsWith('-')) shown = (flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '') + sign;
  const missing = Math.max(0, directive.width - shown.length - codePoints(text).length);
  if (flags.includes('-')) return shown + text + ' '.repeat(missing);
  if (flags.includes('0') && isNumber) return shown + '0'.repeat(missing) + text;
  return ' '.repeat(missing) + shown + text;
}
