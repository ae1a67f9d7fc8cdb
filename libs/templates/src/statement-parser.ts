import type { CallExpr, Expr, FilterExpr, MacroStatement, NameExpr, Statement, Target } from './ast.ts';
import { ExpressionParser } from './expression-parser.ts';
import { TemplateSyntaxError } from './template-error.ts';
import type { TokenStream } from './token-stream.ts';

const UNAVAILABLE: ReadonlySet<string> = new Set(['include', 'import', 'from', 'extends', 'block', 'autoescape']);

/** Tags and text (parser.py of Jinja 3.1), without inheritance and imports: a template stands alone here. */
export class StatementParser extends ExpressionParser {
  /** The closing tags that are being looked for, innermost last. */
  readonly #closing: (readonly string[])[] = [];
  readonly #open: string[] = [];
  readonly #problems: TemplateSyntaxError[] | null;

  /** @param problems with it, problems inside `{{ }}` are collected there and parsing goes on behind them */
  constructor(stream: TokenStream, problems: TemplateSyntaxError[] | null = null) {
    super(stream);
    this.#problems = problems;
  }

  template(): Statement[] {
    return this.#statements(null);
  }

  #statements(closing: readonly string[] | null): Statement[] {
    const body: Statement[] = [];
    let output: (string | Expr)[] = [];
    let outputPos = this.stream.current.pos;
    const flush = (): void => {
      if (output.length > 0) body.push({ kind: 'output', pos: outputPos, parts: output });
      output = [];
    };
    while (!this.stream.is('eof')) {
      if (output.length === 0) outputPos = this.stream.current.pos;
      if (this.stream.is('data')) output.push(this.stream.next().text);
      else if (this.stream.is('variable_begin')) this.#variable(output);
      else {
        flush();
        this.stream.expect('block_begin');
        if (closing?.some((name) => this.stream.isName(name))) return body;
        body.push(this.nested(() => this.#statement()));
        this.stream.expect('block_end');
      }
    }
    flush();
    return body;
  }

  #variable(output: (string | Expr)[]): void {
    this.stream.next();
    try {
      output.push(this.tuple({}));
      this.stream.expect('variable_end');
    } catch (error) {
      if (this.#problems === null || !(error instanceof TemplateSyntaxError)) throw error;
      this.#problems.push(error);
      this.stream.recover();
    }
  }

  #statement(): Statement {
    const token = this.stream.current;
    if (token.type !== 'name') throw this.stream.fail('tag name expected');
    this.#open.push(token.text);
    const statement = this.#tag(token.text);
    this.#open.pop();
    return statement;
  }

  #tag(name: string): Statement {
    switch (name) {
      case 'for':
        return this.#for();
      case 'if':
        return this.#if();
      case 'set':
        return this.#set();
      case 'with':
        return this.#with();
      case 'macro':
        return this.#macro();
      case 'call':
        return this.#call();
      case 'filter':
        return this.#filterBlock();
      case 'print':
        return this.#print();
      default:
        this.#open.pop();
        throw this.stream.fail(this.#unknownTag(name));
    }
  }

  #unknownTag(name: string): string {
    if (UNAVAILABLE.has(name)) return `the tag '${name}' is not available: a template stands alone`;
    const message = [`Encountered unknown tag '${name}'.`];
    const wanted = this.#closing.at(-1);
    if (wanted !== undefined) message.push(this.#lookingFor(name, wanted));
    const innermost = this.#open.at(-1);
    if (innermost !== undefined) message.push(`The innermost block that needs to be closed is '${innermost}'.`);
    return message.join(' ');
  }

  #lookingFor(name: string, wanted: readonly string[]): string {
    const names = wanted.map((item) => `'${item}'`).join(' or ');
    if (!this.#closing.flat().includes(name)) return `Jinja was looking for the following tags: ${names}.`;
    return `You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for ${names}.`;
  }

