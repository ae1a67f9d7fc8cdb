import { isWord } from './char-class.ts';
import { compileRegex, type Instruction } from './regex-program.ts';
import type { Assertion, CharTest } from './regex-syntax.ts';

export interface TextLengths {
  /** In code points. */
  min: number;
  max: number;
}

/** The work that may be done, one place of a pattern after another: 10,000 take some milliseconds. Shared by all patterns of one example. */
export interface TextBudget {
  steps: number;
}

const MAX_LENGTH = 2_000;

/** What stands before the place: nothing, or the last character. */
type Before = 'start' | 'word' | 'newline' | 'other';
/** What an assertion asks of what stands behind the place. */
type Behind = 'any' | 'word' | 'noWord' | 'end';

/** A place in the program, or `PREFIX`: characters before what matches. The way to it is kept to write the text from. */
interface Place {
  pc: number;
  before: Before;
  behind: Behind;
  character: number;
  from: Place | null;
}

const PREFIX = -1;
const NEWLINE = 10;
const EVERYDAY =
  'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_. /:@#+,;=!?&%$*\'"()[]{}<>|\\^`~\n\t';
const OTHERS = 'äßéñøłжяαωעبあ中한€😀';

/**
 * A text in which the pattern is found, the shortest of the lengths that are allowed; null when there is none, or it cannot be told with
 * what is left of the budget. The same pattern gives the same text.
 * @throws RegexError as `linearPattern` does
 */
export function exampleText(pattern: string, lengths: TextLengths, budget: TextBudget): string | null {
  return new TextSearch(compileRegex(pattern, false).code, pattern, lengths, budget).run();
}

class TextSearch {
  readonly #code: readonly Instruction[];
  readonly #lengths: TextLengths;
  readonly #budget: TextBudget;
  /** What characters are tried, the everyday ones first: of `\w` it shall be a letter. */
  readonly #alphabet: readonly number[];
  readonly #chosen = new Map<string, number | null>();

  constructor(code: readonly Instruction[], pattern: string, lengths: TextLengths, budget: TextBudget) {
    this.#code = code;
    this.#lengths = lengths;
    this.#budget = budget;
    const tried = (EVERYDAY + pattern + OTHERS).toWellFormed().replaceAll('\0', '');
    this.#alphabet = [...new Set(Array.from(tried, (each) => each.codePointAt(0) ?? 0))];
  }

  /** All texts of one length after those of the length before: of the texts that lead to the same place one is enough. */
  run(): string | null {
    const { min, max } = this.#lengths;
    const start: Place = { pc: PREFIX, before: 'start', behind: 'any', character: -1, from: null };
    let places = this.#closure([start]);
    for (let length = 0; length <= Math.min(max, MAX_LENGTH) && places.length > 0; length += 1) {
      const done = length < min ? undefined : places.find((place) => this.#isDone(place));
      if (done) return textTo(done);
      if (this.#budget.steps <= 0) return null;
      places = this.#closure(places.flatMap((place) => this.#consumed(place)));
    }
    return null;
  }

  #isDone({ pc, behind }: Place): boolean {
    return this.#code[pc]?.op === 'match' && behind !== 'word';
  }

  /** Follows jumps, splits and assertions; what was reached first stays. */
  #closure(places: readonly Place[]): Place[] {
    const reached = new Map<string, Place>();
    const stack = places.toReversed();
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      const key = `${place.pc}/${place.before}/${place.behind}`;
      if (reached.has(key)) continue;
      reached.set(key, place);
      this.#budget.steps -= 1;
      stack.push(...this.#next(place).toReversed());
    }
    return [...reached.values()];
  }

  #next(place: Place): Place[] {
    if (place.pc === PREFIX) return [{ ...place, pc: 0 }];
    const instruction = this.#code[place.pc];
    if (instruction === undefined) return [];
    const at = (pc: number): Place => ({ ...place, pc });
    if (instruction.op === 'jump') return [at(instruction.to)];
    if (instruction.op === 'split') return [at(instruction.first), at(instruction.second)];
    if (instruction.op === 'save') return [at(place.pc + 1)];
    if (instruction.op !== 'assert') return [];
    const asked = askedBehind(instruction.what, place.before);
    const behind = asked === null ? null : both(asked, place.behind);
    return behind === null ? [] : [{ ...at(place.pc + 1), behind }];
  }

  /**
   * Places after one character more: a letter and one that is none, where both do, because `\b` may ask for either later.
   * Before and after what matches there may be any.
   */
  #consumed(place: Place): Place[] {
    const instruction = this.#code[place.pc];
    if (place.behind === 'end') return [];
    if (place.pc !== PREFIX && instruction?.op !== 'char' && instruction?.op !== 'match') return [];
    const test = instruction?.op === 'char' ? instruction.test : () => true;
    const pc = instruction?.op === 'char' ? place.pc + 1 : place.pc;
    const kinds = (['word', 'noWord'] as const).filter((kind) => place.behind === 'any' || place.behind === kind);
    return kinds.flatMap((kind): Place[] => {
      const character = this.#characterFor(place.pc, kind, test);
      return character === null
        ? []
        : [{ pc, before: beforeOf(character), behind: 'any' as const, character, from: place }];
    });
  }

  #characterFor(pc: number, kind: 'word' | 'noWord', test: CharTest): number | null {
    const key = `${pc}/${kind}`;
    const known = this.#chosen.get(key);
    if (known !== undefined) return known;
    this.#budget.steps -= this.#alphabet.length >> 4;
    const chosen = this.#alphabet.find((code) => isWord(code) === (kind === 'word') && test(code)) ?? null;
    this.#chosen.set(key, chosen);
    return chosen;
  }
}

function beforeOf(code: number): Before {
  if (code === NEWLINE) return 'newline';
  return isWord(code) ? 'word' : 'other';
}

/** What an assertion asks of what follows; null when it cannot hold here. Ends of lines are taken as the end. */
function askedBehind(what: Assertion, before: Before): Behind | null {
  switch (what) {
    case 'start':
      return before === 'start' ? 'any' : null;
    case 'lineStart':
      return before === 'start' || before === 'newline' ? 'any' : null;
    case 'boundary':
      return before === 'word' ? 'noWord' : 'word';
    case 'notBoundary':
      return before === 'word' ? 'word' : 'noWord';
    default:
      return 'end';
  }
}

function both(one: Behind, other: Behind): Behind | null {
  if (one === 'any' || one === other) return other;
  if (other === 'any') return one;
  return one !== 'word' && other !== 'word' ? 'end' : null;
}

function textTo(place: Place): string {
  const codes: number[] = [];
  for (let at: Place | null = place; at !== null; at = at.from) if (at.character !== -1) codes.push(at.character);
  return String.fromCodePoint(...codes.reverse());
}
