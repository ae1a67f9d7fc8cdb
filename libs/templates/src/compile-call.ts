import type { Arguments, CallExpr, Expr, FilterExpr, TestExpr } from './ast.ts';
import type { Evaluate, Place } from './compiler-context.ts';
import { callAttribute, callItem, callValue } from './call.ts';
import { FILTERS } from './filters.ts';
import { itemsOf, hostItem } from './iterate.ts';
import { pairs } from './collection-methods.ts';
import { isDict, textOf } from './compare.ts';
import type { Frame, Runtime } from './runtime.ts';
import { invoke } from './signature.ts';
import type { Operation } from './signature.ts';
import { typeError } from './template-error.ts';
import { TESTS } from './tests.ts';
import { isTrue } from './truth.ts';
import type { CallArguments } from './values.ts';

/** The arguments of a call as a closure that evaluates them in order. */
export function compileArguments(
  node: Arguments,
  place: Place,
  extra: { name: string; value: Evaluate } | null = null,
): (rt: Runtime, frame: Frame) => CallArguments {
  const args = node.args.map((arg) => place.expression(arg));
  const kwargs = node.kwargs.map((item) => ({ name: item.name, value: place.expression(item.value) }));
  if (extra !== null) kwargs.push(extra);
  const dynArgs = node.dynArgs === null ? null : place.expression(node.dynArgs);
  const dynKwargs = node.dynKwargs === null ? null : place.expression(node.dynKwargs);
  return (rt, frame) => {
    const positional: unknown[] = [];
    for (const arg of args) positional.push(arg(rt, frame));
    if (dynArgs !== null) {
      for (const item of itemsOf(rt, dynArgs(rt, frame))) positional.push(hostItem(rt, item));
    }
    if (kwargs.length === 0 && dynKwargs === null) return { positional, keyword: null };
    const keyword = new Map<string, unknown>();
    for (const { name, value } of kwargs) keyword.set(name, value(rt, frame));
    if (dynKwargs !== null) spread(rt, keyword, dynKwargs(rt, frame));
    return { positional, keyword };
  };
}

function spread(rt: Runtime, keyword: Map<string, unknown>, from: unknown): void {
  if (!isDict(from)) throw typeError('argument after ** must be a mapping');
  for (const [key, item] of pairs(rt, from)) {
    const name = textOf(key);
    if (name === undefined) throw typeError('keywords must be strings');
    if (keyword.has(name)) throw typeError(`got multiple values for keyword argument '${name}'`);
    keyword.set(name, item);
  }
}

/** @param extra an argument that is passed by name besides those written: the caller of a call block */
export function compileCall(
  node: CallExpr,
  place: Place,
  extra: { name: string; value: Evaluate } | null = null,
): Evaluate {
  const args = compileArguments(node, place, extra);
  const callee = node.node;
  if (callee.kind === 'attr') {
    const owner = place.expression(callee.node);
    return (rt, frame) => callAttribute(rt, owner(rt, frame), callee.name, args(rt, frame));
  }
  if (callee.kind === 'item') {
    const owner = place.expression(callee.node);
    const key = place.expression(callee.key);
    return (rt, frame) => callItem(rt, owner(rt, frame), key(rt, frame), args(rt, frame));
  }
  const value = place.expression(callee);
  return (rt, frame) => callValue(rt, value(rt, frame), args(rt, frame));
}

/** With everything known when compiling: one closure per parameter, no maps. */
function direct(operation: Operation & { kind: 'fixed' }, node: Arguments, place: Place): (Evaluate | null)[] {
  return operation.params.map((name, index) => {
    const given: Expr | undefined = node.args[index] ?? node.kwargs.find((item) => item.name === name)?.value;
    return given === undefined ? null : place.expression(given);
  });
}

function compileOperation(
  name: string,
  operation: Operation,
  value: Evaluate,
  node: Arguments,
  place: Place,
): Evaluate {
  if (operation.kind === 'variadic' || node.dynArgs !== null || node.dynKwargs !== null) {
    const args = compileArguments(node, place);
    return (rt, frame) => invoke(rt, name, operation, value(rt, frame), args(rt, frame));
  }
  const params = direct(operation, node, place);
  const { run } = operation;
  return (rt, frame) => {
    rt.spend(2);
    const subject = value(rt, frame);
    const args: unknown[] = [];
    for (const param of params) args.push(param === null ? undefined : param(rt, frame));
    return run(rt, subject, args);
  };
}

/** @param block what a filter without a value works on: the output of a block */
export function compileFilter(node: FilterExpr, place: Place, block: Evaluate | null): Evaluate {
  const operation = FILTERS.get(node.name);
  if (operation === undefined) throw new Error(`the filter ${node.name} was not checked`);
  const value = filterSource(node, place, block);
  return compileOperation(node.name, operation, value, node, place);
}

function filterSource(node: FilterExpr, place: Place, block: Evaluate | null): Evaluate {
  if (node.node !== null && node.node.kind === 'filter') return compileFilter(node.node, place, block);
  if (node.node !== null) return place.expression(node.node);
  if (block === null) throw new Error('a filter without a value stands outside a block');
  return block;
}

export function compileTest(node: TestExpr, place: Place): Evaluate {
  const operation = TESTS.get(node.name);
  if (operation === undefined) throw new Error(`the test ${node.name} was not checked`);
  const test = compileOperation(node.name, operation, place.expression(node.node), node, place);
  return (rt, frame) => isTrue(test(rt, frame));
}
