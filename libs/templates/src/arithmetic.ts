import type { BinaryOperator } from './ast.ts';
import { numberOf, textOf } from './compare.ts';
import { escapeHtml } from './html.ts';
import { formatPercent } from './percent-format.ts';
import type { Runtime } from './runtime.ts';
import { TemplateError, typeError, valueError } from './template-error.ts';
import { typeName } from './type-name.ts';
import { Float, makeFloat, makeInt, Markup, Special, Tuple, Undefined } from './values.ts';

/** Ints have at most this many bits: about 1233 digits, and no operation on two of them takes more than 10 µs. */
const MAX_BITS = 4096;
const LIMIT = 1n << BigInt(MAX_BITS);
/** What one operation on ints beyond 2^53 costs. */
const BIG_STEPS = 60;

type Int = number | bigint;

function isInt(value: unknown): value is Int | boolean {
  return typeof value === 'bigint' || typeof value === 'boolean' || Number.isSafeInteger(value);
}

function asInt(value: Int | boolean): Int {
  return typeof value === 'boolean' ? Number(value) : value;
}

function overflow(message: string): TemplateError {
  return new TemplateError('arithmetic', message);
}

function divisionByZero(): TemplateError {
  return new TemplateError('arithmetic', 'division by zero');
}

function bounded(value: bigint): Int {
  if (value >= LIMIT || value <= -LIMIT) throw overflow(`an integer has more than ${MAX_BITS} bits`);
  return makeInt(value);
}

function unsupported(operator: string, a: unknown, b: unknown): TemplateError {
  return typeError(`unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`);
}

/** `a operator b` with Python's types, signs and errors. */
export function calculate(rt: Runtime, operator: BinaryOperator, a: unknown, b: unknown): unknown {
  if (a instanceof Undefined) a.fail();
  // a format takes an undefined value and prints it as nothing
  if (b instanceof Undefined && !(operator === '%' && textOf(a) !== undefined)) b.fail();
  if (isInt(a) && isInt(b)) return ofInts(rt, operator, asInt(a), asInt(b));
  const left = numberOf(a);
  const right = numberOf(b);
  if (left !== undefined && right !== undefined) return ofFloats(operator, Number(left), Number(right));
  return ofOthers(rt, operator, a, b);
}

function ofInts(rt: Runtime, operator: BinaryOperator, a: Int, b: Int): unknown {
  if (operator === '/') {
    if (b == 0) throw divisionByZero();
    return trueDivision(a, b);
  }
  if (operator === '**') return intPower(rt, a, b);
  if (typeof a === 'number' && typeof b === 'number') {
    const result = ofSafeInts(operator, a, b);
    // adding zero makes -0 an ordinary 0
    if (Number.isSafeInteger(result)) return result + 0;
  }
  rt.spend(BIG_STEPS);
  return bounded(ofBigInts(operator, BigInt(a), BigInt(b)));
}

/** Exact whenever the result is a safe integer. */
function ofSafeInts(operator: BinaryOperator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '//':
      if (b === 0) throw divisionByZero();
      return (a - floorModulo(a, b)) / b;
    default:
      if (b === 0) throw divisionByZero();
      return floorModulo(a, b);
  }
}

