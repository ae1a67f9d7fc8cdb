import { isUtf8 } from 'node:buffer';
import { type BodyLimits, DEFAULT_BODY_LIMITS } from './body-limits.ts';
import { BodyProblem } from './body-problem.ts';
import { textOf } from './json-body.ts';

/** Fields by name, in the order of their first appearance; a repeated name gives an array. */
export type FormFields = Record<string, string | string[]>;

const PERCENT = 0x25;

function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Percent-decoding of the URL standard (WHATWG, section 1.3): a `%` that starts no escape stays as it is. */
function decodeLeniently(text: string): string {
  const input = Buffer.from(text, 'utf8');
  const output = Buffer.allocUnsafe(input.length);
  let length = 0;
  for (let at = 0; at < input.length; at++) {
    const byte = input[at] as number;
    const high = byte === PERCENT ? hexDigit(input[at + 1]) : -1;
    const low = high >= 0 ? hexDigit(input[at + 2]) : -1;
    if (low >= 0) at += 2;
    output[length++] = low >= 0 ? high * 16 + low : byte;
  }
  const decoded = output.subarray(0, length);
  // The standard would put U+FFFD in its place; that would lose what was sent.
  if (!isUtf8(decoded)) throw new BodyProblem('invalid_utf8', 'A field is not valid UTF-8 once percent-decoded.');
  return decoded.toString('utf8');
}

function decode(part: string): string {
  const text = part.includes('+') ? part.replaceAll('+', ' ') : part;
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    // URIError names neither the place nor the kind: a stray `%` is accepted, broken UTF-8 is not.
    return decodeLeniently(text);
  }
}

/**
 * Parses application/x-www-form-urlencoded text (WHATWG URL, section 5.1), also a query string without its `?`.
 * Names are taken literally (`a[b]` is a name); `__proto__` and the like become own properties.
 * @throws BodyProblem `too_many_fields` | `invalid_utf8`
 */
export function parseForm(text: string, limits: BodyLimits = DEFAULT_BODY_LIMITS): FormFields {
  const fields = new Map<string, string | string[]>();
  let count = 0;
  for (let start = 0; start <= text.length; ) {
    const ampersand = text.indexOf('&', start);
    const end = ampersand === -1 ? text.length : ampersand;
    if (end > start) {
      if (++count > limits.maxFields) {
        throw new BodyProblem('too_many_fields', `There are more than ${limits.maxFields} fields.`);
      }
      add(fields, text.slice(start, end));
    }
    start = end + 1;
  }
  return Object.fromEntries(fields);
}

function add(fields: Map<string, string | string[]>, pair: string): void {
  const equals = pair.indexOf('=');
  const name = decode(equals === -1 ? pair : pair.slice(0, equals));
  const value = equals === -1 ? '' : decode(pair.slice(equals + 1));
  const before = fields.get(name);
  if (before === undefined) fields.set(name, value);
  else if (Array.isArray(before)) before.push(value);
  else fields.set(name, [before, value]);
}

/** A form body. @throws BodyProblem `invalid_utf8` | `too_many_fields` */
export function parseFormBody(bytes: Buffer, limits: BodyLimits = DEFAULT_BODY_LIMITS): FormFields {
  return parseForm(textOf(bytes), limits);
}
