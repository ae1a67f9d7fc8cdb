/** Whether a character, given as its code point, is in a set. */
export type CharTest = (code: number) => boolean;

export type RegexNode =
  | { kind: 'empty' }
  | { kind: 'char'; test: CharTest }
  | { kind: 'sequence'; items: RegexNode[] }
  | { kind: 'either'; items: RegexNode[] }
  | { kind: 'repeat'; node: RegexNode; min: number; max: number; greedy: boolean }
  | { kind: 'group'; node: RegexNode; index: number }
  | { kind: 'assert'; what: Assertion };

export type Assertion = 'start' | 'end' | 'lineStart' | 'lineEnd' | 'lastLineEnd' | 'boundary' | 'notBoundary';

export interface RegexFlags {
  ignoreCase: boolean;
  multiLine: boolean;
  dotAll: boolean;
}

/** The pattern is malformed, or not regular: it could not be matched in linear time. */
export class RegexError extends Error {
  override readonly name = 'RegexError';
}
