import { calculate, signed } from './arithmetic.ts';
import { compareValues, numberOf, textOf } from './compare.ts';
import { decimalSteps, fixedText, roundFloat } from './decimal.ts';
import { parseFloatText, parseIntText } from './number-text.ts';
import type { Runtime } from './runtime.ts';
import { fixed, intArgument } from './signature.ts';
import type { Operation } from './signature.ts';
import { TemplateError, typeError, valueError } from './template-error.ts';
import { typeName } from './type-name.ts';
import { Float, makeFloat, makeInt, Undefined } from './values.ts';

function isFloat(value: unknown): boolean {
  return value instanceof Float || (typeof value === 'number' && !Number.isSafeInteger(value));
}

/** `int(float)`; undefined for nan and infinity. */
function truncated(value: number): number | bigint | undefined {
  return Number.isFinite(value) ? makeInt(BigInt(Math.trunc(value))) : undefined;
}

function toInt(rt: Runtime, value: unknown, absent: unknown, base: unknown): unknown {
  if (value instanceof Undefined) value.fail();
  const text = textOf(value);
  if (text !== undefined) {
    rt.spend(text.length);
    const parsed = parseIntText(text, intArgument(base, 10)) ?? truncated(parseFloatText(text) ?? Number.NaN);
    return parsed ?? absent;
  }
  const number = numberOf(value);
  if (number === undefined) return absent;
  if (typeof number === 'bigint' || !isFloat(value)) return number;
  if (number === Infinity || number === -Infinity) {
    throw new TemplateError('arithmetic', 'cannot convert float infinity to integer');
  }
  return truncated(number) ?? absent;
}

function toFloat(rt: Runtime, value: unknown, absent: unknown): unknown {
  if (value instanceof Undefined) value.fail();
  const text = textOf(value);
  if (text !== undefined) {
    rt.spend(text.length >> 2);
    const parsed = parseFloatText(text);
    return parsed === undefined ? absent : makeFloat(parsed);
  }
  const number = numberOf(value);
  return number === undefined ? absent : makeFloat(Number(number));
}

function absolute(rt: Runtime, value: unknown): unknown {
  if (value instanceof Undefined) value.fail();
  const number = numberOf(value);
  if (number === undefined) throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
  if (value instanceof Float) return new Float(Math.abs(value.value));
  if (typeof number === 'number' && Number.isNaN(number)) return number;
  return compareValues(rt, number, 0, '<') < 0 ? signed(rt, '-', number) : number;
}

function round(rt: Runtime, value: unknown, precision: unknown, method: unknown): unknown {
  if (value instanceof Undefined) value.fail();
  const how = method === undefined ? 'common' : textOf(method);
  if (how !== 'common' && how !== 'ceil' && how !== 'floor') throw valueError('method must be common, ceil or floor');
  const number = numberOf(value);
  if (number === undefined) throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
  const digits = intArgument(precision, 0);
  if (how === 'common') {
    rt.spend(decimalSteps(Number(number), digits));
    if (isFloat(value)) return makeFloat(roundFloat(Number(number), digits));
    return digits >= 0 ? number : roundInt(rt, number, digits);
  }
  if (!isFloat(value) && digits >= 0) return makeFloat(Number(number));
  const scale = 10 ** digits;
  const scaled = Number(number) * scale;
  if (!Number.isFinite(scaled) || scale === 0)
    throw new TemplateError('arithmetic', 'the number is too large to round');
  // In between it is an int, which has no -0.
  return makeFloat(((how === 'ceil' ? Math.ceil(scaled) : Math.floor(scaled)) + 0) / scale);
}

/** `round(int, -n)`: to tens, hundreds and so on, ties to even. */
function roundInt(rt: Runtime, value: number | bigint, digits: number): unknown {
  if (digits < -1000) return 0;
  const unit = calculate(rt, '**', 10, -digits);
  const half = calculate(rt, '//', unit, 2);
  const rest = calculate(rt, '%', value, unit);
  const down = calculate(rt, '-', value, rest);
  const order = compareValues(rt, rest, half, '<');
  const isOdd = calculate(rt, '%', calculate(rt, '//', down, unit), 2) === 1;
  return order > 0 || (order === 0 && isOdd) ? calculate(rt, '+', down, unit) : down;
}

const UNITS = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'] as const;

function fileSize(rt: Runtime, value: unknown, binary: unknown): string {
  const number = toFloat(rt, value, undefined);
  const bytes = numberOf(number);
  if (bytes === undefined) throw valueError('filesizeformat needs a number');
  const size = Number(bytes);
  const isBinary = binary === true || (binary !== undefined && binary !== false && numberOf(binary) !== 0);
  const base = isBinary ? 1024 : 1000;
  if (size === 1) return '1 Byte';
  if (size < base) return `${truncated(size) ?? 0} Bytes`;
  if (!Number.isFinite(size)) throw new TemplateError('arithmetic', 'the size is not finite');
  let index = 0;
  while (index < UNITS.length - 1 && size >= base ** (index + 2)) index += 1;
  const unit = UNITS[index] ?? '';
  const shown = fixedText((base * size) / base ** (index + 2), 1);
  return `${shown} ${isBinary ? `${unit.toUpperCase()}iB` : `${unit}B`}`;
}

export const NUMBER_FILTERS: readonly (readonly [string, Operation])[] = [
  ['abs', fixed([], 0, absolute)],
  ['int', fixed(['default', 'base'], 0, (rt, value, [absent = 0, base]) => toInt(rt, value, absent, base))],
  ['float', fixed(['default'], 0, (rt, value, [absent = new Float(0)]) => toFloat(rt, value, absent))],
  ['round', fixed(['precision', 'method'], 0, (rt, value, [precision, method]) => round(rt, value, precision, method))],
  ['filesizeformat', fixed(['binary'], 0, (rt, value, [binary]) => fileSize(rt, value, binary))],
];
