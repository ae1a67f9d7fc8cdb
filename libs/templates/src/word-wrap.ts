import { isBmp, splitLines, strip } from './python-text.ts';
import type { Runtime } from './runtime.ts';
import { valueError } from './template-error.ts';

export interface WrapOptions {
  width: number;
  breakLongWords: boolean;
  breakOnHyphens: boolean;
  separator: string;
}

// Python's textwrap: white space, em-dashes between words, words that may end at a hyphen.
const SPACE = '[\\t\\n\\v\\f\\r ]';
const WORD = '[\\p{L}\\p{N}_]';
const PUNCTUATED = '[\\p{L}\\p{N}_!"\'&.,?]';
const LETTER = '[\\p{L}_]';
const CHUNKS = new RegExp(
  `${SPACE}+|(?<=${PUNCTUATED})-{2,}(?=${WORD})|[^\\t\\n\\v\\f\\r ]+?(?:` +
    `-(?:(?<=${LETTER}{2}-)|(?<=${LETTER}-${LETTER}-))(?=${LETTER}-?${LETTER})` +
    `|(?=${SPACE}|$)|(?<=${PUNCTUATED})(?=-{2,}${WORD}))`,
  'gu',
);
const SIMPLE_CHUNKS = new RegExp(`${SPACE}+|[^\\t\\n\\v\\f\\r ]+`, 'g');

/** Stands for a character beyond U+FFFF while lengths are counted in UTF-16 units. */
const PLACEHOLDER = '\ue000';

/** textwrap.wrap of every line, joined by the separator. */
export function wrapText(rt: Runtime, text: string, options: WrapOptions): string {
  if (options.width <= 0) throw valueError(`invalid width ${options.width} (must be > 0)`);
  rt.spendText(text.length, 8);
  const astral: string[] = [];
  const plain = isBmp(text)
    ? text
    : text.replace(/[\u{10000}-\u{10ffff}\ue000]/gu, (character) => {
        astral.push(character);
        return PLACEHOLDER;
      });
  const lines = splitLines(plain).flatMap((line) => {
    const wrapped = wrapLine(rt, line, options);
    // an empty line stays: ''.join([]) is one empty text between two separators
    return wrapped.length === 0 ? [''] : wrapped;
  });
  rt.spendText(text.length + lines.length * options.separator.length);
  const wrapped = lines.join(options.separator);
  let next = 0;
  return astral.length === 0 ? wrapped : wrapped.replaceAll(PLACEHOLDER, () => astral[next++] ?? '');
}

function wrapLine(rt: Runtime, line: string, options: WrapOptions): string[] {
  const chunks = (line.match(options.breakOnHyphens ? CHUNKS : SIMPLE_CHUNKS) ?? []).reverse();
  const lines: string[] = [];
  while (chunks.length > 0) {
    rt.spend(2);
    if (lines.length > 0 && strip(chunks.at(-1) ?? '') === '') chunks.pop();
    const current: string[] = [];
    let length = 0;
    for (let chunk = chunks.at(-1); chunk !== undefined && length + chunk.length <= options.width; ) {
      rt.spend(1);
      current.push(chunk);
      length += chunk.length;
      chunks.pop();
      chunk = chunks.at(-1);
    }
    if ((chunks.at(-1)?.length ?? 0) > options.width) breakWord(chunks, current, length, options);
    if (strip(current.at(-1) ?? 'x') === '') current.pop();
    if (current.length > 0) lines.push(current.join(''));
  }
  return lines;
}

/** A word that is longer than a line fills what is left of this one. */
function breakWord(chunks: string[], current: string[], length: number, options: WrapOptions): void {
  const chunk = chunks.pop() ?? '';
  if (!options.breakLongWords) {
    if (current.length === 0) current.push(chunk);
    else chunks.push(chunk);
    return;
  }
  let end = options.width - length;
  if (options.breakOnHyphens && chunk.length > end) {
    const hyphen = end === 0 ? -1 : chunk.lastIndexOf('-', end - 1);
    if (hyphen > 0 && /[^-]/.test(chunk.slice(0, hyphen))) end = hyphen + 1;
  }
  current.push(chunk.slice(0, end));
  chunks.push(chunk.slice(end));
}
