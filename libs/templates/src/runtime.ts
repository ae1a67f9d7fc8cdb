import { isBmp } from './python-text.ts';
import type { Operation } from './signature.ts';
import { TemplateError } from './template-error.ts';
import { Undefined } from './values.ts';

/** The variables of one function (template, macro, caller, recursive loop) and the function around it. */
export class Frame {
  readonly slots: unknown[];
  readonly parent: Frame | null;
  constructor(size: number, parent: Frame | null) {
    this.slots = Array.from({ length: size });
    this.parent = parent;
  }
}

export interface Library {
  readonly filters: ReadonlyMap<string, Operation>;
  readonly tests: ReadonlyMap<string, Operation>;
}

/** Calls may nest until the closures of everything called are this deep; about a third of Node's default stack. */
const MAX_DEPTH = 1500;

/** One evaluation: its input, its output so far, and what it may still spend. */
export class Runtime {
  readonly context: Readonly<Record<string, unknown>>;
  readonly library: Library;
  readonly strict: boolean;
  readonly now: Date | undefined;
  readonly maxOutput: number;
  out = '';
  /** Offset in the source of what runs now, for the line of an error. */
  at = 0;
  #steps: number;
  #depth = 0;
  #own: WeakSet<object> | null = null;

  constructor(
    context: Readonly<Record<string, unknown>>,
    library: Library,
    steps: number,
    maxOutput: number,
    strict: boolean,
    now: Date | undefined,
  ) {
    this.context = context;
    this.library = library;
    this.#steps = steps;
    this.maxOutput = maxOutput;
    this.strict = strict;
    this.now = now;
  }

  /** One step is about 20 to 50 ns of work, or 16 characters or one list element touched. */
  spend(steps: number): void {
    this.#steps -= steps;
    if (!(this.#steps >= 0)) throw new TemplateError('budget', 'the template does too much work');
  }

  /** To be called BEFORE a string of that many characters is made or searched; `factor` for what costs more. */
  spendText(length: number, factor = 1): void {
    if (length > this.maxOutput)
      throw new TemplateError('output', `a text is longer than ${this.maxOutput} characters`);
    this.spend(1 + factor * (length >> 4));
  }

  /** The same for texts that are put together, which copies 256 characters in a step. */
  spendCopy(length: number): void {
    if (length > this.maxOutput) this.spendText(length);
    this.spend(1 + (length >> 8));
  }

  /** The same for a text that is taken apart into characters, which costs more when some are beyond U+FFFF. */
  spendCharacters(text: string): void {
    this.spendText(text.length);
    if (!isBmp(text)) this.spend(text.length >> 1);
  }

  /** Counts text that is made: the text itself, for chaining. */
  made(text: string): string {
    this.spendText(text.length);
    return text;
  }

  write(text: string): void {
    this.spend(1 + (text.length >> 6));
    this.out += text;
    if (this.out.length > this.maxOutput) {
      throw new TemplateError('output', `the output is longer than ${this.maxOutput} characters`);
    }
  }

  /** Notes that this evaluation made the list itself and may change it; input data is shared and read only. */
  own<T extends object>(list: T): T {
    this.#own ??= new WeakSet();
    this.#own.add(list);
    return list;
  }

  owns(list: object): boolean {
    return this.#own?.has(list) ?? false;
  }

  enter(depth: number): void {
    this.#depth += depth;
    if (this.#depth > MAX_DEPTH) throw new TemplateError('depth', 'calls are nested too deeply');
  }

  leave(depth: number): void {
    this.#depth -= depth;
  }

  /** Runs `body` with an output of its own and gives that output. */
  capture(body: () => void): string {
    const outer = this.out;
    this.out = '';
    body();
    const text = this.out;
    this.out = outer;
    return text;
  }

  missing(name: string, owner?: string): Undefined {
    return new Undefined(this.strict, name, owner);
  }
}
