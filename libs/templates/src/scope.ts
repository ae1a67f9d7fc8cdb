import type { Expr, ForStatement, IfStatement, Node, Statement, Target } from './ast.ts';
import { childNodes } from './ast-walk.ts';

/** A function of the compiled template; each call of it has a frame with that many slots. */
export class FunctionScope {
  readonly parent: FunctionScope | null;
  slots = 0;
  constructor(parent: FunctionScope | null) {
    this.parent = parent;
  }
}

export interface Variable {
  slot: number;
  owner: FunctionScope;
}

/** What a variable holds when its scope is entered. */
export type Load =
  | { kind: 'param' }
  | { kind: 'resolve'; name: string }
  | { kind: 'alias'; from: Variable }
  | { kind: 'undefined' };

/**
 * The variables of one scope: a port of Jinja 3.1's idtracking.Symbols, because which value a name has before, inside
 * and after branches, loops and macros follows from exactly this analysis.
 */
export class Scope {
  readonly parent: Scope | null;
  readonly fn: FunctionScope;
  readonly refs = new Map<string, Variable>();
  readonly loads = new Map<Variable, Load>();
  readonly stores = new Set<string>();
  /** One variable per name and scope, whichever branch creates it. */
  readonly #variables: Map<string, Variable>;
  /** For a branch of an `if`: the scope it belongs to. A branch holds only what it adds; copying was quadratic. */
  readonly #base: Scope | null;

  constructor(parent: Scope | null, fn: FunctionScope, base: Scope | null = null) {
    this.parent = parent;
    this.fn = fn;
    this.#base = base;
    this.#variables = base === null ? new Map() : base.#variables;
  }

  #define(name: string, load: Load): Variable {
    let variable = this.#variables.get(name);
    if (variable === undefined) {
      variable = { slot: this.fn.slots, owner: this.fn };
      this.fn.slots += 1;
      this.#variables.set(name, variable);
    }
    this.refs.set(name, variable);
    this.loads.set(variable, load);
    return variable;
  }

  #own(name: string): Variable | null {
    return this.refs.get(name) ?? (this.#base === null ? null : this.#base.#own(name));
  }

  #stored(name: string): boolean {
    return this.stores.has(name) || (this.#base !== null && this.#base.#stored(name));
  }

  find(name: string): Variable | null {
    return this.#own(name) ?? this.parent?.find(name) ?? null;
  }

  /** The variable of a name that the analysis has seen. */
  get(name: string): Variable {
    const variable = this.find(name);
    if (variable === null) throw new Error(`the name ${name} was not analysed`);
    return variable;
  }

  parameter(name: string): Variable {
    this.stores.add(name);
    return this.#define(name, { kind: 'param' });
  }

  #load(name: string): void {
    if (this.find(name) === null) this.#define(name, { kind: 'resolve', name });
  }

  #store(name: string): void {
    this.stores.add(name);
    if (this.#own(name) !== null) return;
    const outer = this.parent?.find(name) ?? null;
    this.#define(name, outer === null ? { kind: 'undefined' } : { kind: 'alias', from: outer });
  }

  #branchUpdate(branches: readonly Scope[]): void {
    const stores = new Set(branches.flatMap((branch) => [...branch.stores]).filter((name) => !this.#stored(name)));
    for (const branch of branches) {
      for (const [name, variable] of branch.refs) this.refs.set(name, variable);
      for (const [variable, load] of branch.loads) this.loads.set(variable, load);
      for (const name of branch.stores) this.stores.add(name);
    }
    for (const name of stores) {
      const outer = this.parent?.find(name) ?? null;
      this.loads.set(this.get(name), outer === null ? { kind: 'resolve', name } : { kind: 'alias', from: outer });
    }
  }

  visitAll(nodes: readonly Node[]): void {
    for (const node of nodes) this.visit(node);
  }

  /** Loads and stores of a node in this scope, without going into the scopes that the node opens. */
  visit(node: Node): void {
    switch (node.kind) {
      case 'name':
        if (node.use === 'load') this.#load(node.name);
        else if (node.use === 'store') this.#store(node.name);
        else this.parameter(node.name);
        return;
      case 'nsref':
        this.#load(node.name);
        return;
      case 'if':
        this.#visitIf(node);
        return;
      case 'macro':
        this.#store(node.name.name);
        return;
      case 'for':
        this.visit(node.iter);
        return;
      case 'callBlock':
        this.visit(node.call);
        return;
      case 'filterBlock':
        this.visit(node.filter);
        return;
      case 'with':
        this.visitAll(node.values);
        return;
      case 'setBlock':
        this.visit(node.target);
        return;
      default:
        this.visitAll(childNodes(node));
    }
  }

  #visitIf(node: IfStatement): void {
    const [first, ...others] = node.branches;
    if (first === undefined) return;
    this.visit(first.test);
    const branch = (fill: (scope: Scope) => void): Scope => {
      const scope = new Scope(this.parent, this.fn, this);
      fill(scope);
      return scope;
    };
    const elif = (scope: Scope): void => {
      for (const other of others) scope.visit({ ...node, branches: [other], otherwise: [] });
    };
    this.#branchUpdate([
      branch((scope) => scope.visitAll(first.body)),
      branch(elif),
      branch((scope) => scope.visitAll(node.otherwise)),
    ]);
  }

  /** The names of a loop's or a `with`'s target, which are parameters of the scope. */
  declareTarget(target: Target | Expr): void {
    if (target.kind === 'name') this.parameter(target.name);
    else if (target.kind === 'tuple') for (const item of target.items) this.declareTarget(item);
  }
}

/** Scope inside a statement, in the same function. */
export function innerScope(parent: Scope, body: readonly Statement[]): Scope {
  const scope = new Scope(parent, parent.fn);
  scope.visitAll(body);
  return scope;
}

export function loopScope(parent: Scope, fn: FunctionScope, node: ForStatement, withLoop: boolean): Scope {
  const scope = new Scope(parent, fn);
  if (withLoop) scope.parameter('loop');
  scope.declareTarget(node.target);
  scope.visitAll(node.body);
  return scope;
}
