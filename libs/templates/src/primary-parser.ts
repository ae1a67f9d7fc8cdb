import type { Arguments, CallExpr, Expr, FilterExpr, TestExpr } from './ast.ts';
import type { TokenStream } from './token-stream.ts';
import { describeToken } from './token.ts';
import type { Token } from './token.ts';

/** Recursion of the parser: every level is about a dozen JavaScript frames. */
const MAX_NESTING = 100;
/** Height of the tree, which is what compiling and evaluating recurse over. */
const MAX_TREE = 300;

const PRIMARY_START: ReadonlySet<string> = new Set(['name', 'string', 'integer', 'float', '[', '{']);

/** What binds strongest: literals, names, subscripts, calls, filters and tests (parser.py of Jinja 3.1). */
export abstract class PrimaryParser {
  protected readonly stream: TokenStream;
  #nesting = 0;

  constructor(stream: TokenStream) {
    this.stream = stream;
  }

  abstract expression(withCondition?: boolean): Expr;

  /** Height of a tree over `children`. */
  protected over(pos: number, ...children: (Expr | null)[]): { pos: number; depth: number } {
    return this.overAll(pos, children);
  }

  protected overAll(pos: number, children: readonly (Expr | null)[]): { pos: number; depth: number } {
    let depth = 0;
    for (const child of children) if (child !== null && child.depth > depth) depth = child.depth;
    if (depth >= MAX_TREE) throw this.stream.fail('the expression is nested too deeply', pos);
    return { pos, depth: depth + 1 };
  }

  protected nested<T>(parse: () => T): T {
    this.#nesting += 1;
    if (this.#nesting > MAX_NESTING) throw this.stream.fail('nested too deeply');
    const result = parse();
    this.#nesting -= 1;
    return result;
  }

  protected primary(withNamespace = false): Expr {
    const token = this.stream.current;
    switch (token.type) {
      case 'name':
        this.stream.next();
        return this.#name(token, withNamespace);
      case 'string':
        return this.#strings(token);
      case 'integer':
      case 'float':
        this.stream.next();
        return { kind: 'const', value: token.value, ...this.over(token.pos) };
      case '(':
        return this.nested(() => this.#parentheses());
      case '[':
        return this.nested(() => this.#list());
      case '{':
        return this.nested(() => this.#dict());
      default:
        throw this.stream.fail(`unexpected '${describeToken(token)}'`);
    }
  }

  #name(token: Token, withNamespace: boolean): Expr {
    const at = this.over(token.pos);
    if (/^(?:true|True|false|False)$/.test(token.text)) {
      return { kind: 'const', value: token.text.toLowerCase() === 'true', ...at };
    }
    if (token.text === 'none' || token.text === 'None') return { kind: 'const', value: null, ...at };
    if (withNamespace && this.stream.skip('.')) {
      return { kind: 'nsref', name: token.text, attr: this.stream.expect('name').text, ...at };
    }
    return { kind: 'name', name: token.text, use: 'load', ...at };
  }

  /** Literals side by side are one string. */
  #strings(first: Token): Expr {
    let text = '';
    while (this.stream.is('string')) text += this.stream.next().text;
    return { kind: 'const', value: text, ...this.over(first.pos) };
  }

  #parentheses(): Expr {
    this.stream.next();
    const node = this.tuple({ parentheses: true });
    this.stream.expect(')');
    return node;
  }

  #list(): Expr {
    const pos = this.stream.next().pos;
    const items: Expr[] = [];
    while (!this.stream.is(']')) {
      if (items.length > 0) this.stream.expect(',');
      if (this.stream.is(']')) break;
      items.push(this.expression());
    }
    this.stream.expect(']');
    return { kind: 'list', items, ...this.overAll(pos, items) };
  }

