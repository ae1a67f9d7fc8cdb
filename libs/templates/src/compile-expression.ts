import { calculate, signed } from './arithmetic.ts';
import type { CompareExpr, CompareOperator, Expr } from './ast.ts';
import { compileCall, compileFilter, compileTest } from './compile-call.ts';
import { compareValues, isEqual } from './compare.ts';
import { frameAt, hops } from './compiler-context.ts';
import type { CompileExpression, Evaluate, Place } from './compiler-context.ts';
import { contains } from './contains.ts';
import { Dict } from './dict.ts';
import { getAttribute, getItem, getSlice } from './lookup.ts';
import { toText } from './print.ts';
import { isTrue } from './truth.ts';
import { Tuple, Undefined } from './values.ts';

type Compilers = { [K in Expr['kind']]: (node: Extract<Expr, { kind: K }>, place: Place) => Evaluate };

export const compileExpression: CompileExpression = (node, place) => {
  const compile = COMPILERS[node.kind] as CompileExpression;
  return compile(node, place);
};

function compileAll(nodes: readonly Expr[], place: Place): Evaluate[] {
  return nodes.map((node) => place.expression(node));
}

function compileName(name: string, place: Place): Evaluate {
  const variable = place.scope.get(name);
  const { slot } = variable;
  const distance = hops(variable, place.fn);
  if (distance === 0) {
    return (rt, frame) => {
      const value = frame.slots[slot];
      return value === undefined ? rt.missing(name) : value;
    };
  }
  return (rt, frame) => {
    const value = frameAt(frame, distance).slots[slot];
    return value === undefined ? rt.missing(name) : value;
  };
}

const COMPILERS: Compilers = {
  const:
    ({ value }) =>
    () =>
      value,
  name: (node, place) => compileName(node.name, place),
  nsref: (node, place) => compileName(node.name, place),
  tuple: (node, place) => {
    const items = compileAll(node.items, place);
    return (rt, frame) => new Tuple(items.map((item) => item(rt, frame)));
  },
  list: (node, place) => {
    const items = compileAll(node.items, place);
    return (rt, frame) => {
      const list: unknown[] = [];
      for (const item of items) list.push(item(rt, frame));
      return rt.own(list);
    };
  },
  dict: (node, place) => {
    const items = node.items.map((item) => ({
      key: place.expression(item.key),
      value: place.expression(item.value),
    }));
    return (rt, frame) => {
      const dict = new Dict();
      rt.spend(5 + 6 * items.length);
      for (const item of items) dict.set(item.key(rt, frame), item.value(rt, frame));
      return dict;
    };
  },
  attr: (node, place) => {
    const owner = place.expression(node.node);
    const { name } = node;
    return (rt, frame) => getAttribute(rt, owner(rt, frame), name);
  },
  item: (node, place) => {
    const owner = place.expression(node.node);
    const key = place.expression(node.key);
    return (rt, frame) => getItem(rt, owner(rt, frame), key(rt, frame));
  },
  slice: (node, place) => {
    const owner = place.expression(node.node);
    const [start, stop, step] = [node.start, node.stop, node.step].map((bound) =>
      bound === null ? (): null => null : place.expression(bound),
    );
    return (rt, frame) => {
      const value = owner(rt, frame);
      return getSlice(rt, value, start?.(rt, frame), stop?.(rt, frame), step?.(rt, frame));
    };
  },
  call: (node, place) => compileCall(node, place),
  filter: (node, place) => compileFilter(node, place, null),
  test: (node, place) => compileTest(node, place),
  unary: (node, place) => {
    const operand = place.expression(node.node);
    const { operator } = node;
    if (operator === 'not') return (rt, frame) => !isTrue(operand(rt, frame));
    return (rt, frame) => signed(rt, operator, operand(rt, frame));
  },
  binary: (node, place) => {
    const left = place.expression(node.left);
    const right = place.expression(node.right);
    const { operator } = node;
    return (rt, frame) => calculate(rt, operator, left(rt, frame), right(rt, frame));
  },
  logic: (node, place) => {
    const left = place.expression(node.left);
    const right = place.expression(node.right);
    const stopsAt = node.operator === 'or';
    return (rt, frame) => {
      const value = left(rt, frame);
      return isTrue(value) === stopsAt ? value : right(rt, frame);
    };
  },
  compare: (node, place) => compileCompare(node, place),
  concat: (node, place) => {
    const items = compileAll(node.items, place);
    return (rt, frame) => {
      let text = '';
      for (const item of items) text += toText(rt, item(rt, frame));
      return rt.made(text);
    };
  },
  cond: (node, place) => {
    const test = place.expression(node.test);
    const yes = place.expression(node.yes);
    const no = node.no === null ? null : place.expression(node.no);
    return (rt, frame) => {
      if (isTrue(test(rt, frame))) return yes(rt, frame);
      // lenient even in strict mode, as in Jinja
      return no === null ? new Undefined(false, 'the inline if-expression has no else', '') : no(rt, frame);
    };
  },
};

function compileCompare(node: CompareExpr, place: Place): Evaluate {
  const first = place.expression(node.first);
  const rest = node.rest.map((item) => ({
    holds: COMPARISONS[item.operator],
    operand: place.expression(item.node),
  }));
  return (rt, frame) => {
    let left = first(rt, frame);
    for (const { holds, operand } of rest) {
      const right = operand(rt, frame);
      if (!holds(rt, left, right)) return false;
      left = right;
    }
    return true;
  };
}

type Holds = (rt: Parameters<Evaluate>[0], left: unknown, right: unknown) => boolean;

export const COMPARISONS: Readonly<Record<CompareOperator, Holds>> = {
  '==': (rt, left, right) => isEqual(rt, left, right),
  '!=': (rt, left, right) => !isEqual(rt, left, right),
  '<': (rt, left, right) => compareValues(rt, left, right, '<') < 0,
  '<=': (rt, left, right) => compareValues(rt, left, right, '<=') <= 0,
  '>': (rt, left, right) => compareValues(rt, left, right, '>') > 0,
  '>=': (rt, left, right) => compareValues(rt, left, right, '>=') >= 0,
  in: (rt, left, right) => contains(rt, right, left),
  'not in': (rt, left, right) => !contains(rt, right, left),
};
