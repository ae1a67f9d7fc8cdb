import type { Runtime } from './runtime.ts';
import { typeError } from './template-error.ts';
import { typeName } from './type-name.ts';
import { Float, Undefined } from './values.ts';
import type { CallArguments } from './values.ts';

/** Runs with one argument per parameter; `undefined` where none was given. */
export type Run = (rt: Runtime, value: unknown, args: readonly unknown[]) => unknown;
export type RunVariadic = (rt: Runtime, value: unknown, args: CallArguments) => unknown;

/** A filter, test or method: what it may be given besides the value it works on. */
export type Operation =
  | { kind: 'fixed'; params: readonly string[]; required: number; run: Run }
  | { kind: 'variadic'; run: RunVariadic };

/** @param params names in order; those behind the first `required` are optional */
export function fixed(params: readonly string[], required: number, run: Run): Operation {
  return { kind: 'fixed', params, required, run };
}

export function variadic(run: RunVariadic): Operation {
  return { kind: 'variadic', run };
}

/** Why these arguments do not fit, or null. */
export function misfit(
  params: readonly string[],
  required: number,
  positional: number,
  keywords: readonly string[],
): string | null {
  if (positional > params.length) return `takes at most ${params.length} argument(s), got ${positional}`;
  for (const name of keywords) {
    const index = params.indexOf(name);
    if (index === -1) return `got an unexpected keyword argument '${name}'`;
    if (index < positional) return `got multiple values for argument '${name}'`;
  }
  const missing = params.slice(positional, required).find((name) => !keywords.includes(name));
  return missing === undefined ? null : `missing the argument '${missing}'`;
}

/** Arguments in the order of the parameters. @throws TemplateError (`type`) when they do not fit */
export function bind(name: string, operation: Operation & { kind: 'fixed' }, args: CallArguments): unknown[] {
  const { params, required } = operation;
  const keywords = args.keyword === null ? [] : [...args.keyword.keys()];
  const problem = misfit(params, required, args.positional.length, keywords);
  if (problem !== null) throw typeError(`${name}() ${problem}`);
  const bound: unknown[] = params.map((_, index) => args.positional[index]);
  if (args.keyword !== null) for (const [key, value] of args.keyword) bound[params.indexOf(key)] = value;
  return bound;
}

export function invoke(rt: Runtime, name: string, operation: Operation, value: unknown, args: CallArguments): unknown {
  rt.spend(2);
  if (operation.kind === 'variadic') return operation.run(rt, value, args);
  return operation.run(rt, value, bind(name, operation, args));
}

/** An argument that has to be an int within the safe range. */
export function intArgument(value: unknown, absent: number, name = 'argument'): number {
  if (value === undefined) return absent;
  if (value instanceof Undefined) value.fail();
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value === 'bigint') return value < 0n ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
  if (value instanceof Float) throw typeError(`${name} must be an integer, not float`);
  throw typeError(`${name} must be an integer, not ${typeName(value)}`);
}
