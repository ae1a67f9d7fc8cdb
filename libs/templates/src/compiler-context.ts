import type { Expr, Statement } from './ast.ts';
import type { Frame, Runtime } from './runtime.ts';
import type { FunctionScope, Scope, Variable } from './scope.ts';

export type Evaluate = (rt: Runtime, frame: Frame) => unknown;
export type Execute = (rt: Runtime, frame: Frame) => void;
export type CompileBody = (body: readonly Statement[], place: Place) => Execute;
export type CompileExpression = (node: Expr, place: Place) => Evaluate;

/** Where code is being compiled: which names it sees, and in which function it runs. */
export class Place {
  readonly scope: Scope;
  readonly fn: FunctionScope;
  /** Names that are read from the context, of the whole template. */
  readonly references: Set<string>;
  readonly #compile: CompileExpression;

  constructor(scope: Scope, fn: FunctionScope, references: Set<string>, compile: CompileExpression) {
    this.scope = scope;
    this.fn = fn;
    this.references = references;
    this.#compile = compile;
  }

  /** The same template in another scope. */
  within(scope: Scope, fn: FunctionScope = this.fn): Place {
    return new Place(scope, fn, this.references, this.#compile);
  }

  /** An expression as a closure. Its cost has to be charged by the statement around it (see `costOf`). */
  expression(node: Expr): Evaluate {
    return this.#compile(node, this);
  }
}

/** How many functions out from `fn` the variable lives. */
export function hops(variable: Variable, fn: FunctionScope): number {
  let count = 0;
  let at: FunctionScope | null = fn;
  while (at !== null && at !== variable.owner) {
    at = at.parent;
    count += 1;
  }
  if (at === null) throw new Error('the variable belongs to no function around its use');
  return count;
}

export function frameAt(frame: Frame, distance: number): Frame {
  let at = frame;
  for (let count = 0; count < distance; count += 1) {
    if (at.parent === null) throw new Error('a frame is missing around a function');
    at = at.parent;
  }
  return at;
}
