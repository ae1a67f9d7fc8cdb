import { strip } from './python-text.ts';
import { makeInt } from './values.ts';

/** More digits than an int may have here; such a text is no int, as it is not in Python beyond 4300 digits. */
const MAX_DIGITS = 1000;

const PREFIXES: Readonly<Record<string, number>> = { '0b': 2, '0o': 8, '0x': 16 };

/** `int(text, base)`, or undefined when the text is no int. Base 0 goes by the prefix. */
export function parseIntText(text: string, base: number): number | bigint | undefined {
  const match = /^([+-]?)(0[box])?(_?[0-9a-z]+(?:_[0-9a-z]+)*)$/.exec(strip(text).toLowerCase());
  const plain = /^([+-]?)([0-9a-z]+(?:_[0-9a-z]+)*)$/.exec(strip(text).toLowerCase());
  if (base < 0 || base === 1 || base > 36) return undefined;
  const prefixBase = match?.[2] === undefined ? undefined : PREFIXES[match[2]];
  if (match !== null && prefixBase !== undefined && (base === 0 || base === prefixBase)) {
    return digitsToInt(match[1] ?? '', match[3] ?? '', prefixBase);
  }
  if (plain === null) return undefined;
  const digits = plain[2] ?? '';
  if (base === 0 && /^0[0-9_]*[1-9]/.test(digits)) return undefined;
  return digitsToInt(plain[1] ?? '', digits, base === 0 ? 10 : base);
}

function digitsToInt(sign: string, text: string, base: number): number | bigint | undefined {
  const digits = text.replaceAll('_', '');
  if (digits.length > MAX_DIGITS) return undefined;
  for (const digit of digits) if (Number.parseInt(digit, 36) >= base) return undefined;
  const value = base === 10 ? BigInt(digits) : inBase(digits, base);
  return makeInt(sign === '-' ? -value : value);
}

function inBase(digits: string, base: number): bigint {
  let value = 0n;
  // ten digits at a time: 36 to the tenth is still exact as a number
  for (let index = 0; index < digits.length; index += 10) {
    const part = digits.slice(index, index + 10);
    value = value * BigInt(base ** part.length) + BigInt(Number.parseInt(part, base));
  }
  return value;
}

const FLOAT = /^[+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i;

/** `float(text)`, or undefined when the text is no float. */
export function parseFloatText(text: string): number | undefined {
  const trimmed = strip(text);
  if (FLOAT.test(trimmed)) return Number(trimmed.replaceAll('_', ''));
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(trimmed);
  if (word === null) return undefined;
  if (word[2]?.toLowerCase() === 'nan') return Number.NaN;
  return word[1] === '-' ? -Infinity : Infinity;
}
