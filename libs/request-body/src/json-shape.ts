import type { BodyLimits } from './body-limits.ts';
import { BodyProblem } from './body-problem.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The shortest member there is: `"":0` and its comma. */
const CHARACTERS_PER_KEY = 5;

function opensAtMost(text: string, bracket: string, limit: number): number {
  let count = 0;
  let at = text.indexOf(bracket);
  while (at !== -1 && count <= limit) {
    count++;
    at = text.indexOf(bracket, at + 1);
  }
  return count;
}

/**
 * True when the text cannot be too deep or have too many keys, whatever its strings hold: too short for either, or
 * fewer brackets than the depth allows. It looks at the text and not at its bytes: V8 searches a string without leaving
 * compiled code, a Buffer it asks Node for each time (2.5 µs of an accept, Node 24.21, 2-core VM).
 */
function isObviouslySmall(text: string, limits: BodyLimits): boolean {
  if (text.length > limits.maxKeys * CHARACTERS_PER_KEY) return false;
  if (text.length <= limits.maxDepth) return true;
  const arrays = opensAtMost(text, '[', limits.maxDepth);
  if (arrays > limits.maxDepth) return false;
  return arrays + opensAtMost(text, '{', limits.maxDepth) <= limits.maxDepth;
}

/** The position of the quote that closes a string, or the end of the text. */
function endOfString(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); at < text.length && code !== QUOTE; code = text.charCodeAt(at)) {
    at += code === BACKSLASH ? 2 : 1;
  }
  return at;
}

/**
 * Refuses JSON text that is too deep or has too many object members, before a parser builds anything from it. Only
 * brackets, colons and strings are looked at, so broken JSON passes here and is refused by the parser.
 * @throws BodyProblem `too_deep` | `too_many_keys`
 */
export function checkJsonShape(text: string, limits: BodyLimits): void {
  if (isObviouslySmall(text, limits)) return;
  let depth = 0;
  let keys = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at + 1);
    } else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
      if (++depth > limits.maxDepth) {
        throw new BodyProblem('too_deep', `The JSON is nested more than ${limits.maxDepth} levels deep.`);
      }
    } else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) {
      depth--;
    } else if (code === COLON && ++keys > limits.maxKeys) {
      throw new BodyProblem('too_many_keys', `The JSON has more than ${limits.maxKeys} object keys.`);
    }
  }
}
