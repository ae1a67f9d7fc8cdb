import { anyCase, classEscape, literal } from './char-class.ts';
import { RegexError } from './regex-syntax.ts';
import type { CharTest, RegexFlags, RegexNode } from './regex-syntax.ts';

const MAX_NESTING = 30;
const MAX_GROUPS = 50;
const MAX_REPEAT = 1000;

const CONTROL: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7, '0': 0 };
const HEX_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

export interface ParsedRegex {
  root: RegexNode;
  groups: number;
  names: ReadonlyMap<string, number>;
}

/** Python's `re` syntax, of which only the regular part: no back-references and no looking around. @throws RegexError */
export class RegexParser {
  readonly #pattern: string[];
  readonly #flags: RegexFlags;
  readonly #names = new Map<string, number>();
  #pos = 0;
  #groups = 0;
  #nesting = 0;

  constructor(pattern: string, flags: RegexFlags) {
    this.#pattern = Array.from(pattern);
    this.#flags = flags;
  }

  parse(): ParsedRegex {
    this.#globalFlags();
    const root = this.#either();
    if (this.#pos < this.#pattern.length) throw this.#fail('unbalanced parenthesis');
    return { root, groups: this.#groups, names: this.#names };
  }

  get #current(): string {
    return this.#pattern[this.#pos] ?? '';
  }

  #fail(message: string): RegexError {
    return new RegexError(`${message} at position ${this.#pos}`);
  }

  #take(text: string): boolean {
    if (
      !this.#pattern
        .slice(this.#pos, this.#pos + text.length)
        .join('')
        .startsWith(text)
    )
      return false;
    this.#pos += text.length;
    return true;
  }

  /** `(?ims)` at the very start. */
  #globalFlags(): void {
    const match = /^\(\?([imsu]+)\)/.exec(this.#pattern.slice(0, 10).join(''));
    if (match === null) return;
    this.#pos = match[0].length;
    if (match[1]?.includes('i')) this.#flags.ignoreCase = true;
    if (match[1]?.includes('m')) this.#flags.multiLine = true;
    if (match[1]?.includes('s')) this.#flags.dotAll = true;
  }

