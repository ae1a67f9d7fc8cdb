import { numberOf, textOf } from './compare.ts';
import { floatDigits } from './percent-format.ts';
import { toText } from './print.ts';
import { floatText } from './python-float.ts';
import { sliceText, textLength } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { typeError, valueError } from './template-error.ts';
import { typeName } from './type-name.ts';
import { Float } from './values.ts';

interface Spec {
  fill: string;
  align: string;
  sign: string;
  alternate: boolean;
  width: number;
  grouping: string;
  precision: number | undefined;
  type: string;
}

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/su;

function parseSpec(text: string): Spec {
  const match = SPEC.exec(text);
  if (match === null) throw valueError(`Invalid format specifier '${text}'`);
  const [, fill, align, sign, , alternate, zero, width, grouping, precision, type] = match;
  return {
    fill: fill ?? (zero === undefined ? ' ' : '0'),
    align: align ?? (zero === undefined ? '' : '='),
    sign: sign ?? '-',
    alternate: alternate !== undefined,
    width: Number(width ?? 0),
    grouping: grouping ?? '',
    precision: precision === undefined ? undefined : Number(precision),
    type: type ?? '',
  };
}

/** `format(value, spec)` of Python for texts, numbers and booleans. */
export function formatValue(rt: Runtime, value: unknown, specText: string): string {
  if (specText === '') return toText(rt, value);
  const spec = parseSpec(specText);
  rt.spendText(Math.max(spec.width, spec.precision ?? 0, 1));
  const text = textOf(value);
  if (text !== undefined) return formatString(spec, text);
  const number = numberOf(value);
  if (number === undefined) throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
  const isFloat = value instanceof Float || (typeof value === 'number' && !Number.isSafeInteger(value));
  rt.spend(isFloat ? 150 : typeof number === 'bigint' ? 200 : 5);
  if (isFloat || 'eEfFgG%'.includes(spec.type || '-')) return formatFloat(spec, Number(number), isFloat);
  return formatInt(spec, BigInt(number));
}

function formatString(spec: Spec, text: string): string {
  if ((spec.type !== '' && spec.type !== 's') || spec.align === '=' || spec.grouping !== '' || spec.sign !== '-') {
    throw valueError(`Invalid format specifier for a str`);
  }
  const shown = spec.precision === undefined ? text : sliceText(text, 0, spec.precision);
  return align(spec, '', shown, '<');
}

const RADIX: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16, X: 16 };

function formatInt(spec: Spec, value: bigint): string {
  if (spec.type === 's') throw valueError("Unknown format code 's' for object of type 'int'");
  if (spec.precision !== undefined) throw valueError('Precision not allowed in integer format specifier');
  if (spec.type === 'c') return align(spec, '', String.fromCodePoint(Number(value)), '<');
  const radix = RADIX[spec.type] ?? 10;
  const digits = (value < 0n ? -value : value).toString(radix);
  const shown = spec.type === 'X' ? digits.toUpperCase() : digits;
  const prefix = spec.alternate && radix !== 10 ? `0${spec.type}` : '';
  return grouped(spec, signOf(spec, value < 0n) + prefix, shown, '', radix === 10 ? 3 : 4);
}

function formatFloat(spec: Spec, value: number, isFloat: boolean): string {
  const scaled = spec.type === '%' ? value * 100 : value;
  let digits: string;
  if (spec.type === '' && isFloat) digits = plainFloat(Math.abs(scaled), spec.precision);
  else if (spec.type === '%') digits = floatDigits(scaled, 'f', spec.precision ?? 6, false);
  else digits = floatDigits(scaled, spec.type === 'n' ? 'g' : spec.type, spec.precision ?? 6, spec.alternate);
  if (spec.type !== '' && 'EFG'.includes(spec.type)) digits = digits.toUpperCase();
  if ('sbcdoxX'.includes(spec.type || '-')) {
    throw valueError(`Unknown format code '${spec.type}' for object of type 'float'`);
  }
  const [, whole = digits, rest = ''] = /^(\d+)(.*)$/s.exec(digits) ?? [];
  const isNegative = scaled < 0 || Object.is(scaled, -0);
  return grouped(spec, signOf(spec, isNegative), whole, rest + (spec.type === '%' ? '%' : ''), 3);
}

/** No type: like repr, or like `g` with at least one digit behind the point when a precision is given. */
function plainFloat(value: number, precision: number | undefined): string {
  if (precision === undefined) return floatText(value);
  const digits = floatDigits(value, 'g', precision, false);
  return /^\d+$/.test(digits) ? `${digits}.0` : digits;
}

function signOf(spec: Spec, isNegative: boolean): string {
  if (isNegative) return '-';
  return spec.sign === '-' ? '' : spec.sign;
}

function grouped(spec: Spec, sign: string, whole: string, rest: string, size: number): string {
  let digits = spec.grouping === '' ? whole : group(whole, spec.grouping, size);
  if (spec.fill === '0' && spec.align === '=' && spec.grouping !== '') {
    const wanted = spec.width - sign.length - rest.length;
    // the fewest digits that are as long as wanted with their separators
    let count = Math.max(whole.length, Math.floor((wanted * size) / (size + 1)));
    while (count + Math.floor((count - 1) / size) < wanted) count += 1;
    digits = group(whole.padStart(count, '0'), spec.grouping, size);
  }
  return align(spec, sign, digits + rest, '>');
}

function group(digits: string, separator: string, size: number): string {
  const first = digits.length % size;
  const groups = first === 0 ? [] : [digits.slice(0, first)];
  for (let index = first; index < digits.length; index += size) groups.push(digits.slice(index, index + size));
  return groups.join(separator);
}

function align(spec: Spec, sign: string, body: string, absent: string): string {
  const missing = Math.max(0, spec.width - sign.length - textLength(body));
  const side = spec.align === '' ? absent : spec.align;
  if (side === '=') return sign + spec.fill.repeat(missing) + body;
  if (side === '<') return sign + body + spec.fill.repeat(missing);
  if (side === '>') return spec.fill.repeat(missing) + sign + body;
  const left = missing >> 1;
  return spec.fill.repeat(left) + sign + body + spec.fill.repeat(missing - left);
}
