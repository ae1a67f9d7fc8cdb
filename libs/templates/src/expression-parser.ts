import type { BinaryOperator, CompareExpr, CompareOperator, Expr } from './ast.ts';
import { PrimaryParser } from './primary-parser.ts';

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** Operators by precedence, weakest first, as parser.py of Jinja 3.1 (`~` binds stronger than `+`, `**` is left associative). */
export abstract class ExpressionParser extends PrimaryParser {
  override expression(withCondition = true): Expr {
    return this.nested(() => (withCondition ? this.#condition() : this.#or()));
  }

  #condition(): Expr {
    const { pos } = this.stream.current;
    let node = this.#or();
    while (this.stream.skipName('if')) {
      const test = this.#or();
      const no: Expr | null = this.stream.skipName('else') ? this.nested(() => this.#condition()) : null;
      node = { kind: 'cond', test, yes: node, no, ...this.over(pos, node, test, no) };
    }
    return node;
  }

  #or(): Expr {
    const { pos } = this.stream.current;
    let left = this.#and();
    while (this.stream.skipName('or')) {
      const right = this.#and();
      left = { kind: 'logic', operator: 'or', left, right, ...this.over(pos, left, right) };
    }
    return left;
  }

  #and(): Expr {
    const { pos } = this.stream.current;
    let left = this.#not();
    while (this.stream.skipName('and')) {
      const right = this.#not();
      left = { kind: 'logic', operator: 'and', left, right, ...this.over(pos, left, right) };
    }
    return left;
  }

  #not(): Expr {
    const { pos } = this.stream.current;
    if (!this.stream.skipName('not')) return this.#compare();
    const node = this.nested(() => this.#not());
    return { kind: 'unary', operator: 'not', node, ...this.over(pos, node) };
  }

  #compare(): Expr {
    const { pos } = this.stream.current;
    const first = this.#sum();
    const rest: CompareExpr['rest'] = [];
    for (;;) {
      const operator = this.#comparison();
      if (operator === null) break;
      rest.push({ operator, node: this.#sum() });
    }
    if (rest.length === 0) return first;
    return { kind: 'compare', first, rest, ...this.overAll(pos, [first, ...rest.map((item) => item.node)]) };
  }

  #comparison(): CompareOperator | null {
    const { type } = this.stream.current;
    if (COMPARISONS.has(type)) return this.stream.next().type as CompareOperator;
    if (this.stream.skipName('in')) return 'in';
    const { following } = this.stream;
    if (this.stream.isName('not') && following.type === 'name' && following.text === 'in') {
      this.stream.next();
      this.stream.next();
      return 'not in';
    }
    return null;
  }

  #sum(): Expr {
    return this.#leftAssociative(['+', '-'], () => this.#concat());
  }

  #concat(): Expr {
    const { pos } = this.stream.current;
    const items = [this.#product()];
    while (this.stream.skip('~')) items.push(this.#product());
    const only = items[0];
    if (items.length === 1 && only !== undefined) return only;
    return { kind: 'concat', items, ...this.overAll(pos, items) };
  }

  #product(): Expr {
    return this.#leftAssociative(['*', '/', '//', '%'], () => this.#power());
  }

  #power(): Expr {
    return this.#leftAssociative(['**'], () => this.#unary(true));
  }

  #leftAssociative(operators: readonly BinaryOperator[], parse: () => Expr): Expr {
    const { pos } = this.stream.current;
    let left = parse();
    for (;;) {
      const { type } = this.stream.current;
      const operator = operators.find((candidate) => candidate === type);
      if (operator === undefined) return left;
      this.stream.next();
      const right = parse();
      left = { kind: 'binary', operator, left, right, ...this.over(pos, left, right) };
    }
  }

  /** `-x|abs` is `(-x)|abs`: filters apply to the signed value. */
  #unary(withFilters: boolean): Expr {
    const { pos, type } = this.stream.current;
    let node: Expr;
    if (type === '-' || type === '+') {
      this.stream.next();
      const operand = this.nested(() => this.#unary(false));
      node = { kind: 'unary', operator: type, node: operand, ...this.over(pos, operand) };
    } else {
      node = this.primary();
    }
    node = this.postfix(node);
    return withFilters ? this.filters(node) : node;
  }
}