  #dict(): Expr {
    const pos = this.stream.next().pos;
    const items: { key: Expr; value: Expr }[] = [];
    while (!this.stream.is('}')) {
      if (items.length > 0) this.stream.expect(',');
      if (this.stream.is('}')) break;
      const key = this.expression();
      this.stream.expect(':');
      items.push({ key, value: this.expression() });
    }
    this.stream.expect('}');
    return {
      kind: 'dict',
      items,
      ...this.overAll(
        pos,
        items.flatMap((item) => [item.key, item.value]),
      ),
    };
  }

  /**
   * One expression, or a tuple when commas follow. `simplified` reads only names and literals (targets of assignments);
   * `end` is a name that ends the tuple.
   */
  tuple(options: {
    simplified?: boolean;
    withCondition?: boolean;
    end?: string;
    parentheses?: boolean;
    withNamespace?: boolean;
  }): Expr {
    const pos = this.stream.current.pos;
    const items: Expr[] = [];
    let isTuple = false;
    for (;;) {
      if (items.length > 0) this.stream.expect(',');
      if (this.#tupleEnds(options.end)) break;
      items.push(
        options.simplified ? this.primary(options.withNamespace) : this.expression(options.withCondition ?? true),
      );
      if (!this.stream.is(',')) break;
      isTuple = true;
    }
    const only = items[0];
    if (!isTuple && only !== undefined) return only;
    if (!isTuple && !options.parentheses) {
      throw this.stream.fail(`Expected an expression, got '${describeToken(this.stream.current)}'`);
    }
    return { kind: 'tuple', items, ...this.overAll(pos, items) };
  }

  #tupleEnds(end: string | undefined): boolean {
    const { type } = this.stream.current;
    if (type === 'variable_end' || type === 'block_end' || type === ')') return true;
    return end !== undefined && this.stream.isName(end);
  }

  protected postfix(start: Expr): Expr {
    let node = start;
    for (;;) {
      if (this.stream.is('.')) node = this.#attribute(node);
      else if (this.stream.is('[')) node = this.#subscript(node);
      else if (this.stream.is('(')) node = this.#call(node);
      else return node;
    }
  }

  protected filters(start: Expr): Expr {
    let node = start;
    for (;;) {
      if (this.stream.skip('|')) node = this.filter(node);
      else if (this.stream.isName('is')) node = this.#test(node);
      else if (this.stream.is('(')) node = this.#call(node);
      else return node;
    }
  }

  #attribute(node: Expr): Expr {
    const pos = this.stream.next().pos;
    const token = this.stream.next();
    if (token.type === 'name') return { kind: 'attr', node, name: token.text, ...this.over(pos, node) };
    if (token.type !== 'integer') throw this.stream.fail('expected name or number', token.pos);
    const key: Expr = { kind: 'const', value: token.value, pos: token.pos, depth: 1 };
    return { kind: 'item', node, key, ...this.over(pos, node) };
  }

  #subscript(node: Expr): Expr {
    return this.nested(() => {
      const pos = this.stream.next().pos;
      if (this.stream.is(':')) return this.#slice(node, null, pos);
      const first = this.expression();
      if (this.stream.is(':')) return this.#slice(node, first, pos);
      const items = [first];
      while (this.stream.skip(',')) {
        if (this.stream.is(']')) break;
        items.push(this.expression());
      }
      this.stream.expect(']');
      const key: Expr = items.length === 1 ? first : { kind: 'tuple', items, ...this.overAll(pos, items) };
      return { kind: 'item', node, key, ...this.over(pos, node, key) };
    });
  }

  #slice(node: Expr, start: Expr | null, pos: number): Expr {
    this.stream.expect(':');
    const bound = (): Expr | null => (this.stream.is(':') || this.stream.is(']') ? null : this.expression());
    const stop = bound();
    const step = this.stream.skip(':') ? bound() : null;
    this.stream.expect(']');
    return { kind: 'slice', node, start, stop, step, ...this.over(pos, node, start, stop, step) };
  }

  #call(node: Expr): CallExpr {
    const { pos } = this.stream.current;
    const args = this.#callArguments();
    return { kind: 'call', node, ...args, ...this.overAll(pos, [node, ...argumentNodes(args)]) };
  }

  /** A filter's name and arguments; the cursor stands behind the bar. */
  protected filter(node: Expr | null): FilterExpr {
    const token = this.stream.expect('name');
    const name = this.#dotted(token.text);
    const args = this.stream.is('(') ? this.#callArguments() : noArguments();
    return { kind: 'filter', node, name, ...args, ...this.overAll(token.pos, [node, ...argumentNodes(args)]) };
  }

  #dotted(first: string): string {
    let name = first;
    while (this.stream.skip('.')) name += `.${this.stream.expect('name').text}`;
    return name;
  }

  #test(node: Expr): Expr {
    this.stream.next();
    const negated = this.stream.skipName('not');
    const { pos } = this.stream.current;
    const name = this.#dotted(this.stream.expect('name').text);
    const args = this.#testArguments();
    const test: TestExpr = { kind: 'test', node, name, ...args, ...this.overAll(pos, [node, ...argumentNodes(args)]) };
    return negated ? { kind: 'unary', operator: 'not', node: test, ...this.over(pos, test) } : test;
  }

  /** `is divisibleby 3` takes one argument without parentheses. */
  #testArguments(): Arguments {
    if (this.stream.is('(')) return this.#callArguments();
    const token = this.stream.current;
    const isWord = token.type === 'name' && /^(?:else|or|and)$/.test(token.text);
    if (!PRIMARY_START.has(token.type) || isWord) return noArguments();
    if (this.stream.isName('is')) throw this.stream.fail('You cannot chain multiple tests with is');
    return { ...noArguments(), args: [this.postfix(this.primary())] };
  }

  #callArguments(): Arguments {
    return this.nested(() => {
      const { pos } = this.stream.expect('(');
      const into = noArguments();
      let first = true;
      while (!this.stream.is(')')) {
        if (!first) {
          this.stream.expect(',');
          if (this.stream.is(')')) break;
        }
        if (!this.#argument(into)) throw this.stream.fail('invalid syntax for function call expression', pos);
        first = false;
      }
      this.stream.expect(')');
      return into;
    });
  }

  /** False when the argument is not allowed where it stands. */
  #argument(into: Arguments): boolean {
    if (this.stream.skip('*')) {
      if (into.dynArgs !== null || into.dynKwargs !== null) return false;
      into.dynArgs = this.expression();
    } else if (this.stream.skip('**')) {
      if (into.dynKwargs !== null) return false;
      into.dynKwargs = this.expression();
    } else if (this.stream.is('name') && this.stream.following.type === '=') {
      if (into.dynKwargs !== null) return false;
      const name = this.stream.next().text;
      this.stream.next();
      into.kwargs.push({ name, value: this.expression() });
    } else {
      if (into.dynArgs !== null || into.dynKwargs !== null || into.kwargs.length > 0) return false;
      into.args.push(this.expression());
    }
    return true;
  }
}

function noArguments(): Arguments {
  return { args: [], kwargs: [], dynArgs: null, dynKwargs: null };
}

export function argumentNodes(args: Arguments): Expr[] {
  const nodes = [...args.args, ...args.kwargs.map((item) => item.value)];
  if (args.dynArgs !== null) nodes.push(args.dynArgs);
  if (args.dynKwargs !== null) nodes.push(args.dynKwargs);
  return nodes;
}
