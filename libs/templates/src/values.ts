import { TemplateError } from './template-error.ts';
import type { Runtime } from './runtime.ts';

/*
 * How Python's values are represented:
 * None null · True/False booleans · str string · int: a number that is a safe integer, else bigint · float: any other
 * number, or Float when the value would pass for an int · list: Array · tuple: Tuple · dict: a plain object (input data,
 * read only) or Dict (made by a template) · undefined: Undefined. A JavaScript `undefined` in a slot means "missing".
 */

/** A float whose value is a safe integer (2.0): kept apart from the int, because Python prints and divides them differently. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export function makeFloat(value: number): number | Float {
  return Number.isSafeInteger(value) ? new Float(value) : value;
}

export function makeInt(value: bigint): number | bigint {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

export class Tuple {
  readonly items: unknown[];
  /** Attribute names of the items, for the named tuples of `groupby`. */
  readonly names: readonly string[] | undefined;
  constructor(items: unknown[], names?: readonly string[]) {
    this.items = items;
    this.names = names;
  }
}

/** Text that `escape` leaves alone (markupsafe.Markup). */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What a missing value evaluates to. Lenient ones chain, print nothing and are false; strict ones fail when used. */
export class Undefined {
  readonly strict: boolean;
  readonly #name: string;
  readonly #owner: string | undefined;

  /** @param owner the type name of the value in which `name` was looked for; without it `name` is a variable */
  constructor(strict: boolean, name: string, owner?: string) {
    this.strict = strict;
    this.#name = name;
    this.#owner = owner;
  }

  get message(): string {
    if (this.#owner === '') return this.#name;
    if (this.#owner === undefined) return `'${this.#name}' is undefined`;
    return `'${this.#owner}' has no attribute '${this.#name}'`;
  }

  fail(): never {
    throw new TemplateError('undefined', this.message);
  }

  /** To be called wherever Python's StrictUndefined refuses and ChainableUndefined does not. */
  use(): void {
    if (this.strict) this.fail();
  }
}

export interface CallArguments {
  positional: unknown[];
  keyword: Map<string, unknown> | null;
}

export type Method = (rt: Runtime, args: CallArguments) => unknown;

/** Values with attributes, methods or a call of their own: loop, namespace, macros, dates, built-in functions. */
export abstract class Special {
  abstract readonly typeName: string;

  /** The attribute's value, or `undefined` when there is none. */
  attribute(_rt: Runtime, _name: string): unknown {
    return undefined;
  }

  method(_name: string): Method | undefined {
    return undefined;
  }

  readonly callable: boolean = false;

  call(_rt: Runtime, _args: CallArguments): unknown {
    throw new TemplateError('type', `'${this.typeName}' object is not callable`);
  }

  abstract print(rt: Runtime): string;

  isTrue(): boolean {
    return true;
  }

  equals(other: unknown): boolean {
    return this === other;
  }

  /** `this operator other` (reversed: `other operator this`), or `undefined` when it means nothing. */
  arithmetic(_operator: string, _other: unknown, _reversed: boolean): unknown {
    return undefined;
  }

  /** Order against another value, or `undefined` when there is none. */
  compare(_other: unknown): number | undefined {
    return undefined;
  }

  /** The JSON value that leaves the template, or `undefined` when this is not data. */
  native(): unknown {
    return undefined;
  }
}

export class Range {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  readonly length: number;

  constructor(start: number, stop: number, step: number) {
    this.start = start;
    this.stop = stop;
    this.step = step;
    this.length = Math.max(0, Math.ceil((stop - start) / step));
  }

  at(index: number): number {
    return this.start + index * this.step;
  }
}

/** What Dict is, for those that Dict itself depends on. */
export abstract class MadeMapping {
  abstract get size(): number;
}

export type PlainObject = Readonly<Record<string, unknown>>;

/** Input data: an object literal, a null-prototype object or a parser's null object. Never a class instance. */
export function isPlainObject(value: unknown): value is PlainObject {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return !Array.isArray(value) && Object.getPrototypeOf(prototype) === null;
}

/** A property of input data as the template may see it: functions and symbols are missing. */
export function fromHost(value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  return value;
}
