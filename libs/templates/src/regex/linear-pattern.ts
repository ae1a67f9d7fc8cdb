import { compileRegex } from './regex-program.ts';
import { searchRegex } from './regex-run.ts';

export interface LinearPattern {
  /** @param spend called with the work that was done; it may throw to stop. */
  test(text: string, spend: (steps: number) => void): boolean;
}

/**
 * A regular expression for patterns that strangers write: its work is at most characters times size, whatever it is.
 * @throws RegexError for one that is malformed, too large, or needs backtracking (back references, look-around).
 */
export function linearPattern(pattern: string): LinearPattern {
  const program = compileRegex(pattern, false);
  return {
    test(text, spend) {
      const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
      return searchRegex(program, codes, { from: 0, anchored: false, notEmptyAt: -1, spend }) !== null;
    },
  };
}
