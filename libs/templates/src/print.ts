import { Dict } from './dict.ts';
import { floatText } from './python-float.ts';
import type { Runtime } from './runtime.ts';
import { TemplateError, typeError } from './template-error.ts';
import { Float, fromHost, isPlainObject, Markup, Range, Special, Tuple, Undefined } from './values.ts';

/** Nesting of data that printing, comparing and serializing go into. */
export const MAX_DATA_DEPTH = 200;

export function tooDeep(): TemplateError {
  return new TemplateError('depth', 'the data is nested too deeply');
}

export function notData(): TemplateError {
  return typeError('the input holds a value that is not JSON data');
}

/** `str(value)`. */
export function toText(rt: Runtime, value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return Number.isSafeInteger(value) ? String(value) : floatText(value);
    case 'boolean':
      return value ? 'True' : 'False';
    case 'object':
      if (value === null) return 'None';
      if (value instanceof Markup) return value.text;
      if (value instanceof Undefined) {
        value.use();
        return '';
      }
      return toRepr(rt, value, 0);
    default:
      return toRepr(rt, value, 0);
  }
}

/** `repr(value)`. */
export function toRepr(rt: Runtime, value: unknown, depth = 0): string {
  switch (typeof value) {
    case 'string':
      rt.spendText(value.length);
      return textRepr(value);
    case 'number':
      return Number.isSafeInteger(value) ? String(value) : floatText(value);
    case 'boolean':
      return value ? 'True' : 'False';
    case 'bigint':
      rt.spend(BIG_TEXT_STEPS);
      return value.toString();
    case 'object':
      return value === null ? 'None' : objectRepr(rt, value, depth);
    default:
      return 'Undefined';
  }
}

/** Printing an int of 4096 bits takes about 15 µs. */
const BIG_TEXT_STEPS = 200;

function objectRepr(rt: Runtime, value: object, depth: number): string {
  if (depth > MAX_DATA_DEPTH) throw tooDeep();
  if (Array.isArray(value)) return joined(rt, `[${listRepr(rt, value, depth)}]`);
  if (value instanceof Float) return floatText(value.value);
  if (value instanceof Tuple) {
    return joined(rt, `(${listRepr(rt, value.items, depth)}${value.items.length === 1 ? ',' : ''})`);
  }
  if (value instanceof Markup) return joined(rt, `Markup(${textRepr(value.text)})`);
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Range) return rangeRepr(value);
  if (value instanceof Special) return value.print(rt);
  return joined(rt, `{${dictRepr(rt, entriesOf(value), depth)}}`);
}

function joined(rt: Runtime, text: string): string {
  rt.spendCopy(text.length);
  return text;
}

/** Key and value of a dict, made by the template or given. */
export function entriesOf(value: object): Iterable<readonly [unknown, unknown]> {
  if (value instanceof Dict) return value.entries();
  if (isPlainObject(value)) return Object.entries(value);
  throw notData();
}

function listRepr(rt: Runtime, items: readonly unknown[], depth: number): string {
  let text = '';
  for (let index = 0; index < items.length; index += 1) {
    rt.spend(2);
    text += (index === 0 ? '' : ', ') + toRepr(rt, fromHost(items[index]), depth + 1);
    if (text.length > rt.maxOutput) rt.spendText(text.length);
  }
  return text;
}

function dictRepr(rt: Runtime, entries: Iterable<readonly [unknown, unknown]>, depth: number): string {
  let text = '';
  for (const [key, item] of entries) {
    rt.spend(3);
    const separator = text === '' ? '' : ', ';
    text += `${separator}${toRepr(rt, key, depth + 1)}: ${toRepr(rt, fromHost(item), depth + 1)}`;
    if (text.length > rt.maxOutput) rt.spendText(text.length);
  }
  return text;
}

function rangeRepr(range: Range): string {
  return `range(${range.start}, ${range.stop}${range.step === 1 ? '' : `, ${range.step}`})`;
}

const PLAIN = /^[\x20-\x26\x28-\x5b\x5d-\x7e]*$/;
const UNPRINTABLE = /\\|(?! )[\p{C}\p{Z}]/gu;
const SHORT: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** `repr(str)`: single quotes unless only those occur inside; what Python calls unprintable is escaped. */
export function textRepr(text: string): string {
  if (PLAIN.test(text)) return `'${text}'`;
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(UNPRINTABLE, escapeCharacter);
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

function escapeCharacter(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}
