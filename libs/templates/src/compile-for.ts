import type { ForStatement } from './ast.ts';
import { costOf, heightOf, undeclared } from './ast-walk.ts';
import { compileAssign } from './compile-assign.ts';
import type { Assign } from './compile-assign.ts';
import type { CompileBody, Evaluate, Execute, Place } from './compiler-context.ts';
import { enterScope } from './enter-scope.ts';
import { LoopContext, LoopItems } from './loop-context.ts';
import { Frame } from './runtime.ts';
import type { Runtime } from './runtime.ts';
import { FunctionScope, loopScope, Scope } from './scope.ts';
import { isTrue } from './truth.ts';

/** The parts of a loop, compiled. */
interface LoopCode {
  /** Slot of the variable `loop`, when the body reads it. */
  loopSlot: number | null;
  assign: Assign;
  enter: Execute;
  body: Execute;
  accepts: ((rt: Runtime, frame: Frame, item: unknown) => boolean) | null;
  otherwise: Execute;
}

type Recurse = (items: unknown, depth: number) => string;

/** `for target in iter if test … else … endfor`, with `recursive`. */
export function compileFor(node: ForStatement, place: Place, compileBody: CompileBody): Execute {
  const iter = place.expression(node.iter);
  const cost = costOf(node.iter);
  const fn = node.recursive ? new FunctionScope(place.fn) : place.fn;
  const code = compileLoop(node, place, fn, compileBody);
  const run = node.recursive
    ? recursive(node, code, fn)
    : (rt: Runtime, frame: Frame, items: unknown) => runLoop(rt, frame, code, items, null, 0);
  return (rt, frame) => {
    rt.at = node.pos;
    rt.spend(cost);
    run(rt, frame, iter(rt, frame));
  };
}

/** Each level of a recursive loop has variables of its own, around which lie those of the template. */
function recursive(node: ForStatement, code: LoopCode, fn: FunctionScope) {
  const depth = 5 + heightOf(node.body);
  return (rt: Runtime, frame: Frame, items: unknown): void => {
    const recurse: Recurse = (inner, level) => {
      rt.spend(5 + fn.slots);
      rt.enter(depth);
      const text = rt.capture(() => runLoop(rt, new Frame(fn.slots, frame), code, inner, recurse, level));
      rt.leave(depth);
      return text;
    };
    rt.write(recurse(items, 0));
  };
}

function compileLoop(node: ForStatement, place: Place, fn: FunctionScope, compileBody: CompileBody): LoopCode {
  const isExtended = node.recursive || undeclared(node.body, ['loop']).size > 0;
  const scope = loopScope(place.scope, fn, node, isExtended);
  const inner = place.within(scope, fn);
  const elseScope = new Scope(place.scope, fn);
  elseScope.visitAll(node.otherwise);
  const elsePlace = place.within(elseScope, fn);
  const [enterElse, otherwise] = [enterScope(elsePlace), compileBody(node.otherwise, elsePlace)];
  return {
    loopSlot: isExtended ? scope.get('loop').slot : null,
    assign: compileAssign(node.target, inner),
    enter: enterScope(inner),
    body: compileBody(node.body, inner),
    accepts: compileTest(node, place, fn),
    otherwise: (rt, frame) => {
      enterElse(rt, frame);
      otherwise(rt, frame);
    },
  };
}

/** The loop's `if` has a scope of its own with the loop's targets; `loop` is not in it. */
function compileTest(node: ForStatement, place: Place, fn: FunctionScope): LoopCode['accepts'] {
  if (node.test === null) return null;
  const scope = new Scope(place.scope, fn);
  scope.declareTarget(node.target);
  scope.visit(node.test);
  const inner = place.within(scope, fn);
  const assign = compileAssign(node.target, inner);
  const enter = enterScope(inner);
  const test: Evaluate = inner.expression(node.test);
  const cost = costOf(node.test);
  return (rt, frame, item) => {
    rt.spend(cost);
    assign(rt, frame, item);
    enter(rt, frame);
    return isTrue(test(rt, frame));
  };
}

function runLoop(
  rt: Runtime,
  frame: Frame,
  code: LoopCode,
  iterable: unknown,
  recurse: Recurse | null,
  depth: number,
): void {
  const { accepts } = code;
  const items = new LoopItems(rt, iterable, accepts === null ? null : (item) => accepts(rt, frame, item));
  const loop = code.loopSlot === null ? null : new LoopContext(items, recurse, depth);
  let isEmpty = true;
  for (;;) {
    const item = loop === null ? items.next() : loop.advance();
    if (LoopItems.isEnd(item)) break;
    isEmpty = false;
    rt.spend(2);
    code.assign(rt, frame, item);
    if (code.loopSlot !== null) frame.slots[code.loopSlot] = loop;
    code.enter(rt, frame);
    code.body(rt, frame);
  }
  if (isEmpty) code.otherwise(rt, frame);
}
