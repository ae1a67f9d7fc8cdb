import type { Expr } from './ast.ts';
import { frameAt, hops } from './compiler-context.ts';
import type { Place } from './compiler-context.ts';
import { Namespace } from './globals.ts';
import { hostItem, itemsOf } from './iterate.ts';
import type { Frame, Runtime } from './runtime.ts';
import { typeError, valueError } from './template-error.ts';

export type Assign = (rt: Runtime, frame: Frame, value: unknown) => void;

/** Puts a value into a name, `namespace.attribute`, or a tuple of those. */
export function compileAssign(target: Expr, place: Place): Assign {
  if (target.kind === 'tuple') return assignTuple(target.items, place);
  if (target.kind !== 'name' && target.kind !== 'nsref') throw new Error(`${target.kind} is not a target`);
  const variable = place.scope.get(target.name);
  const distance = hops(variable, place.fn);
  const { slot } = variable;
  if (target.kind === 'name') return (_rt, frame, value) => void (frameAt(frame, distance).slots[slot] = value);
  const { attr } = target;
  return (_rt, frame, value) => {
    const namespace = frameAt(frame, distance).slots[slot];
    if (!(namespace instanceof Namespace)) throw typeError('cannot assign attribute on non-namespace object');
    namespace.set(attr, value);
  };
}

function assignTuple(targets: readonly Expr[], place: Place): Assign {
  const assigns = targets.map((target) => compileAssign(target, place));
  return (rt, frame, value) => {
    const items = itemsOf(rt, value);
    if (items.length < assigns.length) {
      throw valueError(`not enough values to unpack (expected ${assigns.length}, got ${items.length})`);
    }
    if (items.length > assigns.length) throw valueError(`too many values to unpack (expected ${assigns.length})`);
    assigns.forEach((assign, index) => assign(rt, frame, hostItem(rt, items[index])));
  };
}