/** `a % b` has the sign of b in Python, the sign of a in JavaScript. */
function floorModulo(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

function ofBigInts(operator: BinaryOperator, a: bigint, b: bigint): bigint {
  if (operator === '+') return a + b;
  if (operator === '-') return a - b;
  if (operator === '*') return a * b;
  if (b === 0n) throw divisionByZero();
  const rest = a % b;
  const modulo = rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
  return operator === '%' ? modulo : (a - modulo) / b;
}

function trueDivision(a: Int, b: Int): number | Float {
  if (typeof a === 'number' && typeof b === 'number') return makeFloat(a / b);
  const quotient = Number(a) / Number(b);
  if (!Number.isFinite(quotient)) throw overflow('integer division result too large for a float');
  return makeFloat(quotient);
}

function intPower(rt: Runtime, base: Int, exponent: Int): unknown {
  if (exponent < 0) {
    if (base == 0) throw new TemplateError('arithmetic', '0.0 cannot be raised to a negative power');
    return makeFloat(Number(base) ** Number(exponent));
  }
  if (typeof base === 'number' && typeof exponent === 'number') {
    const result = base ** exponent;
    if (Number.isSafeInteger(result)) return result;
  }
  const bits = BigInt(base).toString(2).length;
  if (BigInt(bits - 1) * BigInt(exponent) > BigInt(MAX_BITS))
    throw overflow(`an integer has more than ${MAX_BITS} bits`);
  rt.spend(BIG_STEPS);
  return bounded(BigInt(base) ** BigInt(exponent));
}

function ofFloats(operator: BinaryOperator, a: number, b: number): number | Float {
  switch (operator) {
    case '+':
      return makeFloat(a + b);
    case '-':
      return makeFloat(a - b);
    case '*':
      return makeFloat(a * b);
    case '**':
      return floatPower(a, b);
    default:
      if (b === 0) throw divisionByZero();
      if (operator === '/') return makeFloat(a / b);
      return operator === '%' ? makeFloat(floatModulo(a, b)) : makeFloat(floorDivision(a, b));
  }
}

/** A zero remainder takes the divisor's sign, an infinite divisor of the other sign swallows the dividend. */
function floatModulo(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 !== b < 0 ? rest + b : rest;
}

function floorDivision(a: number, b: number): number {
  const quotient = (a - floatModulo(a, b)) / b;
  if (quotient === 0) return a / b < 0 || Object.is(a / b, -0) ? -0 : 0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

function floatPower(base: number, exponent: number): number | Float {
  if (base === 0 && exponent < 0) throw new TemplateError('arithmetic', '0.0 cannot be raised to a negative power');
  if (base === 1 || exponent === 0) return new Float(1);
  const result = base ** exponent;
  if (Number.isNaN(result) && !Number.isNaN(base) && !Number.isNaN(exponent)) {
    throw valueError('the result would be a complex number');
  }
  if (!Number.isFinite(result) && Number.isFinite(base) && Number.isFinite(exponent)) {
    throw overflow('Numerical result out of range');
  }
  return makeFloat(result);
}

function ofOthers(rt: Runtime, operator: BinaryOperator, a: unknown, b: unknown): unknown {
  if (operator === '+') return add(rt, a, b);
  if (operator === '*') return isInt(b) ? repeat(rt, a, b, a, b) : repeat(rt, b, a, a, b);
  if (operator === '%') {
    const format = textOf(a);
    if (format !== undefined) {
      const text = formatPercent(rt, format, b, a instanceof Markup);
      return a instanceof Markup ? new Markup(text) : text;
    }
  }
  const special = specialArithmetic(operator, a, b);
  if (special !== undefined) return special;
  throw unsupported(operator === '**' ? '** or pow()' : operator, a, b);
}

function specialArithmetic(operator: BinaryOperator, a: unknown, b: unknown): unknown {
  const left = a instanceof Special ? a.arithmetic(operator, b, false) : undefined;
  return left ?? (b instanceof Special ? b.arithmetic(operator, a, true) : undefined);
}

function add(rt: Runtime, a: unknown, b: unknown): unknown {
  const left = textOf(a);
  const right = textOf(b);
  if (left !== undefined && right !== undefined) {
    if (!(a instanceof Markup) && !(b instanceof Markup)) {
      rt.spendText(left.length + right.length);
      return left + right;
    }
    rt.spendText(left.length + right.length, 2);
    return new Markup(
      (a instanceof Markup ? left : escapeHtml(left)) + (b instanceof Markup ? right : escapeHtml(right)),
    );
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    rt.spend(2 + a.length + b.length);
    return a.concat(b);
  }
  if (a instanceof Tuple && b instanceof Tuple) {
    rt.spend(2 + a.items.length + b.items.length);
    return new Tuple(a.items.concat(b.items));
  }
  const special = specialArithmetic('+', a, b);
  if (special !== undefined) return special;
  if (left !== undefined) throw typeError(`can only concatenate str (not "${typeName(b)}") to str`);
  throw unsupported('+', a, b);
}

function repeat(rt: Runtime, value: unknown, count: unknown, a: unknown, b: unknown): unknown {
  const text = textOf(value);
  const items = Array.isArray(value) ? value : value instanceof Tuple ? value.items : undefined;
  if (!isInt(count) || (text === undefined && items === undefined)) {
    const special = specialArithmetic('*', a, b);
    if (special !== undefined) return special;
    throw unsupported('*', a, b);
  }
  const times = Math.max(0, Number(asInt(count)));
  if (text !== undefined) {
    if (text === '' || times === 0) return value instanceof Markup ? new Markup('') : '';
    rt.spendText(text.length * times);
    return value instanceof Markup ? new Markup(text.repeat(times)) : text.repeat(times);
  }
  const source: readonly unknown[] = items ?? [];
  const length = source.length * times;
  rt.spend(length + 2);
  const result: unknown[] = [];
  for (let round = 0; length > 0 && round < times; round += 1) for (const item of source) result.push(item);
  return value instanceof Tuple ? new Tuple(result) : result;
}

/** `-value` and `+value`. */
export function signed(rt: Runtime, operator: '-' | '+', value: unknown): unknown {
  if (value instanceof Undefined) value.fail();
  if (isInt(value)) {
    const int = asInt(value);
    if (operator === '+') return int;
    return typeof int === 'bigint' ? bounded(-int) : 0 - int;
  }
  const number = numberOf(value);
  if (number !== undefined) return operator === '-' ? makeFloat(-Number(number)) : value;
  const special = value instanceof Special && operator === '-' ? value.arithmetic('*', -1, false) : undefined;
  if (special !== undefined) return special;
  rt.spend(1);
  throw typeError(`bad operand type for unary ${operator}: '${typeName(value)}'`);
}