  /** The body of a tag; afterwards the cursor stands on the closing tag's name, or behind it with `drop`. */
  #body(closing: readonly string[], drop = false): Statement[] {
    this.stream.skip(':');
    this.stream.expect('block_end');
    this.#closing.push(closing);
    const body = this.#statements(closing);
    this.#closing.pop();
    if (this.stream.is('eof')) {
      const names = closing.map((item) => `'${item}'`).join(' or ');
      const innermost = this.#open.at(-1) ?? '';
      throw this.stream.fail(
        `Unexpected end of template. Jinja was looking for the following tags: ${names}. ` +
          `The innermost block that needs to be closed is '${innermost}'.`,
      );
    }
    if (drop) this.stream.next();
    return body;
  }

  #target(options: { end?: string; withNamespace?: boolean; use?: 'store' | 'param' }): Target {
    const node = this.tuple({ simplified: true, ...options });
    return this.#assignable(node, options.use ?? 'store');
  }

  #assignable(node: Expr, use: 'store' | 'param'): Target {
    if (node.kind === 'name') return { ...node, use };
    if (node.kind === 'nsref') return node;
    if (node.kind === 'tuple') return { ...node, items: node.items.map((item) => this.#assignable(item, use)) };
    throw this.stream.fail(`can't assign to '${node.kind}'`, node.pos);
  }

  #name(use: 'store' | 'param'): NameExpr {
    const token = this.stream.expect('name');
    if (/^(?:true|false|none|True|False|None)$/.test(token.text)) {
      throw this.stream.fail(`can't assign to '${token.text}'`, token.pos);
    }
    return { kind: 'name', name: token.text, use, pos: token.pos, depth: 1 };
  }

  #for(): Statement {
    const { pos } = this.stream.next();
    const target = this.#target({ end: 'in' });
    this.stream.expectName('in');
    const iter = this.tuple({ withCondition: false, end: 'recursive' });
    const test = this.stream.skipName('if') ? this.expression() : null;
    const recursive = this.stream.skipName('recursive');
    const body = this.#body(['endfor', 'else']);
    const otherwise = this.stream.next().text === 'else' ? this.#body(['endfor'], true) : [];
    return { kind: 'for', pos, target, iter, body, otherwise, test, recursive };
  }

  #if(): Statement {
    const { pos } = this.stream.next();
    const branches: { test: Expr; body: Statement[] }[] = [];
    for (;;) {
      const test = this.tuple({ withCondition: false });
      branches.push({ test, body: this.#body(['elif', 'else', 'endif']) });
      const tag = this.stream.next().text;
      if (tag === 'elif') continue;
      const otherwise = tag === 'else' ? this.#body(['endif'], true) : [];
      return { kind: 'if', pos, branches, otherwise };
    }
  }

  #set(): Statement {
    const { pos } = this.stream.next();
    const target = this.#target({ withNamespace: true });
    if (this.stream.skip('=')) return { kind: 'set', pos, target, value: this.tuple({}) };
    const filter = this.#filterChain();
    return { kind: 'setBlock', pos, target, filter, body: this.#body(['endset'], true) };
  }

  #filterChain(): FilterExpr | null {
    let filter: FilterExpr | null = null;
    while (this.stream.skip('|')) filter = this.filter(filter);
    return filter;
  }

  #with(): Statement {
    const { pos } = this.stream.next();
    const targets: Target[] = [];
    const values: Expr[] = [];
    while (!this.stream.is('block_end')) {
      if (targets.length > 0) this.stream.expect(',');
      targets.push(this.#withTarget());
      this.stream.expect('=');
      values.push(this.expression());
    }
    return { kind: 'with', pos, targets, values, body: this.#body(['endwith'], true) };
  }

  #withTarget(): Target {
    return this.stream.is('(') ? this.#assignable(this.primary(), 'param') : this.#name('param');
  }

  #macro(): Statement {
    const { pos } = this.stream.next();
    const name = this.#name('store');
    const { params, defaults } = this.#signature();
    return { kind: 'macro', pos, name, params, defaults, body: this.#body(['endmacro'], true) };
  }

  #signature(): Pick<MacroStatement, 'params' | 'defaults'> {
    const params: NameExpr[] = [];
    const defaults: Expr[] = [];
    this.stream.expect('(');
    while (!this.stream.is(')')) {
      if (params.length > 0) this.stream.expect(',');
      params.push(this.#name('param'));
      if (this.stream.skip('=')) defaults.push(this.expression());
      else if (defaults.length > 0) throw this.stream.fail('non-default argument follows default argument');
    }
    this.stream.expect(')');
    return { params, defaults };
  }

  #call(): Statement {
    const { pos } = this.stream.next();
    const signature = this.stream.is('(') ? this.#signature() : { params: [], defaults: [] };
    const call = this.expression();
    if (call.kind !== 'call') throw this.stream.fail('expected call', pos);
    const node: CallExpr = call;
    return { kind: 'callBlock', pos, ...signature, call: node, body: this.#body(['endcall'], true) };
  }

  #filterBlock(): Statement {
    const { pos } = this.stream.next();
    let filter = this.filter(null);
    while (this.stream.skip('|')) filter = this.filter(filter);
    return { kind: 'filterBlock', pos, filter, body: this.#body(['endfilter'], true) };
  }

  #print(): Statement {
    const { pos } = this.stream.next();
    const parts: Expr[] = [];
    while (!this.stream.is('block_end')) {
      if (parts.length > 0) this.stream.expect(',');
      parts.push(this.expression());
    }
    return { kind: 'output', pos, parts };
  }
}
