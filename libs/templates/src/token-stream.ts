import { describeToken, syntaxError } from './token.ts';
import type { Token, TokenType } from './token.ts';
import type { TemplateSyntaxError } from './template-error.ts';

/** A cursor over the tokens of one source. */
export class TokenStream {
  readonly source: string;
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(source: string, tokens: readonly Token[]) {
    this.source = source;
    this.#tokens = tokens;
  }

  get current(): Token {
    return this.#at(this.#index);
  }

  get following(): Token {
    return this.#at(this.#index + 1);
  }

  /** The token list ends with `eof`, which repeats. */
  #at(index: number): Token {
    const token = this.#tokens[Math.min(index, this.#tokens.length - 1)];
    if (token === undefined) throw new Error('a token list is never empty');
    return token;
  }

  next(): Token {
    const token = this.current;
    this.#index += 1;
    return token;
  }

  is(type: TokenType): boolean {
    return this.current.type === type;
  }

  isName(name: string): boolean {
    const token = this.current;
    return token.type === 'name' && token.text === name;
  }

  skip(type: TokenType): boolean {
    if (!this.is(type)) return false;
    this.#index += 1;
    return true;
  }

  skipName(name: string): boolean {
    if (!this.isName(name)) return false;
    this.#index += 1;
    return true;
  }

  expect(type: TokenType): Token {
    if (this.is(type)) return this.next();
    if (this.is('eof')) throw this.fail(`unexpected end of template, expected '${type}'`);
    throw this.fail(`expected token '${type}', got '${describeToken(this.current)}'`);
  }

  expectName(name: string): Token {
    if (this.isName(name)) return this.next();
    throw this.fail(`expected token '${name}', got '${describeToken(this.current)}'`);
  }

  /** The error to throw; `pos` is where, by default the current token. */
  fail(message: string, pos: number = this.current.pos): TemplateSyntaxError {
    return syntaxError(this.source, pos, message);
  }

  /** Goes on after the next end of a tag, for reporting more than the first problem; false at the end of the source. */
  recover(): boolean {
    while (!this.is('eof')) {
      const token = this.next();
      if (token.type === 'variable_end' || token.type === 'block_end') return true;
    }
    return false;
  }
}
