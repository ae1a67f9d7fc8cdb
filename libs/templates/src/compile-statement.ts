import type {
  Expr,
  FilterExpr,
  FilterStatement,
  IfStatement,
  MacroStatement,
  CallStatement,
  OutputStatement,
  SetBlockStatement,
  SetStatement,
  Statement,
  WithStatement,
} from './ast.ts';
import { costOf, heightOf, undeclared } from './ast-walk.ts';
import { compileAssign } from './compile-assign.ts';
import { compileCall, compileFilter } from './compile-call.ts';
import { compileFor } from './compile-for.ts';
import type { CompileBody, Evaluate, Execute, Place } from './compiler-context.ts';
import { enterScope } from './enter-scope.ts';
import { Macro } from './macro.ts';
import type { MacroCode } from './macro.ts';
import { toText } from './print.ts';
import { FunctionScope, innerScope, Scope } from './scope.ts';
import { isTrue } from './truth.ts';

/** Statements as one closure. */
export const compileBody: CompileBody = (body, place) => {
  const steps = body.map((statement) => compileStatement(statement, place));
  const [only] = steps;
  if (only === undefined) return () => undefined;
  if (steps.length === 1) return only;
  return (rt, frame) => {
    for (const step of steps) step(rt, frame);
  };
};

function compileStatement(node: Statement, place: Place): Execute {
  switch (node.kind) {
    case 'output':
      return compileOutput(node, place);
    case 'if':
      return compileIf(node, place);
    case 'for':
      return compileFor(node, place, compileBody);
    case 'set':
      return compileSet(node, place);
    case 'setBlock':
      return compileSetBlock(node, place);
    case 'macro':
      return compileMacro(node, place);
    case 'callBlock':
      return compileCallBlock(node, place);
    case 'filterBlock':
      return compileFilterBlock(node, place);
    case 'with':
      return compileWith(node, place);
  }
}

/** The expression with its cost charged and its place noted for errors. */
function charged(node: Expr, place: Place): Evaluate {
  const evaluate = place.expression(node);
  const cost = costOf(node);
  const { pos } = node;
  return (rt, frame) => {
    rt.at = pos;
    rt.spend(cost);
    return evaluate(rt, frame);
  };
}

function compileOutput(node: OutputStatement, place: Place): Execute {
  const parts = node.parts.map((part): Execute => {
    if (typeof part === 'string') return (rt) => rt.write(part);
    const value = charged(part, place);
    return (rt, frame) => rt.write(toText(rt, value(rt, frame)));
  });
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return (rt, frame) => {
    for (const part of parts) part(rt, frame);
  };
}

function compileIf(node: IfStatement, place: Place): Execute {
  const branches = node.branches.map(({ test, body }) => ({
    test: charged(test, place),
    body: compileBody(body, place),
  }));
  const otherwise = compileBody(node.otherwise, place);
  return (rt, frame) => {
    for (const { test, body } of branches) {
      if (isTrue(test(rt, frame))) {
        body(rt, frame);
        return;
      }
    }
    otherwise(rt, frame);
  };
}

function compileSet(node: SetStatement, place: Place): Execute {
  const value = charged(node.value, place);
  const assign = compileAssign(node.target, place);
  return (rt, frame) => assign(rt, frame, value(rt, frame));
}

/** The output of a block, put through its filters. What is captured waits in a slot, because blocks can be re-entered. */
function capturing(body: readonly Statement[], filter: FilterExpr | null, place: Place): Evaluate {
  const scope = innerScope(place.scope, body);
  if (filter !== null) scope.visit(filter);
  const inner = place.within(scope);
  const enter = enterScope(inner);
  const run = compileBody(body, inner);
  const slot = place.fn.slots;
  place.fn.slots += 1;
  const captured: Evaluate = (_rt, frame) => frame.slots[slot];
  const value = filter === null ? captured : compileFilter(filter, inner, captured);
  return (rt, frame) => {
    enter(rt, frame);
    frame.slots[slot] = rt.capture(() => run(rt, frame));
    return value(rt, frame);
  };
}

function compileSetBlock(node: SetBlockStatement, place: Place): Execute {
  const value = capturing(node.body, node.filter, place);
  const assign = compileAssign(node.target, place);
  return (rt, frame) => {
    rt.at = node.pos;
    assign(rt, frame, value(rt, frame));
  };
}

function compileFilterBlock(node: FilterStatement, place: Place): Execute {
  const value = capturing(node.body, node.filter, place);
  return (rt, frame) => {
    rt.at = node.pos;
    rt.write(toText(rt, value(rt, frame)));
  };
}

function compileWith(node: WithStatement, place: Place): Execute {
  const scope = new Scope(place.scope, place.fn);
  for (const target of node.targets) scope.declareTarget(target);
  scope.visitAll(node.body);
  const inner = place.within(scope);
  const enter = enterScope(inner);
  const sets = node.targets.map((target, index) => ({
    assign: compileAssign(target, inner),
    value: charged(node.values[index] ?? target, place),
  }));
  const body = compileBody(node.body, inner);
  return (rt, frame) => {
    enter(rt, frame);
    for (const { assign, value } of sets) assign(rt, frame, value(rt, frame));
    body(rt, frame);
  };
}

function macroCode(node: MacroStatement | CallStatement, place: Place): MacroCode {
  const fn = new FunctionScope(place.fn);
  const scope = new Scope(place.scope, fn);
  const used = undeclared(node.body, ['caller', 'kwargs', 'varargs']);
  const isParam = (name: string): boolean => node.params.some((param) => param.name === name);
  const special = (name: string): number | null =>
    used.has(name) && !isParam(name) ? scope.parameter(name).slot : null;
  const [caller, kwargs, varargs] = [special('caller'), special('kwargs'), special('varargs')];
  scope.visitAll(node.params);
  scope.visitAll(node.defaults);
  scope.visitAll(node.body);
  const inner = place.within(scope, fn);
  const firstDefault = node.params.length - node.defaults.length;
  const params = node.params.map((param, index) => {
    const absent = node.defaults[index - firstDefault];
    const value = absent === undefined ? null : charged(absent, inner);
    return { name: param.name, slot: scope.get(param.name).slot, absent: value };
  });
  const name = node.kind === 'macro' ? node.name.name : null;
  const [enter, body] = [enterScope(inner), compileBody(node.body, inner)];
  return { name, params, caller, kwargs, varargs, fn, enter, body, depth: 5 + heightOf(node.body) };
}

function compileMacro(node: MacroStatement, place: Place): Execute {
  const code = macroCode(node, place);
  const assign = compileAssign(node.name, place);
  return (rt, frame) => assign(rt, frame, new Macro(code, frame));
}

function compileCallBlock(node: CallStatement, place: Place): Execute {
  const code = macroCode(node, place);
  const cost = costOf(node.call);
  const call = compileCall(node.call, place, { name: 'caller', value: (_rt, frame) => new Macro(code, frame) });
  return (rt, frame) => {
    rt.at = node.pos;
    rt.spend(cost);
    rt.write(toText(rt, call(rt, frame)));
  };
}
