import { isSpace } from '../python-text.ts';
import type { CharTest } from './regex-syntax.ts';

const WORD = /[\p{L}\p{N}_]/u;
const DIGIT = /\p{Nd}/u;

export function isWord(code: number): boolean {
  if (code < 128) {
    return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95;
  }
  return WORD.test(String.fromCodePoint(code));
}

function isDigit(code: number): boolean {
  return code < 128 ? code >= 48 && code <= 57 : DIGIT.test(String.fromCodePoint(code));
}

/** `\d`, `\w`, `\s` and their opposites, of Unicode as in Python. */
export function classEscape(letter: string): CharTest | undefined {
  switch (letter) {
    case 'd':
      return isDigit;
    case 'D':
      return (code) => !isDigit(code);
    case 'w':
      return isWord;
    case 'W':
      return (code) => !isWord(code);
    case 's':
      return isSpace;
    case 'S':
      return (code) => !isSpace(code);
    default:
      return undefined;
  }
}

/** The other cases of a character that consist of one character. */
function otherCases(code: number): number[] {
  const character = String.fromCodePoint(code);
  return [character.toLowerCase(), character.toUpperCase()]
    .filter((variant) => variant.length === String.fromCodePoint(variant.codePointAt(0) ?? 0).length)
    .map((variant) => variant.codePointAt(0) ?? 0);
}

export function literal(code: number, ignoreCase: boolean): CharTest {
  if (!ignoreCase) return (other) => other === code;
  const cases = new Set([code, ...otherCases(code)]);
  return (other) => cases.has(other) || otherCases(other).some((variant) => cases.has(variant));
}

export function anyCase(test: CharTest, ignoreCase: boolean): CharTest {
  if (!ignoreCase) return test;
  return (code) => test(code) || otherCases(code).some((variant) => test(variant));
}
