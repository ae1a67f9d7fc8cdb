import { makeFloat, makeInt } from './values.ts';
import { isSpace, SPACE_CLASS, stripEnd } from './python-text.ts';
import { syntaxError } from './token.ts';
import type { Token, TokenType } from './token.ts';
import { unescapeString } from './string-literal.ts';

// The token rules of Jinja 3.1 (its lexer.py) for the default delimiters. All expressions are sticky and none can
// backtrack more than linearly: @huggingface/jinja needs 20 s for 200,000 blanks in a tag, this needs a millisecond.
const SPACES = new RegExp(`${SPACE_CLASS}+`, 'y');
const RAW_BEGIN = new RegExp(`\\{%([-+]?)${SPACE_CLASS}*raw${SPACE_CLASS}*(?:-%\\}${SPACE_CLASS}*|%\\})`, 'y');
const RAW_END = new RegExp(`\\{%([-+]?)${SPACE_CLASS}*endraw${SPACE_CLASS}*(?:\\+%\\}|-%\\}${SPACE_CLASS}*|%\\})`, 'g');
const OPENING = /\{[{%#]/g;
const BLOCK_END = new RegExp(`\\+%\\}|-%\\}${SPACE_CLASS}*|%\\}`, 'y');
const VARIABLE_END = new RegExp(`-\\}\\}${SPACE_CLASS}*|\\}\\}`, 'y');
const COMMENT_SPACES = new RegExp(`${SPACE_CLASS}*`, 'y');
const FLOAT = /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const NAME = /[\p{ID_Continue}]+/uy;
const NAME_START = /^[\p{ID_Start}_]/u;
const STRING = /'[^'\\]*(?:\\[^][^'\\]*)*'|"[^"\\]*(?:\\[^][^"\\]*)*"/y;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y;

/** An int of Python has at most 4300 digits as text; arithmetic here stops far below (see arithmetic.ts). */
const MAX_DIGITS = 1000;

/** First characters of what ends a tag: `%`, `+`, `-`, `}`. */
const MAY_CLOSE: readonly number[] = [37, 43, 45, 125];

const CLOSES: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[': ']' };

/** The source as Jinja reads it: all line ends are "\n", one at the very end is dropped. */
export function normalizeSource(source: string): string {
  const text = source.includes('\r') ? source.replace(/\r\n?/g, '\n') : source;
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}

/** @param source normalized by `normalizeSource`; @throws TemplateSyntaxError */
export function tokenize(source: string): Token[] {
  return new Lexer(source).run();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #pos = 0;

  constructor(source: string) {
    this.#source = source;
  }

  run(): Token[] {
    while (this.#pos < this.#source.length) this.#root();
    this.#push('eof', '', this.#source.length);
    return this.#tokens;
  }

  #push(type: TokenType, text: string, pos: number, value: unknown = undefined): void {
    this.#tokens.push({ type, text, value, pos });
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#pos;
    return pattern.exec(this.#source)?.[0] ?? null;
  }

  #data(text: string, pos: number, sign: string): void {
    const data = sign === '-' ? stripEnd(text) : text;
    if (data !== '') this.#push('data', data, pos);
  }

  /** Text up to the next opening, and what that opens. */
  #root(): void {
    const start = this.#pos;
    OPENING.lastIndex = start;
    const opening = OPENING.exec(this.#source);
    if (opening === null) {
      this.#data(this.#source.slice(start), start, '');
      this.#pos = this.#source.length;
      return;
    }
    const at = opening.index;
    this.#pos = at;
    RAW_BEGIN.lastIndex = at;
    const raw = opening[0] === '{%' ? RAW_BEGIN.exec(this.#source) : null;
    const following = this.#source[at + 2];
    const sign = raw?.[1] ?? (following === '-' || following === '+' ? following : '');
    this.#data(this.#source.slice(start, at), start, sign);
    if (raw !== null) {
      this.#raw(at + raw[0].length);
      return;
    }
    this.#pos = at + 2 + sign.length;
    if (opening[0] === '{#') this.#comment(at);
    else if (opening[0] === '{{') this.#tag(at, 'variable_begin', 'variable_end', VARIABLE_END);
    else this.#tag(at, 'block_begin', 'block_end', BLOCK_END);
  }

  #raw(bodyStart: number): void {
    RAW_END.lastIndex = bodyStart;
    const end = RAW_END.exec(this.#source);
    if (end === null) throw syntaxError(this.#source, this.#pos, 'Missing end of raw directive');
    this.#data(this.#source.slice(bodyStart, end.index), bodyStart, end[1] ?? '');
    this.#pos = end.index + end[0].length;
  }

  #comment(at: number): void {
    const end = this.#source.indexOf('#}', this.#pos);
    if (end === -1) throw syntaxError(this.#source, at, 'Missing end of comment tag');
    const strips = end > this.#pos && this.#source[end - 1] === '-';
    this.#pos = end + 2;
    if (strips) this.#pos += this.#match(COMMENT_SPACES)?.length ?? 0;
  }

  #tag(at: number, begin: TokenType, close: TokenType, closing: RegExp): void {
    this.#push(begin, '', at);
    const open: string[] = [];
    while (this.#pos < this.#source.length) {
      const code = this.#source.charCodeAt(this.#pos);
      if (isSpace(code)) {
        this.#pos += this.#match(SPACES)?.length ?? 1;
        continue;
      }
      const end = open.length === 0 && MAY_CLOSE.includes(code) ? this.#match(closing) : null;
      if (end !== null) {
        this.#push(close, '', this.#pos);
        this.#pos += end.length;
        return;
      }
      this.#pos += this.#token(code, open);
    }
  }

  /** Reads one token, by its first character, and gives its length. */
  #token(code: number, open: string[]): number {
    if (code >= 48 && code <= 57) return this.#number();
    if (code === 34 || code === 39) return this.#string();
    const name = this.#match(NAME);
    if (name !== null) {
      if (!NAME_START.test(name)) throw syntaxError(this.#source, this.#pos, 'Invalid character in identifier');
      this.#push('name', name, this.#pos);
      return name.length;
    }
    const operator = this.#match(OPERATOR);
    if (operator === null) throw this.#unexpected();
    this.#balance(operator, open);
    this.#push(operator as TokenType, operator, this.#pos);
    return operator.length;
  }

  #number(): number {
    const float = this.#match(FLOAT);
    if (float !== null) {
      this.#push('float', float, this.#pos, makeFloat(Number(float.replaceAll('_', ''))));
      return float.length;
    }
    const integer = this.#match(INTEGER) ?? '';
    this.#push('integer', integer, this.#pos, this.#integer(integer));
    return integer.length;
  }

  #string(): number {
    const text = this.#match(STRING);
    if (text === null) throw this.#unexpected();
    const pos = this.#pos;
    const content = unescapeString(text.slice(1, -1), (message) => syntaxError(this.#source, pos, message));
    this.#push('string', content, pos);
    return text.length;
  }

  #unexpected(): Error {
    return syntaxError(this.#source, this.#pos, `unexpected char ${JSON.stringify(this.#source[this.#pos])}`);
  }

  #integer(text: string): unknown {
    if (text.length < 15 && !/[^\d]/.test(text)) return Number(text);
    const digits = text.replaceAll('_', '');
    if (digits.length > MAX_DIGITS) {
      throw syntaxError(this.#source, this.#pos, `integer literals have at most ${MAX_DIGITS} digits`);
    }
    return makeInt(BigInt(digits.toLowerCase()));
  }

  #balance(operator: string, open: string[]): void {
    const closes = CLOSES[operator];
    if (closes !== undefined) {
      open.push(closes);
      return;
    }
    if (operator !== '}' && operator !== ')' && operator !== ']') return;
    const expected = open.pop();
    if (expected === operator) return;
    const wanted = expected === undefined ? '' : `, expected '${expected}'`;
    throw syntaxError(this.#source, this.#pos, `unexpected '${operator}'${wanted}`);
  }
}
