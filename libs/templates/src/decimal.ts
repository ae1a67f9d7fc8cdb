/*
 * Numbers as decimal text, correctly rounded with ties to even as Python does. `toFixed` and `toExponential` round ties
 * away from zero ("2.5".toFixed(0) is 3, Python's is 2) and stop at 100 digits, so this works on the exact value.
 */

interface Decimal {
  /** Significant digits without leading zeros; "0" for zero. */
  digits: string;
  /** The value is 0.DIGITS times ten to this power. */
  point: number;
}

/** The exact decimal value of a finite number's magnitude. */
function exactDecimal(value: number): Decimal {
  const magnitude = Math.abs(value);
  if (magnitude === 0) return { digits: '0', point: 1 };
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, magnitude);
  const raw = bits.getBigUint64(0);
  const biased = Number(raw >> 52n);
  const fraction = raw & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n;
  const exponent = (biased === 0 ? 1 : biased) - 1075;
  if (exponent >= 0) {
    const digits = (mantissa << BigInt(exponent)).toString();
    return { digits, point: digits.length };
  }
  const digits = (mantissa * 5n ** BigInt(-exponent)).toString();
  return { digits, point: digits.length + exponent };
}

/** The first `count` digits (which may be none or negative), rounded half to even. */
function roundDigits(value: Decimal, count: number): Decimal {
  if (count >= value.digits.length) return { digits: value.digits.padEnd(count, '0'), point: value.point };
  if (count < 0) return { digits: '', point: value.point };
  const kept = value.digits.slice(0, count);
  const next = value.digits.charCodeAt(count) - 48;
  const isTie = next === 5 && /^0*$/.test(value.digits.slice(count + 1));
  const isOdd = count > 0 && (value.digits.charCodeAt(count - 1) - 48) % 2 === 1;
  if (next < 5 || (isTie && !isOdd)) return { digits: kept, point: value.point };
  const raised = (BigInt(kept === '' ? '0' : kept) + 1n).toString().padStart(count, '0');
  return raised.length > count ? { digits: raised, point: value.point + 1 } : { digits: raised, point: value.point };
}

/**
 * Whether toFixed is right: a tie needs exactly one binary digit more than decimal ones, because only then is the value
 * an odd multiple of half the last place.
 */
function isPlain(value: number, precision: number): boolean {
  const size = Math.abs(value);
  return precision >= 0 && precision <= 100 && size < 1e21 && (size * 2 ** (precision + 1)) % 2 !== 1;
}

/** What `fixedText` and `roundFloat` cost: up to 10 µs where all digits have to be worked out. */
export function decimalSteps(value: number, precision: number): number {
  return isPlain(value, precision) ? 5 : 150;
}

/** `'%.{precision}f'` of a finite number's magnitude. A negative precision rounds to tens, hundreds and so on. */
export function fixedText(value: number, precision: number): string {
  if (isPlain(value, precision)) return Math.abs(value).toFixed(precision);
  const exact = exactDecimal(value);
  const rounded = exact.digits === '0' ? { digits: '', point: 0 } : roundDigits(exact, exact.point + precision);
  const { digits, point } = rounded;
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '';
  if (precision <= 0) return whole === '' ? '0' : whole;
  const fraction = point >= 0 ? digits.slice(point) : '0'.repeat(Math.min(-point, precision)) + digits;
  return `${whole === '' ? '0' : whole}.${fraction.slice(0, precision).padEnd(precision, '0')}`;
}

/** Digits and exponent of `'%.{precision}e'`, of a finite number's magnitude. */
function scientific(value: number, precision: number): { digits: string; exponent: number } {
  const exact = exactDecimal(value);
  const rounded = roundDigits(exact, precision + 1);
  return {
    digits: rounded.digits.slice(0, precision + 1).padEnd(precision + 1, '0'),
    exponent: value === 0 ? 0 : rounded.point - 1,
  };
}

function withExponent(digits: string, exponent: number): string {
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

export function exponentText(value: number, precision: number): string {
  const { digits, exponent } = scientific(value, precision);
  return withExponent(digits, exponent);
}

/** `'%.{precision}g'`; `keepZeros` is the `#` flag. */
export function generalText(value: number, precision: number, keepZeros: boolean): string {
  const significant = Math.max(precision, 1);
  const { digits, exponent } = scientific(value, significant - 1);
  const kept = keepZeros ? digits : digits.replace(/0+$/, '');
  if (exponent < -4 || exponent >= significant) return withExponent(kept === '' ? '0' : kept, exponent);
  if (exponent < 0) return kept === '' ? '0' : `0.${'0'.repeat(-exponent - 1)}${kept}`;
  const whole = digits.slice(0, exponent + 1);
  const fraction = kept.slice(exponent + 1);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** `round(value, digits)` of Python: correctly rounded, ties to even. */
export function roundFloat(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 323) return value;
  const isNegative = value < 0 || Object.is(value, -0);
  if (digits < -308) return isNegative ? -0 : 0;
  const text = fixedText(value, digits);
  return isNegative ? -Number(text) : Number(text);
}
