import { isWord } from './char-class.ts';
import type { Instruction, RegexProgram } from './regex-program.ts';
import type { Assertion } from './regex-syntax.ts';

/** Start and end of every group in code points; -1 for a group that took no part. */
export type Captures = readonly number[];

export interface SearchOptions {
  from: number;
  /** Only at `from`, not further on. */
  anchored: boolean;
  /** The match must not be empty and start here; -1 for no such rule. */
  notEmptyAt: number;
  /** Called with the work that was done. */
  spend: (steps: number) => void;
}

interface Threads {
  pcs: number[];
  captures: Captures[];
}

/**
 * The leftmost match, preferring what a backtracking engine would find first, or null. All alternatives advance together
 * (Thompson and Pike), so the work is at most characters times instructions, whatever the pattern.
 */
export function searchRegex(program: RegexProgram, text: readonly number[], options: SearchOptions): Captures | null {
  return new Search(program, text, options).run();
}

class Search {
  readonly #code: readonly Instruction[];
  readonly #slots: number;
  readonly #text: readonly number[];
  readonly #options: SearchOptions;
  /** For each instruction the last position at which it was added, so that none is added twice. */
  readonly #added: Int32Array;

  constructor(program: RegexProgram, text: readonly number[], options: SearchOptions) {
    this.#code = program.code;
    this.#slots = program.slots;
    this.#text = text;
    this.#options = options;
    this.#added = new Int32Array(program.code.length).fill(-1);
  }

  run(): Captures | null {
    const { from, anchored } = this.#options;
    this.#options.spend(2 + (this.#code.length >> 3));
    let current: Threads = { pcs: [], captures: [] };
    let next: Threads = { pcs: [], captures: [] };
    let found: Captures | null = null;
    const fresh: Captures = Array.from({ length: this.#slots }, () => -1);
    for (let pos = from; pos <= this.#text.length; pos += 1) {
      if (found === null && (!anchored || pos === from)) this.#add(current, 0, pos, fresh);
      if (current.pcs.length === 0 && (found !== null || anchored)) break;
      this.#options.spend(1 + current.pcs.length);
      found = this.#step(current, next, pos) ?? found;
      const emptied = current;
      current = next;
      next = emptied;
      next.pcs.length = 0;
      next.captures.length = 0;
    }
    return found;
  }

  /** Moves all threads over one character; a thread that matches cuts those of lower priority. */
  #step(current: Threads, next: Threads, pos: number): Captures | null {
    const code = this.#text[pos];
    for (let index = 0; index < current.pcs.length; index += 1) {
      const pc = current.pcs[index] ?? 0;
      const captures = current.captures[index];
      const instruction = this.#code[pc];
      if (captures === undefined || instruction === undefined) continue;
      if (instruction.op === 'match') return captures;
      if (instruction.op === 'char' && code !== undefined && instruction.test(code)) {
        this.#add(next, pc + 1, pos + 1, captures);
      }
    }
    return null;
  }

  /** Follows jumps, splits, saves and assertions up to the instructions that need a character. */
  #add(threads: Threads, startPc: number, pos: number, startCaptures: Captures): void {
    const stack: [number, Captures][] = [[startPc, startCaptures]];
    for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
      const [pc, captures] = entry;
      const instruction = this.#code[pc];
      if (instruction === undefined || this.#added[pc] === pos) continue;
      this.#added[pc] = pos;
      this.#options.spend(1);
      if (instruction.op === 'jump') stack.push([instruction.to, captures]);
      else if (instruction.op === 'split') {
        stack.push([instruction.second, captures], [instruction.first, captures]);
      } else if (instruction.op === 'save') {
        this.#options.spend(this.#slots >> 2);
        stack.push([pc + 1, captures.with(instruction.slot, pos)]);
      } else if (instruction.op === 'assert') {
        if (this.#holds(instruction.what, pos)) stack.push([pc + 1, captures]);
      } else if (instruction.op !== 'match' || captures[0] !== pos || pos !== this.#options.notEmptyAt) {
        threads.pcs.push(pc);
        threads.captures.push(captures);
      }
    }
  }

  #holds(what: Assertion, pos: number): boolean {
    const { length } = this.#text;
    switch (what) {
      case 'start':
        return pos === 0;
      case 'end':
        return pos === length;
      case 'lineStart':
        return pos === 0 || this.#text[pos - 1] === 10;
      case 'lineEnd':
        return pos === length || this.#text[pos] === 10;
      case 'lastLineEnd':
        return pos === length || (pos === length - 1 && this.#text[pos] === 10);
      default:
        return this.#isBoundary(pos) === (what === 'boundary');
    }
  }

  #isBoundary(pos: number): boolean {
    const before = this.#text[pos - 1];
    const after = this.#text[pos];
    return (before !== undefined && isWord(before)) !== (after !== undefined && isWord(after));
  }
}
