import { calculate } from './arithmetic.ts';
import { compareValues, isDict, isEqual, numberOf, textOf } from './compare.ts';
import { contains } from './contains.ts';
import { toText } from './print.ts';
import type { Runtime } from './runtime.ts';
import { fixed } from './signature.ts';
import type { Operation } from './signature.ts';
import { isLower, isUpper } from './text-methods.ts';
import { Float, Markup, Range, Special, Tuple, Undefined } from './values.ts';

function plain(test: (value: unknown) => boolean): Operation {
  return fixed([], 0, (_rt, value) => test(value));
}

function binary(test: (rt: Runtime, value: unknown, other: unknown) => boolean): Operation {
  return fixed(['other'], 1, (rt, value, [other]) => test(rt, value, other));
}

function modulo(divisor: number, rest: number): Operation {
  return fixed([], 0, (rt, value) => isEqual(rt, calculate(rt, '%', value, divisor), rest));
}

function isInteger(value: unknown): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

function isFloat(value: unknown): boolean {
  return value instanceof Float || (typeof value === 'number' && !Number.isSafeInteger(value));
}

function isSequence(value: unknown): boolean {
  if (value instanceof Undefined) {
    if (value.strict) return false;
    return true;
  }
  return (
    textOf(value) !== undefined ||
    Array.isArray(value) ||
    value instanceof Tuple ||
    isDict(value) ||
    value instanceof Range
  );
}

function isIterable(value: unknown): boolean {
  if (value instanceof Undefined) value.use();
  return isSequence(value);
}

function isCallable(value: unknown): boolean {
  return value instanceof Undefined || (value instanceof Special && value.callable);
}

/** Identity: the same object, or the same value of those that Python keeps once (True, None, small ints, short texts). */
function isSame(_rt: Runtime, value: unknown, other: unknown): boolean {
  return value === other;
}

const equal = binary((rt, value, other) => isEqual(rt, value, other));
const unequal = binary((rt, value, other) => !isEqual(rt, value, other));
const greater = binary((rt, value, other) => compareValues(rt, value, other, '>') > 0);
const atLeast = binary((rt, value, other) => compareValues(rt, value, other, '>=') >= 0);
const less = binary((rt, value, other) => compareValues(rt, value, other, '<') < 0);
const atMost = binary((rt, value, other) => compareValues(rt, value, other, '<=') <= 0);

/** All tests (`value is test`) by name. */
export const TESTS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['odd', modulo(2, 1)],
  ['even', modulo(2, 0)],
  ['divisibleby', fixed(['num'], 1, (rt, value, [by]) => isEqual(rt, calculate(rt, '%', value, by), 0))],
  ['defined', plain((value) => !(value instanceof Undefined))],
  ['undefined', plain((value) => value instanceof Undefined)],
  ['filter', fixed([], 0, (rt, value) => rt.library.filters.has(textOf(value) ?? ''))],
  ['test', fixed([], 0, (rt, value) => rt.library.tests.has(textOf(value) ?? ''))],
  ['none', plain((value) => value === null)],
  ['boolean', plain((value) => typeof value === 'boolean')],
  ['false', plain((value) => value === false)],
  ['true', plain((value) => value === true)],
  ['integer', plain(isInteger)],
  ['float', plain(isFloat)],
  ['number', plain((value) => numberOf(value) !== undefined)],
  ['lower', fixed([], 0, (rt, value) => isLower(rt.made(toText(rt, value))))],
  ['upper', fixed([], 0, (rt, value) => isUpper(rt.made(toText(rt, value))))],
  ['string', plain((value) => textOf(value) !== undefined)],
  ['mapping', plain(isDict)],
  ['sequence', plain(isSequence)],
  ['iterable', plain(isIterable)],
  ['callable', plain(isCallable)],
  ['sameas', binary(isSame)],
  ['escaped', plain((value) => value instanceof Markup)],
  ['in', fixed(['seq'], 1, (rt, value, [collection]) => contains(rt, collection, value))],
  ['==', equal],
  ['eq', equal],
  ['equalto', equal],
  ['!=', unequal],
  ['ne', unequal],
  ['>', greater],
  ['gt', greater],
  ['greaterthan', greater],
  ['>=', atLeast],
  ['ge', atLeast],
  ['<', less],
  ['lt', less],
  ['lessthan', less],
  ['<=', atMost],
  ['le', atMost],
]);