  #either(): RegexNode {
    this.#nesting += 1;
    if (this.#nesting > MAX_NESTING) throw this.#fail('groups are nested too deeply');
    const items = [this.#sequence()];
    while (this.#take('|')) items.push(this.#sequence());
    this.#nesting -= 1;
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { kind: 'either', items };
  }

  #sequence(): RegexNode {
    const items: RegexNode[] = [];
    while (this.#pos < this.#pattern.length && this.#current !== '|' && this.#current !== ')') {
      items.push(this.#quantified(this.#atom()));
    }
    return items.length === 0 ? { kind: 'empty' } : { kind: 'sequence', items };
  }

  #quantified(node: RegexNode): RegexNode {
    const range = this.#range();
    if (range === null) return node;
    if (node.kind === 'assert') throw this.#fail('nothing to repeat');
    const greedy = !this.#take('?');
    if (greedy && this.#current === '+') throw this.#fail('possessive quantifiers are not supported');
    if (this.#range(true) !== null) throw this.#fail('multiple repeat');
    return { kind: 'repeat', node, min: range[0], max: range[1], greedy };
  }

  /** The quantifier here, or null; `peek` does not move on. */
  #range(peek = false): [number, number] | null {
    const start = this.#pos;
    let range: [number, number] | null = null;
    if (this.#take('*')) range = [0, Infinity];
    else if (this.#take('+')) range = [1, Infinity];
    else if (this.#take('?')) range = [0, 1];
    else if (this.#current === '{') range = this.#braces();
    if (peek) this.#pos = start;
    return range;
  }

  /** `{2}`, `{2,}`, `{,3}`, `{2,3}`; any other brace is itself. */
  #braces(): [number, number] | null {
    const match = /^\{(\d{0,5})(,?)(\d{0,5})\}/.exec(this.#pattern.slice(this.#pos, this.#pos + 14).join(''));
    if (match === null || (match[1] === '' && match[3] === '')) return null;
    const min = Number(match[1] ?? 0);
    const max = match[2] === '' ? min : match[3] === '' ? Infinity : Number(match[3]);
    if (max < min) throw this.#fail('min repeat greater than max repeat');
    if (min > MAX_REPEAT || (max > MAX_REPEAT && max !== Infinity)) throw this.#fail('the repeat count is too large');
    this.#pos += match[0].length;
    return [min, max];
  }

  #char(test: CharTest): RegexNode {
    return { kind: 'char', test };
  }

  #atom(): RegexNode {
    const character = this.#current;
    if ('*+?'.includes(character)) throw this.#fail('nothing to repeat');
    this.#pos += 1;
    switch (character) {
      case '.':
        return this.#char(this.#flags.dotAll ? () => true : (code) => code !== 10);
      case '^':
        return { kind: 'assert', what: this.#flags.multiLine ? 'lineStart' : 'start' };
      case '$':
        return { kind: 'assert', what: this.#flags.multiLine ? 'lineEnd' : 'lastLineEnd' };
      case '(':
        return this.#group();
      case '[':
        return this.#char(this.#set());
      case '\\':
        return this.#escape();
      default:
        return this.#char(literal(character.codePointAt(0) ?? 0, this.#flags.ignoreCase));
    }
  }

  #group(): RegexNode {
    let index = 0;
    if (this.#take('?:')) index = -1;
    else if (this.#take('?P<')) index = this.#named();
    else if (this.#current === '?') throw this.#fail('only (?:…), (?P<name>…) and flags at the start are supported');
    else index = this.#newGroup();
    const node = this.#either();
    if (!this.#take(')')) throw this.#fail('missing ), unterminated subpattern');
    return index === -1 ? node : { kind: 'group', node, index };
  }

  #newGroup(): number {
    this.#groups += 1;
    if (this.#groups > MAX_GROUPS) throw this.#fail(`more than ${MAX_GROUPS} groups`);
    return this.#groups;
  }

  #named(): number {
    const end = this.#pattern.indexOf('>', this.#pos);
    const name = end === -1 ? '' : this.#pattern.slice(this.#pos, end).join('');
    if (!/^[A-Za-z_]\w*$/.test(name) || this.#names.has(name)) throw this.#fail(`bad group name '${name}'`);
    this.#pos = end + 1;
    const index = this.#newGroup();
    this.#names.set(name, index);
    return index;
  }

  #escape(): RegexNode {
    const letter = this.#current;
    if (letter === '') throw this.#fail('bad escape (end of pattern)');
    if (letter === 'A' || letter === 'Z' || letter === 'b' || letter === 'B') {
      this.#pos += 1;
      const what = { A: 'start', Z: 'end', b: 'boundary', B: 'notBoundary' } as const;
      return { kind: 'assert', what: what[letter] };
    }
    if (/[1-9]/.test(letter)) throw this.#fail('back-references are not supported');
    const set = classEscape(letter);
    if (set !== undefined) {
      this.#pos += 1;
      return this.#char(set);
    }
    return this.#char(literal(this.#escapedCode(), this.#flags.ignoreCase));
  }

  /** The character that an escape stands for; the cursor is on the letter. */
  #escapedCode(): number {
    const letter = this.#current;
    this.#pos += 1;
    const control = CONTROL[letter];
    if (control !== undefined) return control;
    const length = HEX_LENGTH[letter];
    if (length !== undefined) {
      const digits = this.#pattern.slice(this.#pos, this.#pos + length).join('');
      if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length < length) throw this.#fail('incomplete escape');
      this.#pos += length;
      return Number.parseInt(digits, 16);
    }
    if (/[A-Za-z0-9]/.test(letter)) throw this.#fail(`bad escape \\${letter}`);
    return letter.codePointAt(0) ?? 0;
  }

  #set(): CharTest {
    const negated = this.#take('^');
    const tests: CharTest[] = [];
    let first = true;
    while (first || this.#current !== ']') {
      if (this.#pos >= this.#pattern.length) throw this.#fail('unterminated character set');
      tests.push(this.#setItem());
      first = false;
    }
    this.#pos += 1;
    const inside = anyCase((code) => tests.some((test) => test(code)), this.#flags.ignoreCase);
    return negated ? (code) => !inside(code) : inside;
  }

  #setItem(): CharTest {
    const from = this.#setCharacter();
    if (typeof from === 'function') return from;
    const next = this.#pattern[this.#pos + 1];
    if (this.#current !== '-' || next === ']' || next === undefined) return (code) => code === from;
    this.#pos += 1;
    const to = this.#setCharacter();
    if (typeof to === 'function' || to < from) throw this.#fail('bad character range');
    return (code) => code >= from && code <= to;
  }

  #setCharacter(): CharTest | number {
    const character = this.#current;
    this.#pos += 1;
    if (character !== '\\') return character.codePointAt(0) ?? 0;
    const set = classEscape(this.#current);
    if (set !== undefined) {
      this.#pos += 1;
      return set;
    }
    if (this.#current === 'b') {
      this.#pos += 1;
      return 8;
    }
    return this.#escapedCode();
  }
}
