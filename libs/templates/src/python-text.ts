/*
 * Text as Python sees it: code points instead of UTF-16 units, and Python's idea of white space (which has the
 * separators U+001C to U+001F and U+0085, and not the byte order mark).
 */

export const SPACE_CLASS = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';

const ASTRAL = /[\ud800-\udfff]/;

export function isSpace(code: number): boolean {
  if (code <= 0x20) return (code >= 9 && code <= 13) || (code >= 0x1c && code <= 0x20);
  if (code < 0x1680) return code === 0x85 || code === 0xa0;
  if (code >= 0x2000 && code <= 0x200a) return true;
  return code === 0x1680 || code === 0x2028 || code === 0x2029 || code === 0x202f || code === 0x205f || code === 0x3000;
}

export function stripStart(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text.charCodeAt(start))) start += 1;
  return text.slice(start);
}

export function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

export function strip(text: string): string {
  return stripEnd(stripStart(text));
}

/** `text.strip(chars)`: removes characters that occur in `chars`; null means white space. */
export function stripChars(text: string, chars: string | null, sides: 'both' | 'left' | 'right'): string {
  if (chars === null) {
    if (sides === 'both') return strip(text);
    return sides === 'left' ? stripStart(text) : stripEnd(text);
  }
  const set = new Set(chars);
  const points = codePoints(text);
  let start = 0;
  let end = points.length;
  if (sides !== 'right') while (start < end && set.has(points[start] ?? '')) start += 1;
  if (sides !== 'left') while (end > start && set.has(points[end - 1] ?? '')) end -= 1;
  return points.slice(start, end).join('');
}

/** True when UTF-16 units and code points are the same thing, so that plain indexes can be used. */
export function isBmp(text: string): boolean {
  return !ASTRAL.test(text);
}

export function codePoints(text: string): string[] {
  return isBmp(text) ? text.split('') : Array.from(text);
}

/** `len(text)`. */
export function textLength(text: string): number {
  if (isBmp(text)) return text.length;
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** `text[start:end]` with indexes that are in range. */
export function sliceText(text: string, start: number, end?: number): string {
  return isBmp(text) ? text.slice(start, end) : Array.from(text).slice(start, end).join('');
}

/** Order of two texts by code point; UTF-16 order differs only where a surrogate meets U+E000 to U+FFFF. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (isBmp(a) && isBmp(b)) return a < b ? -1 : 1;
  const left = Array.from(a);
  const right = Array.from(b);
  for (let index = 0; index < left.length && index < right.length; index += 1) {
    const difference = (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** `str.capitalize`: the first character in title case, the others in lower case. */
export function capitalize(text: string): string {
  const first = text.codePointAt(0);
  if (first === undefined) return text;
  const head = String.fromCodePoint(first);
  // As a whole: whether a sigma is the last letter of its word is seen from what stands before it.
  return titleCase(head) + text.toLowerCase().slice(head.toLowerCase().length);
}

/** Title case of one character: its upper case, of which only the first letter stays so when it is several ("ß" is "Ss"). */
export function titleCase(character: string): string {
  const upper = Array.from(character.toUpperCase());
  return (upper[0] ?? '') + upper.slice(1).join('').toLowerCase();
}

const LETTERS = /[\p{Lu}\p{Ll}\p{Lt}]+(?:(?![\p{Lu}\p{Ll}\p{Lt}])[\p{M}])*/gu;

/** `str.title`: every run of cased letters starts with a capital ("they're" becomes "They'Re", as in Python). */
export function titleWords(text: string): string {
  return text.replace(LETTERS, (word) => capitalize(word));
}

const UNUSUAL_BREAKS = '\\v-\\r\\x1c-\\x1e\\x85\\u2028\\u2029';
const UNUSUAL_BREAK = new RegExp(`[${UNUSUAL_BREAKS}]`);
const LINE_BREAK = new RegExp(`\\r\\n|[\\n${UNUSUAL_BREAKS}]`, 'g');

/** `str.splitlines`. */
export function splitLines(text: string, keepEnds = false): string[] {
  if (!keepEnds && !UNUSUAL_BREAK.test(text)) {
    const parts = text.split('\n');
    if (parts.at(-1) === '') parts.pop();
    return parts;
  }
  const lines: string[] = [];
  let start = 0;
  for (const match of text.matchAll(LINE_BREAK)) {
    const end = match.index + match[0].length;
    lines.push(text.slice(start, keepEnds ? end : match.index));
    start = end;
  }
  if (start < text.length) lines.push(text.slice(start));
  return lines;
}

/** `text.split(None, limit)`: at runs of white space, without empty parts; what is left over keeps its end. */
export function splitSpaces(text: string, limit = -1): string[] {
  const parts: string[] = [];
  let index = 0;
  for (;;) {
    while (index < text.length && isSpace(text.charCodeAt(index))) index += 1;
    if (index >= text.length) return parts;
    if (limit >= 0 && parts.length === limit) {
      parts.push(text.slice(index));
      return parts;
    }
    let end = index;
    while (end < text.length && !isSpace(text.charCodeAt(end))) end += 1;
    parts.push(text.slice(index, end));
    index = end;
  }
}
