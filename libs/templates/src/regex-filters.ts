import { numberOf, textOf } from './compare.ts';
import { toText } from './print.ts';
import { compileRegex } from './regex/regex-program.ts';
import type { RegexProgram } from './regex/regex-program.ts';
import { searchRegex } from './regex/regex-run.ts';
import type { Captures } from './regex/regex-run.ts';
import { RegexError } from './regex/regex-syntax.ts';
import type { Runtime } from './runtime.ts';
import { fixed, intArgument } from './signature.ts';
import type { Operation } from './signature.ts';
import { typeError, valueError } from './template-error.ts';
import { textArgument } from './text-tools.ts';
import { isTrue } from './truth.ts';

const MAX_PATTERN = 1000;
const MAX_CACHED = 200;

const cache = new Map<string, RegexProgram>();

/** A compiled pattern. @throws RegexError */
export function regexProgram(pattern: string, ignoreCase: boolean): RegexProgram {
  const key = `${ignoreCase ? 'i' : ' '}${pattern}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  if (pattern.length > MAX_PATTERN) throw new RegexError(`a pattern has at most ${MAX_PATTERN} characters`);
  const program = compileRegex(pattern, ignoreCase);
  if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value ?? '');
  cache.set(key, program);
  return program;
}

/** A pattern applied to a text, which is held as code points. */
class Matching {
  readonly program: RegexProgram;
  readonly #rt: Runtime;
  readonly #text: readonly string[];
  readonly #codes: number[];

  constructor(rt: Runtime, value: unknown, pattern: unknown, ignoreCase: unknown) {
    this.#rt = rt;
    const text = toText(rt, value);
    rt.spend(100 + text.length);
    this.program = compiled(textArgument(pattern, '', 'the pattern'), ignoreCase !== undefined && isTrue(ignoreCase));
    this.#text = Array.from(text);
    this.#codes = this.#text.map((character) => character.codePointAt(0) ?? 0);
  }

  search(from: number, notEmptyAt = -1, anchored = false): Captures | null {
    const spend = (steps: number): void => this.#rt.spend(steps);
    return searchRegex(this.program, this.#codes, { from, anchored, notEmptyAt, spend });
  }

  /** All matches that do not overlap, at most `limit`; empty ones count as in Python 3.7 and later. */
  *all(limit: number): Generator<Captures> {
    let from = 0;
    let notEmptyAt = -1;
    for (let count = 0; count < limit; count += 1) {
      const captures = this.search(from, notEmptyAt);
      if (captures === null) return;
      yield captures;
      from = captures[1] ?? 0;
      notEmptyAt = captures[0] === from ? from : -1;
    }
  }

  slice(start: number, end: number = this.#text.length): string {
    this.#rt.spend(1 + ((end - start) >> 4));
    return this.#text.slice(start, end).join('');
  }

  /** The text of a group, or null when it took no part. */
  group(captures: Captures, index: number): string | null {
    const start = captures[2 * index] ?? -1;
    return start === -1 ? null : this.slice(start, captures[2 * index + 1]);
  }

  /** Index of a group that is named or numbered. */
  groupIndex(group: unknown): number {
    const name = textOf(group);
    if (name !== undefined && !/^\d+$/.test(name)) {
      const index = this.program.names.get(name);
      if (index === undefined) throw valueError(`unknown group name '${name}'`);
      return index;
    }
    const index = name === undefined ? intArgument(group, 0) : Number(name);
    if (index < 0 || index > this.program.groups) throw valueError('no such group');
    return index;
  }
}

function compiled(pattern: string, ignoreCase: boolean): RegexProgram {
  try {
    return regexProgram(pattern, ignoreCase);
  } catch (error) {
    if (error instanceof RegexError) throw valueError(`regular expression: ${error.message}`);
    throw error;
  }
}

/** A replacement as parts: texts, and indexes of groups. */
function replacement(matching: Matching, template: string): (string | number)[] {
  const parts: (string | number)[] = [];
  let end = 0;
  for (const match of template.matchAll(/\\(?:g<([^>]*)>|([1-9]\d?)|([^]))/g)) {
    parts.push(template.slice(end, match.index));
    end = match.index + match[0].length;
    const [, name, index, letter] = match;
    if (letter === undefined) parts.push(matching.groupIndex(name ?? Number(index)));
    else parts.push(unescaped(letter));
  }
  parts.push(template.slice(end));
  return parts;
}

function unescaped(letter: string): string {
  const known = { n: '\n', r: '\r', t: '\t', '\\': '\\' }[letter];
  if (known !== undefined) return known;
  if (/[A-Za-z0-9]/.test(letter)) throw valueError(`bad escape \\${letter} in the replacement`);
  return `\\${letter}`;
}

function replaceAll(rt: Runtime, value: unknown, args: readonly unknown[]): string {
  const [pattern, by, count, ignoreCase] = args;
  const matching = new Matching(rt, value, pattern, ignoreCase);
  const parts = replacement(matching, textArgument(by, '', 'the replacement'));
  const limit = intArgument(count, 0);
  if (limit < 0) throw valueError('count must not be negative');
  let result = '';
  let end = 0;
  for (const captures of matching.all(limit === 0 ? Infinity : limit)) {
    rt.spend(parts.length);
    result += matching.slice(end, captures[0]);
    for (const part of parts) result += typeof part === 'string' ? part : (matching.group(captures, part) ?? '');
    end = captures[1] ?? end;
    if (result.length > rt.maxOutput) rt.spendText(result.length);
  }
  return rt.made(result + matching.slice(end));
}

function findAll(rt: Runtime, value: unknown, pattern: unknown, group: unknown, ignoreCase: unknown): unknown[] {
  const matching = new Matching(rt, value, pattern, ignoreCase);
  const index = matching.groupIndex(group ?? 0);
  return Array.from(matching.all(Infinity), (captures) => {
    rt.spend(2);
    return matching.group(captures, index) ?? '';
  });
}

/** Regular expressions of our own, in linear time. Groups are numbers or names. */
export const REGEX_FILTERS: readonly (readonly [string, Operation])[] = [
  [
    'regex_search',
    fixed(['pattern', 'group', 'ignorecase'], 1, (rt, value, [pattern, group, ignoreCase]) => {
      if (numberOf(group) === undefined && group !== undefined && textOf(group) === undefined) {
        throw typeError('group must be a number or a name');
      }
      const matching = new Matching(rt, value, pattern, ignoreCase);
      const index = matching.groupIndex(group ?? 0);
      const captures = matching.search(0);
      return captures === null ? null : matching.group(captures, index);
    }),
  ],
  [
    'regex_match',
    fixed(
      ['pattern', 'ignorecase'],
      1,
      (rt, value, [pattern, ignoreCase]) => new Matching(rt, value, pattern, ignoreCase).search(0, -1, true) !== null,
    ),
  ],
  ['regex_replace', fixed(['pattern', 'replacement', 'count', 'ignorecase'], 2, replaceAll)],
  [
    'regex_findall',
    fixed(['pattern', 'group', 'ignorecase'], 1, (rt, value, [pattern, group, ignoreCase]) =>
      findAll(rt, value, pattern, group, ignoreCase),
    ),
  ],
];
